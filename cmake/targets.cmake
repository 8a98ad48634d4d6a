# SPDX-License-Identifier: Apache-2.0
# The three shapes of target: a library of a folder, a test program, and the static shim in apps/.

# hone_library(NAME SOURCES a.cpp ... LINKS public_libs ... PRIVATE_LINKS libs ...)
function(hone_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC hone_flags ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
endfunction()

# hone_test(NAME SOURCES a_test.cpp ... LINKS libs ...): one program per folder of tests/; cases tagged [slow] run as a
# ctest of their own, so that the quick ones report first.
function(hone_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE hone_test_main ${ARG_LINKS})
  target_compile_definitions(${name} PRIVATE
    HONE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" HONE_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} "~[slow]")
  add_test(NAME ${name}_slow COMMAND ${name} "[slow]")
  set_tests_properties(${name} ${name}_slow PROPERTIES TIMEOUT 900)
endfunction()
