// SPDX-License-Identifier: Apache-2.0
#include "algorithms/registry.h"

#include <algorithm>

#include "tests/catch.h"

namespace hone {
namespace {

TEST_CASE("registry: the algorithms of this program are there, sorted by name", "[algorithms]") {
  const SearcherRegistry& registry = SearcherRegistry::Instance();
  for (const char* name : {"grid", "random", "sobol"}) {
    REQUIRE(registry.Find(name) != nullptr);
    CHECK(registry.Find(name)->name == name);
  }
  CHECK(registry.Find("Random") == nullptr);
  const auto all = registry.All();
  CHECK(std::ranges::is_sorted(all, {}, [](const SearcherInfo* info) { return info->name; }));
}

TEST_CASE("registry: every registration tells what people need to know", "[algorithms]") {
  for (const SearcherInfo* info : SearcherRegistry::Instance().All()) {
    INFO(info->name);
    CHECK_FALSE(info->summary.empty());
    CHECK_FALSE(info->source.empty());
    CHECK(info->supports != 0);
    for (const SettingSpec& setting : info->settings) {
      INFO(setting.name);
      CHECK_FALSE(setting.doc.empty());
      CHECK_FALSE((setting.required && setting.default_text));
    }
    // A default must itself be allowed.
    std::vector<Setting> defaults;
    for (const SettingSpec& setting : info->settings) {
      if (setting.default_text) {
        defaults.push_back({setting.name, *setting.default_text});
      }
    }
    Problems problems;
    CheckSettings(info->settings, defaults, "settings", problems);
    for (const Problem& problem : problems.list()) {
      INFO(problem.message);
      CHECK_THAT(problem.message, Catch::Matchers::Contains("required"));
    }
  }
}

TEST_CASE("registry: a registry of its own can be filled and searched", "[algorithms]") {
  SearcherRegistry registry;
  SearcherInfo info = *SearcherRegistry::Instance().Find("random");
  registry.Add("zeta", info);
  registry.Add("alpha", info);
  REQUIRE(registry.All().size() == 2);
  CHECK(registry.All()[0]->name == "alpha");
  CHECK(registry.Find("zeta") != nullptr);
}

TEST_CASE("registry: capabilities have words", "[algorithms]") {
  CHECK(CapabilityWords(kReal | kParallel) == std::vector<std::string>{"real", "parallel"});
  CHECK(CapabilityWords(0).empty());
  CHECK(CapabilityWords(~0U).size() == 11);
}

}  // namespace
}  // namespace hone
