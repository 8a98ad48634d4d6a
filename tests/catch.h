// SPDX-License-Identifier: Apache-2.0
#pragma once

// Catch2 2.13 (Debian 12) and 3.x (Ubuntu 24.04, Debian 13) under one include.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

#include "base/json.h"

/// Catch would write JSON by its operator<<, and compile the library's writer in every test for it.
template <>
struct Catch::StringMaker<nlohmann::json> {
  static std::string convert(const nlohmann::json& value) { return hone::DumpJson(value); }
};
