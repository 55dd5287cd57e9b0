# One directory of src/ is one library and one test program; an include that goes up, or sideways to a room
# that was not named, fails the configuration.

# longhand_check_includes(GLOB ALLOWED): every `#include "room/..."` of the files GLOB, below the source folder, names a
# room of ALLOWED.
function(longhand_check_includes pattern allowed)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${pattern}")
  foreach(file IN LISTS files)
    file(STRINGS "${file}" lines REGEX "^[ \t]*#[ \t]*include[ \t]*\"[a-z_]+/")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^[^\"]*\"([a-z_]+)/.*" "\\1" room "${line}")
      if(NOT room IN_LIST allowed)
        file(RELATIVE_PATH shown "${CMAKE_SOURCE_DIR}" "${file}")
        string(REPLACE ";" " " allowed_words "${allowed}")
        message(FATAL_ERROR "layering: ${shown} includes from ${room}/, which is not below it (allowed: ${allowed_words}):\n  ${line}")
      endif()
    endforeach()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  endforeach()
endfunction()

function(longhand_layer name)
  cmake_parse_arguments(arg "" "" "USES;LINKS" ${ARGN})
  # Rooms that can be seen from here: those named, and what they see.
  set(visible ${name})
  foreach(room IN LISTS arg_USES)
    list(APPEND visible ${room} ${LONGHAND_VISIBLE_${room}})
  endforeach()
  list(REMOVE_DUPLICATES visible)
  set(LONGHAND_VISIBLE_${name} "${visible}" PARENT_SCOPE)
  longhand_check_includes("src/${name}/*.h" "${visible}")
  longhand_check_includes("src/${name}/*.cc" "${visible}")

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${name}/*.cc")
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|testing)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  set(target lh_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    if(name STREQUAL "base")
      target_precompile_headers(${target} PRIVATE "${CMAKE_SOURCE_DIR}/src/base/pch.h")
    else()
      target_precompile_headers(${target} REUSE_FROM lh_base)
    endif()
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${target} ${scope} "${CMAKE_SOURCE_DIR}/src")
  foreach(room IN LISTS arg_USES)
    target_link_libraries(${target} ${scope} lh_${room})
  endforeach()
  target_link_libraries(${target} ${scope} ${arg_LINKS})

  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${target} GTest::gtest GTest::gmock GTest::gtest_main)
    # Tests are compiled for a quick build in every configuration; what they test is not.
    target_compile_options(${name}_test PRIVATE -O0)
    if(name STREQUAL "base")
      target_precompile_headers(${name}_test PRIVATE "${CMAKE_SOURCE_DIR}/src/base/pch.h" <gtest/gtest.h> <gmock/gmock.h>)
    else()
      target_precompile_headers(${name}_test REUSE_FROM base_test)
    endif()
    target_compile_definitions(${name}_test PRIVATE LONGHAND_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 600)
  endif()
endfunction()

# longhand_embed(ROOM FOLDER): the files of src/ROOM/FOLDER as `std::optional<std::string_view>
# longhand::ROOM::embedded(std::string_view name)`, declared in "ROOM/embedded.h"; names are relative to FOLDER. Files
# given as DOCUMENTS, from anywhere, are `documents/` and their last name.
function(longhand_embed room folder)
  cmake_parse_arguments(arg "" "" "DOCUMENTS" ${ARGN})
  get_target_property(kind lh_${room} TYPE)
  if(kind STREQUAL "INTERFACE_LIBRARY" OR NOT IS_DIRECTORY "${CMAKE_SOURCE_DIR}/src/${room}/${folder}")
    return()
  endif()
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${room}/${folder}/*")
  set(out "${CMAKE_BINARY_DIR}/generated/${room}")
  add_custom_command(
    OUTPUT "${out}/embedded.cc" "${out}/embedded.h"
    COMMAND ${CMAKE_COMMAND} -DROOM=${room} "-DBASE=${CMAKE_SOURCE_DIR}/src/${room}/${folder}" "-DFILES=${files}" "-DDOCUMENTS=${arg_DOCUMENTS}"
            "-DOUT=${out}" -P "${CMAKE_SOURCE_DIR}/cmake/Embed.cmake"
    DEPENDS ${files} ${arg_DOCUMENTS} "${CMAKE_SOURCE_DIR}/cmake/Embed.cmake"
    COMMENT "Embedding src/${room}/${folder}"
    VERBATIM)
  target_sources(lh_${room} PRIVATE "${out}/embedded.cc" "${out}/embedded.h")
  add_custom_target(lh_${room}_embedded DEPENDS "${out}/embedded.h")
  add_dependencies(longhand_generated lh_${room}_embedded)
  target_include_directories(lh_${room} PUBLIC "${CMAKE_BINARY_DIR}/generated")
endfunction()
