# longhand_contract(ROOM FILE): the OpenAPI document FILE (YAML) as JSON, behind `contract_json()` of src/ROOM/contract.h.
function(longhand_contract room file)
  if(NOT TARGET lh_${room} OR NOT EXISTS "${CMAKE_SOURCE_DIR}/${file}")
    return()
  endif()
  get_target_property(type lh_${room} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    return()
  endif()
  set(out "${CMAKE_BINARY_DIR}/generated/${room}/contract.cc")
  # Debian's python3, which has python3-yaml; another one that stands first in PATH may not.
  add_custom_command(
    OUTPUT "${out}"
    COMMAND /usr/bin/python3 "${CMAKE_SOURCE_DIR}/cmake/contract.py" "${CMAKE_SOURCE_DIR}/${file}" "${out}" ${room}
    DEPENDS "${CMAKE_SOURCE_DIR}/${file}" "${CMAKE_SOURCE_DIR}/cmake/contract.py"
    COMMENT "Converting ${file}"
    VERBATIM)
  target_sources(lh_${room} PRIVATE "${out}")
endfunction()
