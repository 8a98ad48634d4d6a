// SPDX-License-Identifier: Apache-2.0
#include "algorithms/registry.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace hone {

std::vector<std::string> CapabilityWords(std::uint32_t supports) {
  static constexpr std::pair<Capability, const char*> kWords[] = {
      {kReal, "real"},
      {kInteger, "integer"},
      {kDiscrete, "discrete"},
      {kCategorical, "categorical"},
      {kDistributions, "distributions"},
      {kParallel, "parallel"},
      {kConditional, "conditional"},
      {kMultiObjective, "multi-objective"},
      {kBudgets, "budgets"},
      {kConstrained, "constrained"},
  };
  std::vector<std::string> words;
  for (const auto& [capability, word] : kWords) {
    if ((supports & capability) != 0) {
      words.emplace_back(word);
    }
  }
  return words;
}

SearcherRegistry& SearcherRegistry::Instance() {
  static SearcherRegistry registry;
  return registry;
}

bool SearcherRegistry::Add(std::string name, SearcherInfo info) {
  HONE_CHECK(Find(name) == nullptr, "the search algorithm " + name + " is registered twice");
  HONE_CHECK(info.create != nullptr, "the search algorithm " + name + " cannot be created");
  info.name = std::move(name);
  const auto place =
      std::ranges::lower_bound(all_, info.name, {}, [](const auto& known) { return known->name; });
  all_.insert(place, std::make_unique<SearcherInfo>(std::move(info)));
  return true;
}

const SearcherInfo* SearcherRegistry::Find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(all_, [name](const auto& known) { return known->name == name; });
  return found == all_.end() ? nullptr : found->get();
}

std::vector<const SearcherInfo*> SearcherRegistry::All() const {
  std::vector<const SearcherInfo*> all;
  all.reserve(all_.size());
  for (const auto& info : all_) {
    all.push_back(info.get());
  }
  return all;
}

}  // namespace hone
