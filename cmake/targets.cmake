# SPDX-License-Identifier: Apache-2.0
# The shapes of target: a library of a folder, a test program, and all programs of a folder under one name.

# hone_library(NAME SOURCES a.cpp ... LINKS public_libs ... PRIVATE_LINKS libs ...)
function(hone_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC hone_flags ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
  if(TARGET hone_headers)
    target_precompile_headers(${name} REUSE_FROM hone_headers)
  endif()
endfunction()

# hone_test(NAME [OPTIMIZED] SOURCES a_test.cpp ... [APART b_test.cpp ...] LINKS libs ...): one program per folder of
# tests/; cases tagged [slow] run as a ctest of their own, so that the quick ones report first.
#   OPTIMIZED  in sanitized builds, too: what it instantiates of Eigen is what takes the time
#   APART      not compiled together with others by HONE_UNITY: its names are theirs, too
function(hone_test name)
  cmake_parse_arguments(ARG "OPTIMIZED" "" "SOURCES;APART;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE hone_test_main ${ARG_LINKS})
  if(ARG_OPTIMIZED AND HONE_SANITIZE)
    target_compile_options(${name} PRIVATE -O1)
    if(HONE_PCH)  # one of its own, since it must be optimized alike
      target_precompile_headers(${name} PRIVATE ${HONE_TEST_HEADERS})
    endif()
  elseif(HONE_PCH)
    target_precompile_headers(${name} REUSE_FROM hone_test_main)
  endif()
  if(HONE_UNITY)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    set_source_files_properties(${ARG_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} "~[slow]~[.]")  # nor those that wait to be named
  set(may_be_none)  # Catch 3 fails when nothing matches, and not every folder has slow cases
  if(Catch2_VERSION VERSION_GREATER_EQUAL 3)
    set(may_be_none --allow-running-no-tests)
  endif()
  add_test(NAME ${name}_slow COMMAND ${name} "[slow]" ${may_be_none})
  set_tests_properties(${name} ${name}_slow PROPERTIES TIMEOUT 900)
  # What takes longest begins first, or the others' processors would wait for it at the end.
  set_tests_properties(${name}_slow PROPERTIES COST 50)
endfunction()

# hone_group(NAME FOLDER): a target that builds every program that FOLDER and its subfolders define.
function(hone_group name folder)
  add_custom_target(${name})
  set(folders ${folder})
  while(folders)
    list(POP_FRONT folders current)
    get_property(targets DIRECTORY ${current} PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
      get_target_property(type ${target} TYPE)
      if(type STREQUAL "EXECUTABLE")
        add_dependencies(${name} ${target})
      endif()
    endforeach()
    get_property(inner DIRECTORY ${current} PROPERTY SUBDIRECTORIES)
    list(APPEND folders ${inner})
  endwhile()
endfunction()
