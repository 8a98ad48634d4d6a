// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "core/objective.h"
#include "core/settings.h"

namespace hone {

/// Rules compute with values to be minimised; people read them as they were reported.
struct Units {
  std::string metric;
  double sign = 1;  ///< -1: the metric is maximised

  explicit Units(const Objective& objective)
      : metric(objective.metric), sign(objective.direction == Direction::kMinimize ? 1.0 : -1.0) {}

  [[nodiscard]] double Own(double minimised) const { return sign * minimised; }
  [[nodiscard]] std::string Text(double minimised) const;
};

/// How reports are counted: one after the other, or by the steps that are told with them.
SettingSpec CountBySetting();
inline constexpr char kCountBy[] = "count_by";
inline constexpr char kBySteps[] = "steps";

/// "1 report", "5 reports".
std::string CountOf(std::size_t count, const std::string& noun);

}  // namespace hone
