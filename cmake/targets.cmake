# SPDX-License-Identifier: Apache-2.0
# The shapes of target: a library of a folder, a test program, and all programs of a folder under one name.

# With HONE_UNITY eight files of a target are compiled as one, but for some.
function(hone_compile_together name)
  if(HONE_UNITY)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

# hone_library(NAME [OPTIMIZED] SOURCES a.cpp ... [APART b.cpp ...] LINKS public_libs ... PRIVATE_LINKS libs ...)
#   OPTIMIZED  in builds that are not
#   APART      not compiled together with the others by HONE_UNITY: its names are theirs, too; ALL: none is
function(hone_library name)
  cmake_parse_arguments(ARG "OPTIMIZED" "" "SOURCES;APART;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  if(NOT "ALL" IN_LIST ARG_APART)
    hone_compile_together(${name} ${ARG_APART})
  endif()
  target_link_libraries(${name} PUBLIC hone_flags ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
  if(ARG_OPTIMIZED)
    target_compile_options(${name} PRIVATE -O2)
    if(TARGET hone_headers)  # of its own, since they must be optimized alike
      target_precompile_headers(${name} PRIVATE ${HONE_HEADERS})
    endif()
  elseif(TARGET hone_headers)
    target_precompile_headers(${name} REUSE_FROM hone_headers)
  endif()
endfunction()

# hone_test(NAME [OPTIMIZED] [BY_FILE] SOURCES a_test.cpp ... [APART b_test.cpp ...] LINKS libs ...): one program per folder of
# tests/; cases tagged [slow] run as a ctest of their own, so that the quick ones report first.
#   OPTIMIZED  in sanitized builds, too: what it instantiates of Eigen is what takes the time
#   BY_FILE    the quick cases of each file are a ctest of their own, NAME.FILE, so that they run side by side
#   APART      not compiled together with others by HONE_UNITY: its names are theirs, too
function(hone_test name)
  cmake_parse_arguments(ARG "OPTIMIZED;BY_FILE" "" "SOURCES;APART;LINKS" ${ARGN})
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
  hone_compile_together(${name} ${ARG_APART})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  set(may_be_none)  # Catch 3 fails when nothing matches, and not every folder has slow cases
  if(Catch2_VERSION VERSION_GREATER_EQUAL 3)
    set(may_be_none --allow-running-no-tests)
  endif()
  set(tests ${name}_slow)
  if(ARG_BY_FILE)
    foreach(source IN LISTS ARG_SOURCES)
      get_filename_component(file ${source} NAME_WE)
      list(APPEND tests ${name}.${file})
      add_test(NAME ${name}.${file} COMMAND ${name} -\# "~[slow]~[.][#${file}]" ${may_be_none})
    endforeach()
  else()
    list(APPEND tests ${name})
    add_test(NAME ${name} COMMAND ${name} "~[slow]~[.]")  # nor those that wait to be named
  endif()
  add_test(NAME ${name}_slow COMMAND ${name} "[slow]" ${may_be_none})
  set_tests_properties(${tests} PROPERTIES TIMEOUT 900)
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
