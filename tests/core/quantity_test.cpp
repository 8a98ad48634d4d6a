// SPDX-License-Identifier: Apache-2.0
#include "core/quantity.h"

#include "tests/catch.h"

namespace hone {
namespace {

TEST_CASE("quantity: numbers with Kubernetes' suffixes", "[core]") {
  struct Case {
    const char* text;
    std::optional<double> value;
  };
  const Case cases[] = {
      {"2", 2.0},
      {"1.5", 1.5},
      {"500m", 0.5},
      {"0", 0.0},
      {"1k", 1000.0},
      {"4Gi", 4294967296.0},
      {"1Mi", 0x1p20},
      {"1e3", 1000.0},
      {"2E", 2e18},
      {"", std::nullopt},
      {"m", std::nullopt},
      {"-1", std::nullopt},
      {"two", std::nullopt},
      {"1 m", std::nullopt},
      {"1GiB", std::nullopt},
      {"nan", std::nullopt},
      {"inf", std::nullopt},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION("'" << c.text << "'") {
      CHECK(ParseQuantity(c.text) == c.value);
    }
  }
}

}  // namespace
}  // namespace hone
