// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/references.h"

#include "tests/catch.h"

namespace hone::local {
namespace {

TEST_CASE("references: expanded as Kubernetes does", "[trial-runner]") {
  const Variables variables = {{"A", "1"}, {"B", "two words"}, {"NESTED", "$(A)"}, {"EMPTY", ""}};
  struct Case {
    const char* name;
    const char* text;
    const char* expanded;
  };
  const Case cases[] = {
      {"nothing", "plain", "plain"},
      {"empty", "", ""},
      {"one", "$(A)", "1"},
      {"inside", "--lr=$(A),$(B)!", "--lr=1,two words!"},
      {"empty value", "[$(EMPTY)]", "[]"},
      {"unknown stays", "$(C)", "$(C)"},
      {"no name stays", "$()", "$()"},
      {"escaped", "$$(A)", "$(A)"},
      {"escaped dollar, then a reference", "$$$(A)", "$1"},
      {"two escaped", "$$$$", "$$"},
      {"dollar at the end", "cost: 5$", "cost: 5$"},
      {"dollar before other text", "$A ${A} $1", "$A ${A} $1"},
      {"no closing bracket", "$(A", "$(A"},
      {"no closing bracket after one that has", "$(A)$(B", "1$(B"},
      {"values are not expanded again", "$(NESTED)", "$(A)"},
      {"brackets inside", "$(A(B))", "$(A(B))"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      CHECK(ExpandReferences(c.text, variables) == c.expanded);
    }
  }
}

TEST_CASE("references: variables are split at the first equals sign", "[trial-runner]") {
  CHECK(SplitVariables({"A=1", "B=x=y", "C=", "noname", "=x"}) ==
        Variables{{"A", "1"}, {"B", "x=y"}, {"C", ""}});
}

}  // namespace
}  // namespace hone::local
