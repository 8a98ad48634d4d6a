// SPDX-License-Identifier: Apache-2.0
#include "algorithms/registry.h"

#include <utility>

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
      {kCheckpoints, "checkpoints"},
  };
  std::vector<std::string> words;
  for (const auto& [capability, word] : kWords) {
    if ((supports & capability) != 0) {
      words.emplace_back(word);
    }
  }
  return words;
}

}  // namespace hone
