// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "core/spec.h"
#include "core/state.h"

namespace hone {

/// A trial of an earlier experiment.
struct EarlierTrial {
  std::string name;
  std::vector<std::pair<std::string, std::string>> values;  ///< of active parameters, by name
  std::optional<double> loss{};  ///< to be minimised; nothing: it did not come to its end
};

inline constexpr std::size_t kMostEarlierResults = 100;

/// Trials with a result, the best first by the experiment's own objective (the first one).
/// @param most  at most this many
std::vector<EarlierTrial> BestTrials(const ExperimentState& state, std::size_t most);

/// Writes what `spec.warmStart` takes into the experiment's document. `trials`: the best of each
/// source, then the second best of each, and so on, without those that do not fit or are there
/// already. `results`, if it says `learn: true`: what each source's trials came to, at most
/// kMostEarlierResults of them, half of these the best and the rest evenly from the others.
/// @errors kFailedPrecondition: a source has none that fits
Result<ExperimentSpec> WithWarmStart(const ExperimentSpec& spec,
                                     const std::vector<std::vector<EarlierTrial>>& sources);

}  // namespace hone
