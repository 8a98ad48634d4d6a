// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hone {

enum class Direction { kMinimize, kMaximize };
enum class Strategy { kMin, kMax, kLatest };

struct MetricStrategy {
  std::string metric;
  Strategy strategy = Strategy::kLatest;
  bool operator==(const MetricStrategy&) const = default;
};

/// What an experiment optimises. `strategies` has one entry for each metric whose summary is kept,
/// the objective among them (defaults are already applied).
struct Objective {
  Direction direction = Direction::kMaximize;
  std::optional<double> goal;
  std::string metric;
  std::vector<std::string> additional_metrics;
  std::vector<MetricStrategy> strategies;
  bool operator==(const Objective&) const = default;

  /// The objective's own strategy.
  [[nodiscard]] Strategy OwnStrategy() const;
  /// Objective first, then the additional ones: the names that a collector looks for.
  [[nodiscard]] std::vector<std::string> MetricNames() const;
};

/// Whether a is better than b.
inline bool Better(Direction direction, double a, double b) {
  return direction == Direction::kMinimize ? a < b : a > b;
}

}  // namespace hone
