# SPDX-License-Identifier: Apache-2.0
# Third-party libraries, each behind the one name that our targets link.

find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED CONFIG)
find_package(spdlog REQUIRED CONFIG)
find_package(CLI11 REQUIRED CONFIG)
find_package(yaml-cpp REQUIRED CONFIG)
find_package(Eigen3 REQUIRED CONFIG)
find_package(Boost 1.74 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(libarchive REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(libcrypto REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(libyaml REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)
find_library(SQLITECPP_LIBRARY SQLiteCpp REQUIRED)
find_path(SQLITECPP_INCLUDE SQLiteCpp/SQLiteCpp.h REQUIRED)
find_path(LBFGSPP_INCLUDE LBFGSB.h REQUIRED)
find_path(EXPECTED_INCLUDE tl/expected.hpp REQUIRED)

add_library(hone_sqlite INTERFACE)
target_include_directories(hone_sqlite SYSTEM INTERFACE ${SQLITECPP_INCLUDE})
target_link_libraries(hone_sqlite INTERFACE ${SQLITECPP_LIBRARY} PkgConfig::SQLITE3)
