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

EarlierTrial Described(const ExperimentState& state, const TrialState& trial, double loss) {
  EarlierTrial described{state.NameOf(trial), {}};
  if (trial.phase == TrialPhase::kSucceeded) {
    described.loss = loss;
  }
  const std::vector<Parameter>& parameters = state.spec->space.parameters;
  for (std::size_t i = 0; i < std::min(parameters.size(), trial.values.size()); ++i) {
    if (trial.values[i].active) {
      described.values.emplace_back(parameters[i].name, trial.values[i].text);
    }
  }
  return described;
}

/// What it has of the parameters of a space.
json EntryOf(const Space& space, const EarlierTrial& trial) {
  json entry = json::object();
  for (const auto& [name, value] : trial.values) {
    if (std::ranges::find(space.parameters, name, &Parameter::name) != space.parameters.end()) {
      entry[name] = value;
    }
  }
  return entry;
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
    json entry = EntryOf(space_, trial);
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

/// What the trials of a source came to, the best first. @param source  in that order
json ResultsOf(const Space& space, const std::vector<EarlierTrial>& source) {
  json all = json::array();
  for (const EarlierTrial& trial : source) {
    json entry = EntryOf(space, trial);
    if (trial.loss && !entry.empty() && CompleteEntry(space, entry)) {
      all.push_back({{"values", std::move(entry)}, {"loss", *trial.loss}});
    }
  }
  if (all.size() <= kMostEarlierResults) {
    return all;
  }
  constexpr std::size_t kBest = kMostEarlierResults / 2;
  constexpr std::size_t kOthers = kMostEarlierResults - kBest;
  json kept(all.begin(), all.begin() + kBest);
  const std::size_t others = all.size() - kBest;
  for (std::size_t k = 1; k <= kOthers; ++k) {  // the worst is among them
    kept.push_back(std::move(all[kBest + k * others / kOthers - 1]));
  }
  return kept;
}

/// @param gives  set for sources that have results
json AllResults(const ExperimentSpec& spec, const std::vector<std::vector<EarlierTrial>>& sources,
                std::vector<bool>& gives) {
  json results = json::array();
  for (std::size_t s = 0; s < std::min(sources.size(), spec.warm_start->experiments.size()); ++s) {
    if (json trials = ResultsOf(spec.space, sources[s]); !trials.empty()) {
      gives[s] = true;
      results.push_back(
          {{"experiment", spec.warm_start->experiments[s]}, {"trials", std::move(trials)}});
    }
  }
  return results;
}

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
    best.push_back(Described(state, *state.Find(number), loss));
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
  const bool full = most > 0 && choice.Count() >= most;
  json document = ParseJsonOrThrow(spec.document);
  json& warm_start = document["spec"]["warmStart"];
  warm_start["trials"] = choice.Taken();
  if (warm_start.value("learn", false)) {
    warm_start["results"] = AllResults(spec, sources, fits);
  }
  const auto without = std::ranges::find(fits, false);
  if (without != fits.end() && !full) {
    const auto index = static_cast<std::size_t>(without - fits.begin());
    return Fail(Code::kFailedPrecondition,
                "has no trial with a result whose values this experiment allows; leave it out",
                "spec.warmStart.experiments[" + std::to_string(index) + "]");
  }
  return DecodeStoredSpec(DumpJson(document));
}

}  // namespace hone
