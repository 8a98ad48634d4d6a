// SPDX-License-Identifier: Apache-2.0
#include "algorithms/markdown.h"

#include <fstream>
#include <sstream>

#include "algorithms/registry.h"
#include "tests/catch.h"
#include "tests/paths.h"

namespace hone {
namespace {

TEST_CASE("markdown: docs/algorithms.md is what the program would write", "[algorithms]") {
  std::ifstream file(test::SourceFolder() / "docs/algorithms.md");
  REQUIRE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  INFO("stale: run `hone algorithms --markdown > docs/algorithms.md`");
  CHECK(text.str() == AlgorithmsMarkdown());
}

TEST_CASE("markdown: every algorithm and setting is in it", "[algorithms]") {
  const std::string text = AlgorithmsMarkdown();
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    CHECK_THAT(text, Catch::Matchers::Contains("## " + info->name + "\n"));
    for (const SettingSpec& setting : info->settings) {
      CHECK_THAT(text, Catch::Matchers::Contains("| `" + setting.name + "` |"));
    }
  }
}

}  // namespace
}  // namespace hone
