// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "algorithms/searcher.h"
#include "core/problem.h"
#include "core/registry.h"
#include "core/settings.h"

namespace hone {

/// What an algorithm can honour; admission refuses what it cannot.
enum Capability : std::uint32_t {
  kReal = 1U << 0,
  kInteger = 1U << 1,
  kDiscrete = 1U << 2,
  kCategorical = 1U << 3,
  kDistributions = 1U << 4,  ///< logUniform, normal and logNormal are honoured
  kParallel = 1U << 5,       ///< may be asked while trials run
  kConditional = 1U << 6,
  kMultiObjective = 1U << 7,
  kBudgets = 1U << 8,  ///< multi-fidelity
  kConstrained = 1U << 9,
  kCheckpoints = 1U << 10,  ///< children start from their parents' checkpoints
};

/// All that is known of an algorithm outside its own file.
struct SearcherInfo {
  std::string name{};  ///< filled in by the registration macro
  std::string summary{};
  std::string source{};        ///< paper or reference
  std::uint32_t supports = 0;  ///< Capability bits
  std::vector<SettingSpec> settings{};
  /// Katib's service of this name takes any setting: unknown ones are warnings, not errors.
  bool ignores_unknown_settings = false;
  Result<std::unique_ptr<Searcher>> (*create)(const SearchContext&) = nullptr;
  /// Further checks of an experiment for this algorithm ("grid needs a step"). May be null.
  void (*check)(const SearchContext&, Problems&) = nullptr;
};

/// "real", "integer", ..., in the order of the bits: for messages and tables.
std::vector<std::string> CapabilityWords(std::uint32_t supports);

using SearcherRegistry = Registry<SearcherInfo>;

}  // namespace hone

/// At namespace scope of an algorithm's .cpp: HONE_REGISTER_SEARCHER(sobol, {.summary = ...,
/// .create = &Create});
#define HONE_REGISTER_SEARCHER(id, ...) HONE_REGISTER_SEARCHER_AS(#id, id, __VA_ARGS__)
/// For names that are no identifiers ("multivariate-tpe").
#define HONE_REGISTER_SEARCHER_AS(text, id, ...)                     \
  [[maybe_unused]] static const bool hone_registered_searcher_##id = \
      ::hone::SearcherRegistry::Instance().Add(text, ::hone::SearcherInfo __VA_ARGS__)
