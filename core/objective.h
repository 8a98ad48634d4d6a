// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hone {

enum class Direction { kMinimize, kMaximize };
enum class Strategy { kMin, kMax, kLatest };

struct MetricStrategy {
  std::string metric;
  Strategy strategy = Strategy::kLatest;
  bool operator==(const MetricStrategy&) const = default;
};

/// Something to optimise beside the first objective (`additionalObjectives`). [hone's own field]
struct FurtherObjective {
  std::string metric;
  Direction direction = Direction::kMaximize;
  std::optional<double> goal;
  bool operator==(const FurtherObjective&) const = default;
};

/// What a good trial must keep beside its objective (`outcomeConstraints`). [hone's own field]
struct OutcomeConstraint {
  std::string metric;
  std::optional<double> at_most;  ///< at least one of the two is set
  std::optional<double> at_least;
  bool operator==(const OutcomeConstraint&) const = default;
};

/// What an experiment optimises. `strategies` has one entry for each metric whose summary is kept,
/// the objective among them (defaults are already applied).
struct Objective {
  Direction direction = Direction::kMaximize;
  std::optional<double> goal;
  std::string metric;
  std::vector<std::string> additional_metrics;
  std::vector<MetricStrategy> strategies;
  std::vector<FurtherObjective> further;
  std::vector<OutcomeConstraint> constraints;
  bool noisy = false;  ///< the same configuration comes to another value each time [hone's own]
  bool operator==(const Objective&) const = default;

  /// How many objectives there are.
  [[nodiscard]] std::size_t Count() const { return 1 + further.size(); }
  /// The strategy of an objective's metric.
  [[nodiscard]] Strategy StrategyOf(std::string_view name, Direction by_default) const;
  /// The strategy of a constraint's metric: the latest value, if nothing is said.
  [[nodiscard]] Strategy StrategyOf(std::string_view name) const;
  /// Objective first, then the further and the additional ones and those of constraints, each once:
  /// the names that a collector looks for.
  [[nodiscard]] std::vector<std::string> MetricNames() const;
};

/// Whether a is better than b.
inline bool Better(Direction direction, double a, double b) {
  return direction == Direction::kMinimize ? a < b : a > b;
}

}  // namespace hone
