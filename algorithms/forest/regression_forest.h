// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/rng.h"

/// Regression trees over the unit cube. Knows numbers, not trials.
namespace hone::forest {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// A coordinate: a number in [0, 1], or one of `choices` categories, 0, 1, ... as numbers.
struct Feature {
  std::size_t choices = 0;  ///< 0: a number
};

struct Options {
  std::size_t trees = 64;
  std::size_t least_in_leaf = 1;
  std::size_t most_drawn = 4096;  ///< rows of one tree's bootstrap sample, at most
  bool extra_random = false;      ///< extremely randomised trees: see Forest
};

/// What a leaf holds of one coordinate.
struct Range {
  double low = 0;
  double high = 1;
  std::vector<bool> choices{};  ///< of a category: which ones
};

struct Leaf {
  std::vector<Range> ranges;  ///< one for each coordinate
  double value = 0;
};

/// One tree: splits that reduce the squared error most. Categories are split into two sets, after
/// their mean outputs. A coordinate that is NaN plays no role in its row; it is split only where
/// all rows have it.
class Tree {
 public:
  /// @param points   shape (features, n)
  /// @param rows     those to learn from, one or more, each perhaps more than once
  /// @param random   not null: each number is split at a random place, each category by a random
  /// one
  Tree(const std::vector<Feature>& features, const MatrixXd& points, const VectorXd& outputs,
       std::vector<Index> rows, std::size_t least_in_leaf, Rng* random = nullptr);

  /// Where a coordinate plays no role, the mean of what it might be.
  [[nodiscard]] double Predict(const VectorXd& point) const { return PredictFrom(0, point); }
  /// The leaves; together they are the whole cube, and no two overlap.
  [[nodiscard]] std::vector<Leaf> Leaves(const std::vector<Feature>& features) const;

 private:
  friend class TreeGrower;
  struct Node {
    Index feature = -1;  // -1: a leaf
    double threshold = 0;
    std::vector<bool> left_choices{};
    std::size_t left = 0;  // the right one comes after it
    double value = 0;      // mean output
    double rows = 0;
  };
  [[nodiscard]] double PredictFrom(std::size_t node, const VectorXd& point) const;

  std::vector<Node> nodes_;  // the root first
};

/// Trees of bootstrap samples; with Options::extra_random, trees of all rows with random splits (of
/// at most most_drawn rows, drawn with repetition, if there are more). A function of data, options
/// and seed, bit for bit.
/// @source  Breiman 2001, "Random forests"; Geurts, Ernst, Wehenkel 2006, "Extremely randomized
/// trees"; every coordinate is a candidate for every split
class Forest {
 public:
  /// @param points   shape (features, n), n >= 1; NaN: plays no role in that row
  /// @param outputs  shape (n), finite
  /// @cost  O(trees * features * depth * n log n)
  Forest(std::vector<Feature> features, const MatrixXd& points, const VectorXd& outputs,
         const Options& options, std::uint64_t seed);

  [[nodiscard]] const std::vector<Feature>& features() const { return features_; }
  [[nodiscard]] const std::vector<Tree>& trees() const { return trees_; }
  /// Mean of the trees.
  [[nodiscard]] double Predict(const VectorXd& point) const;
  struct Spread {
    double mean = 0;
    double deviation = 0;  ///< standard deviation of the trees' means
  };
  [[nodiscard]] Spread PredictSpread(const VectorXd& point) const;
  /// Share of the outputs' variance that is predicted by the trees that have not seen a row (R^2
  /// out of bag); below 0: worse than the mean. Nothing: too few such rows, or equal outputs.
  [[nodiscard]] std::optional<double> ExplainedOutOfBag() const { return explained_; }

 private:
  std::vector<Feature> features_;
  std::vector<Tree> trees_;
  std::optional<double> explained_;
};

}  // namespace hone::forest
