// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "algorithms/gp/criterion.h"
#include "algorithms/pareto/front.h"

namespace hone::gp {

/// Most objectives that the expected improvement of the hypervolume is computed for.
inline constexpr std::size_t kMostForHypervolume = 3;

/// What lies below a reference point and is not dominated by a front, as disjoint boxes whose sides
/// are unbounded below or levels of the front. All objectives are to be minimised.
class Undominated {
 public:
  /// @param front      points that do not dominate each other and are better than the reference
  ///                   point in every objective; may be empty
  /// @param reference  of two or three objectives
  Undominated(std::span<const pareto::Losses> front, const pareto::Losses& reference);

  [[nodiscard]] std::size_t objectives() const { return levels_.size(); }

  /// Logarithm of the expected volume that a point with these independent normal objectives would
  /// add: for each box, the product over the objectives of E max(0, high - max(low, y)).
  /// @param mean, sd  one for each objective, sd > 0
  /// @param slopes    if not null: set to the derivatives by mean and sd of each objective
  /// @returns  finite or, where nothing can be gained, -infinity
  /// @cost     O(boxes): n + 1 of n points and two objectives, O(n^2) of three
  /// @source   Emmerich, Deutz, Klinkenberg 2011, "Hypervolume-based expected improvement"; Yang,
  ///           Emmerich, Deutz, Baeck 2019 (boxes)
  double LogExpected(std::span<const double> mean, std::span<const double> sd,
                     std::vector<std::array<double, 2>>* slopes) const;

 private:
  struct Interval {
    std::size_t low = 0;  // a level, 0: unbounded
    std::size_t high = 0;
  };
  struct Cell {
    std::array<Interval, kMostForHypervolume> sides;
  };
  void AddPlane(std::span<const pareto::Losses> front, Interval third);
  [[nodiscard]] std::size_t LevelOf(std::size_t objective, double value) const;

  std::vector<std::vector<double>> levels_;  // of each objective, ascending; the first is unused
  std::vector<Cell> cells_;
};

/// The logarithm of the expected improvement of the hypervolume.
/// @param models  one for each objective; they must live as long as the criterion
Criterion HypervolumeGain(const Undominated& undominated, std::span<const Model* const> models,
                          Weights weights);

}  // namespace hone::gp
