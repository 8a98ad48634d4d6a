# SPDX-License-Identifier: Apache-2.0
# What a build can be told, and what it says about the parts it leaves out.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_COLOR_DIAGNOSTICS OFF)

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")  # -O3 gains in algorithms/ alone, and asks for it there
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

option(HONE_TESTS "Build the tests" ON)
option(HONE_BENCHMARKS "Build the benchmarks" OFF)
option(HONE_PCH "Precompile the headers that every test includes, and with clang those of every folder" ON)
option(HONE_UNITY "Compile the tests of a folder eight files at a time: half the work, but no file alone" OFF)
option(HONE_FUZZERS "Build the fuzzers, with the libraries that they test; needs clang" OFF)
option(HONE_WERROR "Warnings are errors" ON)
set(HONE_CPU "x86-64-v3" CACHE STRING "Instruction set of the whole program (-march); replay is exact within one")
set(HONE_SANITIZE "" CACHE STRING "Sanitizers, such as address,undefined or thread")

# Parts that need more than the base packages. Each is added here with its first code.
set(HONE_OPTIONAL_PARTS "")

add_library(hone_flags INTERFACE)
target_include_directories(hone_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(hone_flags INTERFACE
  -Wall -Wextra -Wpedantic
  $<$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wshadow>  # else of names in other files
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wno-subobject-linkage>  # a source is no header
  -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  -ffp-contract=off -fno-omit-frame-pointer
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>  # false alarms: GCC bug 105651
  $<$<BOOL:${HONE_CPU}>:-march=${HONE_CPU}>)
target_compile_definitions(hone_flags INTERFACE
  HONE_VERSION="${PROJECT_VERSION}" HONE_CPU_LEVEL="${HONE_CPU}")
if(HONE_WERROR AND NOT HONE_SANITIZE)
  target_compile_options(hone_flags INTERFACE -Werror)
endif()
if(HONE_SANITIZE)
  # Instrumented code confuses g++'s flow analysis; the plain builds judge warnings. TSan knows no bare fences, and
  # asio's queues have locks of their own.
  # Of UBSan, what costs most to compile is left out: ASan sees a null pointer and a place too small just as well.
  target_compile_options(hone_flags INTERFACE -fsanitize=${HONE_SANITIZE} -fno-sanitize-recover=all
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  if(HONE_SANITIZE MATCHES undefined)
    target_compile_options(hone_flags INTERFACE -fno-sanitize=null,alignment,object-size,vptr)
  endif()
  if(HONE_SANITIZE MATCHES thread)
    target_compile_options(hone_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
    target_compile_definitions(hone_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
  target_compile_options(hone_flags INTERFACE -pthread)  # for all alike: a precompiled header insists on it
  target_link_options(hone_flags INTERFACE -fsanitize=${HONE_SANITIZE})
endif()

find_program(HONE_CCACHE ccache)
if(HONE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${HONE_CCACHE})
  # Without this ccache passes by what includes a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${HONE_CCACHE})
endif()

function(hone_report_options)
  message(STATUS "hone ${PROJECT_VERSION}: ${CMAKE_BUILD_TYPE}, cpu ${HONE_CPU}, sanitize '${HONE_SANITIZE}', "
                 "tests ${HONE_TESTS}, benchmarks ${HONE_BENCHMARKS}")
  foreach(part IN LISTS HONE_OPTIONAL_PARTS)
    message(STATUS "hone: optional part ${part}")
  endforeach()
endfunction()
