# Script of longhand_embed: writes OUT/embedded.{h,cc} with the texts of FILES, named relative to BASE, and of DOCUMENTS.
cmake_minimum_required(VERSION 3.25)
set(entries "")
foreach(file IN LISTS FILES DOCUMENTS)
  if(file IN_LIST DOCUMENTS)
    cmake_path(GET file FILENAME name)
    string(PREPEND name "documents/")
  else()
    file(RELATIVE_PATH name "${BASE}" "${file}")
  endif()
  file(READ "${file}" hex HEX)
  # One array of bytes a file: no delimiter that its text could hold.
  string(REGEX REPLACE "(................................................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(MAKE_C_IDENTIFIER "${name}" id)
  string(APPEND arrays "constexpr char k_${id}[] = {${bytes}'\\0'};\n")
  string(APPEND entries "    if (name == \"${name}\") return std::string_view(k_${id}, sizeof k_${id} - 1);\n")
endforeach()
file(WRITE "${OUT}/embedded.h" "#pragma once
#include <optional>
#include <string_view>
namespace longhand::${ROOM} {
std::optional<std::string_view> embedded(std::string_view name);
}
")
file(WRITE "${OUT}/embedded.cc" "#include \"${ROOM}/embedded.h\"
namespace longhand::${ROOM} {
namespace {
${arrays}}  // namespace
std::optional<std::string_view> embedded(std::string_view name) {
${entries}    return std::nullopt;
}
}  // namespace longhand::${ROOM}
")
