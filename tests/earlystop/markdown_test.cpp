// SPDX-License-Identifier: Apache-2.0
#include "earlystop/markdown.h"

#include <fstream>
#include <sstream>

#include "earlystop/registry.h"
#include "tests/catch.h"
#include "tests/paths.h"

namespace hone {
namespace {

TEST_CASE("markdown: docs/stopping-rules.md is what the program would write", "[earlystop]") {
  std::ifstream file(test::SourceFolder() / "docs/stopping-rules.md");
  REQUIRE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  INFO("stale: run `hone algorithms --early-stopping --markdown > docs/stopping-rules.md`");
  CHECK(text.str() == StoppingRulesMarkdown());
}

}  // namespace
}  // namespace hone
