# SPDX-License-Identifier: Apache-2.0
# gRPC, for Katib's services: an optional part. HONE_HAS_GRPC says whether it is built.

set(HONE_GRPC AUTO CACHE STRING "gRPC services: AUTO (if the packages are there), ON, OFF")
set(HONE_HAS_GRPC FALSE)
if(HONE_GRPC STREQUAL "ON")
  find_package(Protobuf REQUIRED)  # first: gRPC's own files name its targets
  find_package(gRPC REQUIRED CONFIG)
elseif(HONE_GRPC)
  find_package(Protobuf QUIET)
  find_package(gRPC QUIET CONFIG)
endif()
if(HONE_GRPC AND Protobuf_FOUND AND gRPC_FOUND AND TARGET gRPC::grpc_cpp_plugin)
  set(HONE_HAS_GRPC TRUE)
  list(APPEND HONE_OPTIONAL_PARTS "services: built (gRPC ${gRPC_VERSION}, Protobuf ${Protobuf_VERSION})")
elseif(HONE_GRPC)
  list(APPEND HONE_OPTIONAL_PARTS "services: skipped, libgrpc++-dev or protobuf-compiler-grpc is missing (tools/setup.sh)")
else()
  list(APPEND HONE_OPTIONAL_PARTS "services: skipped, HONE_GRPC is OFF")
endif()

# hone_proto(NAME file.proto): a library of the generated code; included as "api/proto/file.pb.h" and ".grpc.pb.h".
function(hone_proto name proto)
  set(out ${CMAKE_BINARY_DIR}/generated)
  file(RELATIVE_PATH stem ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${proto})
  string(REGEX REPLACE "\\.proto$" "" stem ${stem})
  set(sources ${out}/${stem}.pb.cc ${out}/${stem}.grpc.pb.cc)
  add_custom_command(
    OUTPUT ${sources} ${out}/${stem}.pb.h ${out}/${stem}.grpc.pb.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${out}
    COMMAND protobuf::protoc -I ${CMAKE_SOURCE_DIR} --cpp_out=${out} --grpc_out=${out}
            --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${CMAKE_CURRENT_SOURCE_DIR}/${proto}
    DEPENDS ${proto}
    VERBATIM)
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} SYSTEM PUBLIC ${out})
  target_link_libraries(${name} PUBLIC gRPC::grpc++ protobuf::libprotobuf PRIVATE hone_flags)
  target_compile_options(${name} PRIVATE -w)
endfunction()
