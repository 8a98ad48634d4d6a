// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <optional>
#include <vector>

/// Gaussian process regression on the unit cube and the search for what to try next. Knows numbers,
/// not trials.
namespace hone::gp {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// What a coordinate is of, unless it is of a category.
enum class Scale { kLinear, kLog, kInteger };

/// One coordinate of the points that the engine sees.
struct Dimension {
  bool categorical = false;
  /// Coordinates of the values, ascending; empty: continuous (or too fine to list).
  std::vector<double> values{};
  /// The coordinate plays a role only where the parent's value is one of these. The parent stands
  /// before it.
  std::optional<std::size_t> parent{};
  std::vector<bool> active_values{};
  Scale scale = Scale::kLinear;
};

using Dimensions = std::vector<Dimension>;

/// Integers of at most this many values, and categories, are searched value by value; finer ones as
/// continuous numbers that are rounded.
inline constexpr std::size_t kFewValues = 16;

inline bool IsChoice(const Dimension& dimension) {
  return dimension.categorical ||
         (!dimension.values.empty() && dimension.values.size() <= kFewValues);
}

/// Whether others play a role only for some of a coordinate's values.
bool HasChildren(const Dimensions& dimensions, std::size_t d);

/// Index of the nearest value. @param dimension  one that has values
std::size_t NearestValue(const Dimension& dimension, double u);

/// Whether each coordinate plays a role at a point.
std::vector<bool> ActiveAt(const Dimensions& dimensions, const VectorXd& point);

/// Moves every coordinate that has values to the nearest one, and inactive ones to 0.5: equal
/// configurations become equal points.
VectorXd Snapped(const Dimensions& dimensions, VectorXd point);

}  // namespace hone::gp
