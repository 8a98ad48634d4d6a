// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "api/wire/yaml.h"
#include "tests/catch.h"

namespace hone {
namespace {

using nlohmann::json;

TEST_CASE("yaml: what is emitted reads back as the same value", "[api]") {
  const std::vector<json> values = {
      json::object(),
      json::array(),
      {{"empty", {{"map", json::object()}, {"list", json::array()}, {"text", ""}}}},
      {{"texts", {"1",          "0.10", "true",   "yes",  "n",     "null",
                  "~",          "-",    "- a",    "a: b", "# c",   "&a",
                  "*a",         "!t",   "|",      ">",    "%d",    "@x",
                  "`x`",        "{",    "[",      ",",    "'",     "\"",
                  "\\",         " a ",  "a\nb\n", "\t",   "x\x7f", "\xc3\xa4\xf0\x9f\x98\x80",
                  "2026-01-31", "1e3",  ".5",     ".inf", "0x1F",  "1_000",
                  "<<",         "=",    "a#b",    "a b",  "-5",    "no",
                  "\x01"}}},
      {{"numbers", {0, -1, 1.5, 1e-300, 1e20, 0.1, 18446744073709551615U}}},
      {{"flags", {true, false, nullptr}}},
      {{"1", {{"true", {{"<<", "x"}}}}}},
      {{"nested", {{{"a", {{"b", 1}}}, {"c", {{1, 2}, {3}}}}}}},
  };
  for (const json& value : values) {
    const std::string text = EmitYaml(value);
    CAPTURE(text);
    const auto documents = ParseYaml(text);
    if (!documents) {
      FAIL(documents.error().message);
    }
    REQUIRE(documents->size() == 1);
    CHECK(*documents->front().value == value);
  }
}

TEST_CASE("yaml: plain words stay without quotes", "[api]") {
  CHECK(EmitYaml({{"kind", "Experiment"},
                  {"apiVersion", "kubeflow.org/v1beta1"},
                  {"list", {"a", "0.1"}}}) ==
        "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nlist:\n  - a\n  - \"0.1\"\n");
}

}  // namespace
}  // namespace hone
