// SPDX-License-Identifier: Apache-2.0
#include "core/observation.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "base/text.h"

namespace hone {
namespace {

std::optional<double> FiniteNumber(const std::string& text) {
  const auto number = ParseDouble(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

/// Text that is no number at all is legitimate (a genotype). Not so empty text, NaN, infinities,
/// "1e999" that no double can hold, and the lone sign that the default filter makes of "-inf".
bool IsMeantAsNumber(std::string_view text) {
  text.remove_prefix(text.starts_with('+') || text.starts_with('-') ? 1 : 0);
  double ignored = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, ignored);
  return text.empty() || (parsed.ec != std::errc::invalid_argument && parsed.ptr == end);
}

const std::string& TextBy(Strategy strategy, const MetricSummary& summary) {
  const std::string& extreme = strategy == Strategy::kMin ? summary.min : summary.max;
  return strategy == Strategy::kLatest || extreme.empty() ? summary.latest : extreme;
}

ObjectiveValue ValueOf(const Observation& observation, std::string_view metric, Strategy strategy) {
  ObjectiveValue value;
  for (const MetricSummary& summary : observation) {
    if (summary.metric != metric || !summary.seen) {
      continue;
    }
    const std::string& text = TextBy(strategy, summary);
    value.number = FiniteNumber(text);
    const bool is_plain_text = !IsMeantAsNumber(text);
    if (value.number || is_plain_text) {
      value.availability = Availability::kAvailable;
      value.text = text;
    } else {
      value.availability = Availability::kNotANumber;
    }
  }
  return value;
}

bool Reaches(Direction direction, const std::optional<double>& goal, const ObjectiveValue& value) {
  return !goal || (value.number && !Better(direction, *goal, *value.number));
}

}  // namespace

ObjectiveValue ObjectiveOf(const Objective& objective, const Observation& observation) {
  return ValueOf(observation, objective.metric,
                 objective.StrategyOf(objective.metric, objective.direction));
}

std::vector<ObjectiveValue> ObjectivesOf(const Objective& objective,
                                         const Observation& observation) {
  std::vector<ObjectiveValue> values{ObjectiveOf(objective, observation)};
  for (const FurtherObjective& other : objective.further) {
    values.push_back(
        ValueOf(observation, other.metric, objective.StrategyOf(other.metric, other.direction)));
  }
  return values;
}

std::optional<std::vector<double>> LossesOf(const Objective& objective,
                                            const Observation& observation) {
  const std::vector<ObjectiveValue> values = ObjectivesOf(objective, observation);
  std::vector<double> losses;
  losses.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Direction direction = i == 0 ? objective.direction : objective.further[i - 1].direction;
    const std::optional<double>& number = values[i].number;
    if (!number) {
      return std::nullopt;
    }
    losses.push_back(direction == Direction::kMinimize ? *number : -*number);
  }
  return losses;
}

bool ReachesGoals(const Objective& objective, const Observation& observation) {
  const std::vector<ObjectiveValue> values = ObjectivesOf(objective, observation);
  bool stated = objective.goal.has_value();
  bool reached = Reaches(objective.direction, objective.goal, values.front());
  for (std::size_t i = 0; i < objective.further.size(); ++i) {
    const FurtherObjective& other = objective.further[i];
    stated = stated || other.goal;
    reached = reached && Reaches(other.direction, other.goal, values[i + 1]);
  }
  return stated && reached && !Violation(objective, observation);
}

std::optional<std::string> Violation(const Objective& objective, const Observation& observation) {
  for (const OutcomeConstraint& constraint : objective.constraints) {
    const std::string& metric = constraint.metric;
    const ObjectiveValue value = ValueOf(observation, metric, objective.StrategyOf(metric));
    if (!value.number) {
      return metric + " was not reported as a number, and outcomeConstraints bounds it";
    }
    if (constraint.at_most && *value.number > *constraint.at_most) {
      return metric + " = " + value.text + " is above " + FormatDouble(*constraint.at_most) +
             " (outcomeConstraints)";
    }
    if (constraint.at_least && *value.number < *constraint.at_least) {
      return metric + " = " + value.text + " is below " + FormatDouble(*constraint.at_least) +
             " (outcomeConstraints)";
    }
  }
  return std::nullopt;
}

ObservationFold::ObservationFold(const Objective& objective)
    : extremes_(objective.strategies.size()) {
  for (const MetricStrategy& strategy : objective.strategies) {
    summary_.push_back({strategy.metric, {}, {}, {}, false});
  }
}

void ObservationFold::Add(const MetricRecord& record) {
  for (std::size_t i = 0; i < summary_.size(); ++i) {
    if (summary_[i].metric == record.metric) {
      return AddTo(summary_[i], extremes_[i], record);
    }
  }
}

void ObservationFold::AddTo(MetricSummary& summary, Extremes& extremes,
                            const MetricRecord& record) {
  // A line without a time sorts before every line with one, as Katib's zero time does.
  if (!summary.seen || !extremes.latest_at || (record.at && *record.at >= *extremes.latest_at)) {
    summary.latest = record.text;
    extremes.latest_at = record.at;
  }
  summary.seen = true;
  const auto number = FiniteNumber(record.text);
  if (number && (!extremes.min || *number < *extremes.min)) {
    extremes.min = number;
    summary.min = record.text;
  }
  if (number && (!extremes.max || *number > *extremes.max)) {
    extremes.max = number;
    summary.max = record.text;
  }
}

}  // namespace hone
