// SPDX-License-Identifier: Apache-2.0
#include "suggestion/server/trials_wire.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "api/proto/katib_v1beta1.pb.h"
#include "base/text.h"
#include "suggestion/server/lineage.h"

namespace hone {
namespace {

namespace pb = ::api::v1::beta1;
using What = decltype(HistoryItem::what);

struct KnownTrial {
  const pb::Trial* trial = nullptr;
  Assignment values;
  std::optional<LineageName> lineage;
  Timestamp started;
  Timestamp ended;
};

/// Finds a trial's values, in the order of the space.
class ValueReader {
 public:
  explicit ValueReader(const Space& space) : space_(space) {
    for (std::size_t i = 0; i < space.parameters.size(); ++i) {
      places_.emplace(space.parameters[i].name, i);
    }
  }

  /// Nothing if one is missing, given twice or outside. Names that are no parameters are ignored.
  [[nodiscard]] std::optional<Assignment> Read(const pb::TrialSpec& trial) const {
    Assignment values(space_.parameters.size());
    std::vector<bool> given(values.size());
    for (const pb::ParameterAssignment& item : trial.parameter_assignments().assignments()) {
      const auto place = places_.find(item.name());
      if (place == places_.end()) {
        continue;
      }
      if (given[place->second] ||
          !CheckValue(space_.parameters[place->second].domain, item.value())) {
        return std::nullopt;
      }
      given[place->second] = true;
      values[place->second].text = item.value();
    }
    return std::ranges::count(given, false) == 0 ? std::optional(std::move(values)) : std::nullopt;
  }

 private:
  const Space& space_;
  std::unordered_map<std::string_view, std::size_t> places_;
};

Timestamp TimeOr(const std::string& text, Timestamp otherwise) {
  if (text.empty()) {
    return otherwise;
  }
  return ParseTimestamp(text).value_or(otherwise);
}

std::optional<double> ObjectiveIn(const ExperimentSpec& spec, const pb::TrialStatus& status) {
  for (const pb::Metric& metric : status.observation().metrics()) {
    if (metric.name() == spec.objective.metric) {
      const std::optional<double> value = ParseDouble(Trim(metric.value()));
      const double sign = spec.objective.direction == Direction::kMinimize ? 1.0 : -1.0;
      return value ? std::optional(sign * *value) : std::nullopt;
    }
  }
  return std::nullopt;
}

What SuccessOf(TrialNumber number, const KnownTrial& known, std::optional<double> value) {
  if (!value) {
    return history::Lost{number};
  }
  if (!std::isfinite(*value)) {
    return history::Infeasible{number, EndingKind::kMetricNotANumber};
  }
  const bool timed = known.started != Timestamp::max();
  return history::Completed{number,
                            {*value},
                            timed ? known.ended - known.started : Duration{},
                            known.lineage ? std::optional(known.trial->name()) : std::nullopt};
}

/// Nothing while the trial is pending.
std::optional<What> EndingOf(const ExperimentSpec& spec, TrialNumber number,
                             const KnownTrial& known) {
  const pb::TrialStatus& status = known.trial->status();
  const std::optional<double> value = ObjectiveIn(spec, status);
  switch (status.condition()) {
    case pb::TrialStatus::SUCCEEDED:
      return SuccessOf(number, known, value);
    case pb::TrialStatus::EARLYSTOPPED:
      return history::StoppedEarly{
          number, value && std::isfinite(*value) ? std::vector{*value} : std::vector<double>()};
    case pb::TrialStatus::FAILED:
      return history::Infeasible{number, EndingKind::kExitCode};
    case pb::TrialStatus::KILLED:
    case pb::TrialStatus::METRICSUNAVAILABLE:
      return history::Lost{number};
    default:
      return std::nullopt;
  }
}

/// By start, then name; trials that have not started come last.
std::vector<KnownTrial> Sorted(const ExperimentSpec& spec,
                               const google::protobuf::RepeatedPtrField<pb::Trial>& trials) {
  const ValueReader reader(spec.space);
  std::unordered_set<std::string_view> names;
  std::vector<KnownTrial> known;
  known.reserve(static_cast<std::size_t>(trials.size()));
  for (const pb::Trial& trial : trials) {
    std::optional<Assignment> values = reader.Read(trial.spec());
    if (!values || trial.name().empty() || !names.insert(trial.name()).second) {
      continue;
    }
    const Timestamp started = TimeOr(trial.status().start_time(), Timestamp::max());
    const Timestamp ended = std::max(started, TimeOr(trial.status().completion_time(), started));
    known.push_back(
        {&trial, *std::move(values), ParseLineage(spec.name, trial.name()), started, ended});
  }
  std::ranges::sort(known, [](const KnownTrial& a, const KnownTrial& b) {
    return std::tie(a.started, a.trial->name()) < std::tie(b.started, b.trial->name());
  });
  return known;
}

/// @param numbers  of trials, by those of their suggestions
history::Proposed ProposalOf(TrialNumber number, const KnownTrial& known,
                             const std::map<std::uint32_t, TrialNumber>& numbers) {
  history::Proposed proposed{number, known.values, {}, {}};
  if (known.lineage) {
    proposed.tag = known.lineage->tag;
    if (const auto parent = numbers.find(known.lineage->parent); parent != numbers.end()) {
      proposed.parent = parent->second;
    }
  }
  return proposed;
}

/// An item and its place among the others.
struct Turn {
  Timestamp at;
  bool is_ending = false;
  TrialNumber trial = 0;
  What what;
};

}  // namespace

TrialsTold ReadTrials(const ExperimentSpec& spec,
                      const google::protobuf::RepeatedPtrField<pb::Trial>& trials) {
  std::vector<KnownTrial> known = Sorted(spec, trials);
  TrialsTold told;
  told.passed_over = static_cast<std::size_t>(trials.size()) - known.size();
  std::map<std::uint32_t, TrialNumber> numbers;
  for (std::size_t i = 0; i < known.size(); ++i) {
    told.names.push_back(known[i].trial->name());
    if (known[i].lineage) {
      numbers.emplace(known[i].lineage->number, static_cast<TrialNumber>(i + 1));
    }
  }
  std::vector<Turn> turns;
  turns.reserve(2 * known.size());
  for (std::size_t i = 0; i < known.size(); ++i) {
    const auto number = static_cast<TrialNumber>(i + 1);
    turns.push_back({known[i].started, false, number, ProposalOf(number, known[i], numbers)});
    if (auto ending = EndingOf(spec, number, known[i])) {
      turns.push_back({known[i].ended, true, number, *std::move(ending)});
    }
    told.values.push_back(std::move(known[i].values));
  }
  std::vector<std::size_t> order(turns.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return std::tie(turns[a].at, turns[a].is_ending, turns[a].trial) <
           std::tie(turns[b].at, turns[b].is_ending, turns[b].trial);
  });
  told.history.reserve(turns.size());
  for (const std::size_t i : order) {
    told.history.push_back({told.history.size() + 1, std::move(turns[i].what)});
  }
  return told;
}

}  // namespace hone
