// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/space.h"

#include <algorithm>

namespace hone::gp {

bool HasChildren(const Dimensions& dimensions, std::size_t d) {
  return std::ranges::any_of(dimensions, [d](const Dimension& other) { return other.parent == d; });
}

std::size_t NearestValue(const Dimension& dimension, double u) {
  const std::vector<double>& values = dimension.values;
  const auto above = std::ranges::lower_bound(values, u);
  if (above == values.begin()) {
    return 0;
  }
  const auto index = static_cast<std::size_t>(above - values.begin());
  if (above == values.end() || u - values[index - 1] <= values[index] - u) {
    return index - 1;
  }
  return index;
}

std::vector<bool> ActiveAt(const Dimensions& dimensions, const VectorXd& point) {
  std::vector<bool> active(dimensions.size(), true);
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    const Dimension& dimension = dimensions[d];
    if (dimension.parent) {
      const std::size_t parent = *dimension.parent;
      active[d] =
          active[parent] && dimension.active_values[NearestValue(
                                dimensions[parent], point[static_cast<Eigen::Index>(parent)])];
    }
  }
  return active;
}

VectorXd Snapped(const Dimensions& dimensions, VectorXd point) {
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    double& u = point[static_cast<Eigen::Index>(d)];
    if (!dimensions[d].values.empty()) {
      u = dimensions[d].values[NearestValue(dimensions[d], u)];
    }
  }
  const std::vector<bool> active = ActiveAt(dimensions, point);
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    if (!active[d]) {
      point[static_cast<Eigen::Index>(d)] = 0.5;
    }
  }
  return point;
}

}  // namespace hone::gp
