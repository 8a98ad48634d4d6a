// SPDX-License-Identifier: Apache-2.0
// Letters: L leaves with values v; s_d(l) the measure of leaf l in coordinate d, o_d(l, m) that of
// what leaves l and m have in common there. The marginal of the coordinates U is
//   a_U(x) = sum_l [x in l] v_l prod_{d not in U} s_d(l),
// so E[a_U^2] = sum_{l, m} v_l v_m prod_{d not in U} s_d(l) s_d(m) prod_{d in U} o_d(l, m).
// U = {d} gives the variance of d alone, U = all but d what is left without d. Differs from the
// paper in: pairs of leaves instead of a midpoint rule over the arrangement of splits.
#include "algorithms/importance/fanova.h"

#include <algorithm>
#include <cmath>

namespace hone::importance {
namespace {

using Eigen::ArrayXd;
using Eigen::ArrayXXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using forest::Leaf;
using forest::Range;

// Of a tree's mean square; less is rounding.
constexpr double kLeastVariance = 1e-14;

struct Overlaps {
  ArrayXd measure;  // s_d
  ArrayXXd common;  // o_d
};

ArrayXXd CommonChoices(const std::vector<Leaf>& leaves, std::size_t d) {
  const std::size_t choices = leaves.front().ranges[d].choices.size();
  MatrixXd held(std::ssize(leaves), static_cast<Index>(choices));
  for (std::size_t l = 0; l < leaves.size(); ++l) {
    for (std::size_t c = 0; c < choices; ++c) {
      held(static_cast<Index>(l), static_cast<Index>(c)) = leaves[l].ranges[d].choices[c] ? 1 : 0;
    }
  }
  return (held * held.transpose()).array() / static_cast<double>(choices);
}

ArrayXXd CommonLengths(const std::vector<Leaf>& leaves, std::size_t d) {
  ArrayXXd common(std::ssize(leaves), std::ssize(leaves));
  for (std::size_t l = 0; l < leaves.size(); ++l) {
    for (std::size_t m = 0; m < leaves.size(); ++m) {
      const Range& a = leaves[l].ranges[d];
      const Range& b = leaves[m].ranges[d];
      common(static_cast<Index>(l), static_cast<Index>(m)) =
          std::max(0.0, std::min(a.high, b.high) - std::max(a.low, b.low));
    }
  }
  return common;
}

Overlaps OverlapsOf(const std::vector<Leaf>& leaves, std::size_t d) {
  Overlaps overlaps;
  const bool categorical = !leaves.front().ranges[d].choices.empty();
  overlaps.common = categorical ? CommonChoices(leaves, d) : CommonLengths(leaves, d);
  overlaps.measure = overlaps.common.matrix().diagonal();
  return overlaps;
}

/// Variances of one tree.
struct Variances {
  double whole = 0;
  VectorXd main;
  VectorXd total;
};

Variances VariancesOf(const std::vector<Leaf>& leaves, std::size_t dimensions) {
  const auto count = static_cast<Index>(leaves.size());
  VectorXd values(count);
  for (Index l = 0; l < count; ++l) {
    values[l] = leaves[static_cast<std::size_t>(l)].value;
  }
  std::vector<Overlaps> overlaps;
  std::vector<ArrayXXd> before;  // products of `common` over the coordinates before each
  ArrayXXd product = ArrayXXd::Ones(count, count);
  ArrayXd measure = ArrayXd::Ones(count);
  for (std::size_t d = 0; d < dimensions; ++d) {
    overlaps.push_back(OverlapsOf(leaves, d));
    before.push_back(product);
    product *= overlaps[d].common;
    measure *= overlaps[d].measure;
  }
  const double mean = measure.matrix().dot(values);
  values.array() -= mean;  // from here on the mean is 0
  Variances variances;
  variances.whole = measure.matrix().dot(values.cwiseAbs2());
  if (variances.whole <= kLeastVariance * mean * mean) {
    variances.whole = 0;
  }
  variances.main.resize(static_cast<Index>(dimensions));
  variances.total.resize(static_cast<Index>(dimensions));
  ArrayXXd after = ArrayXXd::Ones(count, count);
  for (std::size_t d = dimensions; d-- > 0;) {
    const auto& [own, common] = overlaps[d];
    const VectorXd alone = values.array() * measure / own;
    const VectorXd others = values.array() * own;
    const auto at = static_cast<Index>(d);
    variances.main[at] = alone.dot(common.matrix() * alone);
    variances.total[at] = variances.whole - others.dot((before[d] * after).matrix() * others);
    after *= common;
  }
  return variances;
}

/// Collects a share from each tree.
class Shares {
 public:
  void Add(double share) {
    share = std::clamp(share, 0.0, 1.0);  // beyond: rounding
    ++count_;
    const double step = share - mean_;
    mean_ += step / count_;
    squares_ += step * (share - mean_);
  }
  [[nodiscard]] Share Result() const {
    return {mean_, count_ > 1 ? std::sqrt(squares_ / (count_ - 1)) : 0};
  }

 private:
  double count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

}  // namespace

Fanova DecomposeVariance(const forest::Forest& forest) {
  const std::size_t dimensions = forest.features().size();
  std::vector<Shares> main(dimensions);
  std::vector<Shares> total(dimensions);
  Shares interactions;
  for (const forest::Tree& tree : forest.trees()) {
    const Variances variances = VariancesOf(tree.Leaves(forest.features()), dimensions);
    if (!(variances.whole > 0)) {
      continue;
    }
    for (std::size_t d = 0; d < dimensions; ++d) {
      main[d].Add(variances.main[static_cast<Index>(d)] / variances.whole);
      total[d].Add(variances.total[static_cast<Index>(d)] / variances.whole);
    }
    interactions.Add(1 - variances.main.sum() / variances.whole);
  }
  Fanova result;
  for (std::size_t d = 0; d < dimensions; ++d) {
    result.main.push_back(main[d].Result());
    result.total.push_back(total[d].Result());
  }
  result.interactions = interactions.Result();
  return result;
}

}  // namespace hone::importance
