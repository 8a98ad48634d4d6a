// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/objective.h"

namespace hone {

/// One reported value, as a collector read it. Text is kept verbatim: a metric may be a genotype.
struct MetricRecord {
  std::string metric;
  std::string text;
  std::optional<Timestamp> at;  ///< the time written beside the value; nothing if the line had none
  std::optional<double> step;   ///< epoch or step, where the source tells one
  bool operator==(const MetricRecord&) const = default;
};

/// A metric's summary over a trial. Empty text means "unavailable".
struct MetricSummary {
  std::string metric;
  std::string min;     ///< text of the smallest finite value
  std::string max;     ///< text of the largest finite value
  std::string latest;  ///< text with the greatest timestamp; ties: the later in the log
  bool seen = false;   ///< reported at least once, even with an empty or non-numeric text
  bool operator==(const MetricSummary&) const = default;
};

/// One summary for each strategy of the objective, in its order. Empty: nothing is known.
using Observation = std::vector<MetricSummary>;

/// Why a trial has no objective value, or that it has one.
enum class Availability { kAvailable, kMissing, kNotANumber };

/// The objective's value of a trial.
struct ObjectiveValue {
  Availability availability = Availability::kMissing;
  std::string text;              ///< when available
  std::optional<double> number;  ///< when available and a finite number; text objectives have none
};

/// The first objective's value: applies its strategy; falls back to the latest value where min or
/// max has none.
ObjectiveValue ObjectiveOf(const Objective& objective, const Observation& observation);
/// The values of all objectives in the experiment's order. @returns shape (objective.Count())
std::vector<ObjectiveValue> ObjectivesOf(const Objective& objective,
                                         const Observation& observation);
/// All objectives as numbers to minimise: maximised ones are negated. Nothing if one has no number.
/// @returns shape (objective.Count())
std::optional<std::vector<double>> LossesOf(const Objective& objective,
                                            const Observation& observation);
/// Which outcome constraint a trial does not keep, and by what value; nothing: it keeps all. A
/// metric that was not reported, or is no finite number, keeps none.
std::optional<std::string> Violation(const Objective& objective, const Observation& observation);
/// Whether a trial reaches every goal that is stated, at least one, and keeps the constraints.
bool ReachesGoals(const Objective& objective, const Observation& observation);

/// Folds records in log order into summaries. A value; O(1) a record besides the name look-up.
class ObservationFold {
 public:
  explicit ObservationFold(const Objective& objective);
  void Add(const MetricRecord& record);
  [[nodiscard]] const Observation& summary() const { return summary_; }

 private:
  struct Extremes {
    std::optional<double> min;
    std::optional<double> max;
    std::optional<Timestamp> latest_at;
  };
  static void AddTo(MetricSummary& summary, Extremes& extremes, const MetricRecord& record);

  Observation summary_;
  std::vector<Extremes> extremes_;  // same order as summary_
};

}  // namespace hone
