// SPDX-License-Identifier: Apache-2.0
#include "core/warm_start.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json.h"
#include "core/observation.h"
#include "core/spec_codec.h"
#include "core/spec_parts.h"

namespace hone {
namespace {

using nlohmann::json;

EarlierTrial Described(const ExperimentState& state, const TrialState& trial) {
  EarlierTrial described{state.NameOf(trial), {}};
  const std::vector<Parameter>& parameters = state.spec->space.parameters;
  for (std::size_t i = 0; i < std::min(parameters.size(), trial.values.size()); ++i) {
    if (trial.values[i].active) {
      described.values.emplace_back(parameters[i].name, trial.values[i].text);
    }
  }
  return described;
}

/// Chooses among the trials of all sources.
class Choice {
 public:
  explicit Choice(const ExperimentSpec& spec) : space_(spec.space) {
    for (InitialTrial& initial : InitialTrials(spec)) {
      there_.push_back(std::move(initial.values));
    }
  }

  /// @returns whether the trial fits
  bool Take(const EarlierTrial& trial) {
    json entry = json::object();
    for (const auto& [name, value] : trial.values) {
      if (std::ranges::find(space_.parameters, name, &Parameter::name) != space_.parameters.end()) {
        entry[name] = value;
      }
    }
    std::optional<Assignment> values = CompleteEntry(space_, entry);
    if (!values || entry.empty()) {
      return false;
    }
    if (std::ranges::find(there_, *values) == there_.end()) {
      there_.push_back(std::move(*values));
      taken_.push_back({{"trial", trial.name}, {"values", std::move(entry)}});
    }
    return true;
  }

  [[nodiscard]] std::size_t Count() const { return taken_.size(); }
  json Taken() { return std::move(taken_); }

 private:
  const Space& space_;
  std::vector<Assignment> there_;
  json taken_ = json::array();
};

}  // namespace

std::vector<EarlierTrial> BestTrials(const ExperimentState& state, std::size_t most) {
  std::vector<std::pair<double, TrialNumber>> ranked;
  for (const TrialState& trial : state.trials) {
    const bool has_result =
        trial.phase == TrialPhase::kSucceeded || trial.phase == TrialPhase::kEarlyStopped;
    const auto losses = LossesOf(state.spec->objective, trial.observation);
    if (has_result && losses && !Violation(state.spec->objective, trial.observation)) {
      ranked.emplace_back(losses->front(), trial.number);
    }
  }
  std::ranges::sort(ranked);
  ranked.resize(std::min(ranked.size(), most));
  std::vector<EarlierTrial> best;
  best.reserve(ranked.size());
  for (const auto& [loss, number] : ranked) {
    best.push_back(Described(state, *state.Find(number)));
  }
  return best;
}

Result<ExperimentSpec> WithWarmStart(const ExperimentSpec& spec,
                                     const std::vector<std::vector<EarlierTrial>>& sources) {
  const auto most = static_cast<std::size_t>(spec.warm_start->best);
  std::vector<bool> fits(sources.size(), false);
  std::size_t longest = 0;
  for (const auto& source : sources) {
    longest = std::max(longest, source.size());
  }
  Choice choice(spec);
  for (std::size_t rank = 0; rank < longest; ++rank) {
    for (std::size_t s = 0; s < sources.size() && choice.Count() < most; ++s) {
      fits[s] = (rank < sources[s].size() && choice.Take(sources[s][rank])) || fits[s];
    }
  }
  const auto without = std::ranges::find(fits, false);
  if (without != fits.end() && choice.Count() < most) {
    const auto index = static_cast<std::size_t>(without - fits.begin());
    return Fail(Code::kFailedPrecondition,
                "has no trial with a result whose values this experiment allows; leave it out",
                "spec.warmStart.experiments[" + std::to_string(index) + "]");
  }
  json document = ParseJsonOrThrow(spec.document);
  document["spec"]["warmStart"]["trials"] = choice.Taken();
  return DecodeStoredSpec(DumpJson(document));
}

}  // namespace hone
