// SPDX-License-Identifier: Apache-2.0
#include "algorithms/forest/regression_forest.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

namespace hone::forest {
namespace {

// Of a node's squared error; less is rounding.
constexpr double kLeastGain = 1e-12;

std::size_t ChoiceOf(double u) {
  return static_cast<std::size_t>(u);
}

struct Split {
  double gain = 0;
  Index feature = -1;
  double threshold = 0;
  std::vector<bool> left_choices{};
};

/// Sums of the two sides while rows move from right to left.
struct Sides {
  double left = 0;
  double left_count = 0;
  double right = 0;
  double right_count = 0;

  void Move(double sum, double count) {
    left += sum;
    left_count += count;
    right -= sum;
    right_count -= count;
  }
  [[nodiscard]] bool Hold(std::size_t least) const {
    return std::min(left_count, right_count) >= static_cast<double>(least);
  }
  /// Reduction of the squared error, but for what no split changes.
  [[nodiscard]] double Gain() const {
    return left * left / left_count + right * right / right_count;
  }
};

}  // namespace

/// Grows one tree, depth first.
class TreeGrower {
 public:
  TreeGrower(const std::vector<Feature>& features, const MatrixXd& points, const VectorXd& outputs,
             std::size_t least_in_leaf, Rng* random)
      : features_(features),
        points_(points),
        outputs_(outputs),
        least_(least_in_leaf),
        random_(random) {}

  void Grow(std::vector<Tree::Node>& nodes, std::span<Index> rows) {
    nodes.emplace_back();
    struct Task {
      std::size_t node;
      std::span<Index> rows;
    };
    std::vector<Task> tasks{{0, rows}};
    while (!tasks.empty()) {
      const Task task = tasks.back();
      tasks.pop_back();
      Tree::Node& node = nodes[task.node];
      node.rows = static_cast<double>(task.rows.size());
      node.value = Sum(task.rows) / node.rows;
      Split split = BestSplit(task.rows, node.value);
      if (split.feature < 0) {
        continue;
      }
      node.feature = split.feature;
      node.threshold = split.threshold;
      node.left_choices = std::move(split.left_choices);
      node.left = nodes.size();
      const auto right = std::ranges::partition(task.rows, [&](Index row) {
        const double u = points_(node.feature, row);
        return node.left_choices.empty() ? u <= node.threshold : node.left_choices[ChoiceOf(u)];
      });
      const std::size_t left_count = task.rows.size() - right.size();
      tasks.push_back({node.left, task.rows.first(left_count)});
      tasks.push_back({node.left + 1, task.rows.subspan(left_count)});
      nodes.resize(nodes.size() + 2);  // `node` is no more
    }
  }

 private:
  [[nodiscard]] double Sum(std::span<const Index> rows) const {
    double sum = 0;
    for (const Index row : rows) {
      sum += outputs_[row];
    }
    return sum;
  }

  Split BestSplit(std::span<const Index> rows, double mean) {
    Split best;
    double error = 0;
    for (const Index row : rows) {
      error += (outputs_[row] - mean) * (outputs_[row] - mean);
    }
    if (rows.size() < 2 * least_ || !(error > 0)) {
      return best;
    }
    best.gain = kLeastGain * error;
    mean_ = mean;
    for (Index d = 0; d < points_.rows(); ++d) {
      const bool all =
          std::ranges::none_of(rows, [&](Index row) { return std::isnan(points_(d, row)); });
      if (!all) {
        continue;
      }
      const bool chooses = features_[static_cast<std::size_t>(d)].choices > 0;
      if (random_ != nullptr) {
        SplitAtRandom(rows, d, best);
      } else if (chooses) {
        SplitChoices(rows, d, best);
      } else {
        SplitNumber(rows, d, best);
      }
    }
    return best;
  }

  /// One split: a threshold that is uniform between the node's extremes, or a random half of the
  /// choices.
  void SplitAtRandom(std::span<const Index> rows, Index d, Split& best) {
    const std::size_t choices = features_[static_cast<std::size_t>(d)].choices;
    Split split{.feature = d};
    if (choices > 0) {
      for (std::size_t choice = 0; choice < choices; ++choice) {
        split.left_choices.push_back(random_->Below(2) == 0);
      }
    } else {
      const auto of = [&](Index row) { return points_(d, row); };
      const auto [low, high] = std::ranges::minmax(rows, {}, of);
      split.threshold = of(low) + random_->Uniform() * (of(high) - of(low));
    }
    Sides sides{.right_count = static_cast<double>(rows.size())};
    for (const Index row : rows) {
      const double u = points_(d, row);
      if (choices > 0 ? split.left_choices[ChoiceOf(u)] : u <= split.threshold) {
        sides.Move(outputs_[row] - mean_, 1);
      }
    }
    if (sides.left_count > 0 && sides.right_count > 0 && sides.Hold(least_) &&
        sides.Gain() > best.gain) {
      split.gain = sides.Gain();
      best = std::move(split);
    }
  }

  void SplitNumber(std::span<const Index> rows, Index d, Split& best) {
    sorted_.clear();
    for (const Index row : rows) {
      sorted_.emplace_back(points_(d, row), outputs_[row] - mean_);
    }
    std::ranges::sort(sorted_);
    Sides sides{.right_count = static_cast<double>(rows.size())};
    for (std::size_t i = 0; i + 1 < sorted_.size(); ++i) {
      sides.Move(sorted_[i].second, 1);
      const double here = sorted_[i].first;
      const double next = sorted_[i + 1].first;
      if (here < next && sides.Hold(least_) && sides.Gain() > best.gain) {
        // Between neighbouring doubles the middle may be the right one, which must not go left.
        const double middle = std::midpoint(here, next);
        best = {sides.Gain(), d, middle < next ? middle : here, {}};
      }
    }
  }

  /// For squared errors the best of all divisions into two sets is one of those in the order of
  /// means (Fisher 1958). Choices that are not there go to the side of fewer rows.
  void SplitChoices(std::span<const Index> rows, Index d, Split& best) {
    const std::size_t choices = features_[static_cast<std::size_t>(d)].choices;
    std::vector<std::pair<double, double>> sums(choices);  // of outputs, of rows
    for (const Index row : rows) {
      auto& [sum, count] = sums[ChoiceOf(points_(d, row))];
      sum += outputs_[row] - mean_;
      count += 1;
    }
    std::vector<std::size_t> order;
    for (std::size_t choice = 0; choice < choices; ++choice) {
      if (sums[choice].second > 0) {
        order.push_back(choice);
      }
    }
    std::ranges::stable_sort(
        order, {}, [&](std::size_t choice) { return sums[choice].first / sums[choice].second; });
    Sides sides{.right_count = static_cast<double>(rows.size())};
    for (std::size_t i = 0; i + 1 < order.size(); ++i) {
      sides.Move(sums[order[i]].first, sums[order[i]].second);
      if (!sides.Hold(least_) || sides.Gain() <= best.gain) {
        continue;
      }
      best = {sides.Gain(), d, 0, std::vector<bool>(choices, sides.left_count < sides.right_count)};
      for (std::size_t k = 0; k < order.size(); ++k) {
        best.left_choices[order[k]] = k <= i;
      }
    }
  }

  const std::vector<Feature>& features_;
  const MatrixXd& points_;
  const VectorXd& outputs_;
  std::size_t least_;
  Rng* random_;                                    // null: the best splits
  double mean_ = 0;                                // of the node at work
  std::vector<std::pair<double, double>> sorted_;  // its coordinates and outputs
};

Tree::Tree(const std::vector<Feature>& features, const MatrixXd& points, const VectorXd& outputs,
           std::vector<Index> rows, std::size_t least_in_leaf, Rng* random) {
  TreeGrower(features, points, outputs, least_in_leaf, random).Grow(nodes_, rows);
}

namespace {

/// What trees say of the rows that they have not seen.
class OutOfBag {
 public:
  explicit OutOfBag(const MatrixXd& points)
      : points_(points), sum_(VectorXd::Zero(points.cols())), count_(sum_) {}

  void Add(const Tree& tree, const std::vector<Index>& seen) {
    std::vector<bool> in_bag(static_cast<std::size_t>(points_.cols()), false);
    for (const Index row : seen) {
      in_bag[static_cast<std::size_t>(row)] = true;
    }
    for (Index row = 0; row < points_.cols(); ++row) {
      if (!in_bag[static_cast<std::size_t>(row)]) {
        sum_[row] += tree.Predict(points_.col(row));
        count_[row] += 1;
      }
    }
  }

  [[nodiscard]] std::optional<double> Explained(const VectorXd& outputs) const {
    const Eigen::ArrayXd out = (count_.array() > 0).cast<double>();
    const double mean = (out * outputs.array()).sum() / std::max(out.sum(), 1.0);
    const double variance = (out * (outputs.array() - mean).square()).sum();
    if (!(variance > 0)) {
      return std::nullopt;
    }
    const Eigen::ArrayXd predicted = sum_.array() / count_.array().max(1);
    return 1 - (out * (outputs.array() - predicted).square()).sum() / variance;
  }

 private:
  const MatrixXd& points_;
  VectorXd sum_;
  VectorXd count_;
};

std::vector<Index> AllOf(Index n) {
  std::vector<Index> rows(static_cast<std::size_t>(n));
  std::iota(rows.begin(), rows.end(), Index{0});
  return rows;
}

/// With repetition.
std::vector<Index> DrawnOf(Index n, std::size_t count, Rng& rng) {
  std::vector<Index> rows(count);
  std::ranges::generate(rows, [&] { return rng.Below(static_cast<std::uint32_t>(n)); });
  return rows;
}

}  // namespace

double Tree::PredictFrom(std::size_t node, const VectorXd& point) const {
  while (nodes_[node].feature >= 0) {
    const Node& here = nodes_[node];
    const double u = point[here.feature];
    if (std::isnan(u)) {
      const double left = nodes_[here.left].rows / here.rows;
      return left * PredictFrom(here.left, point) + (1 - left) * PredictFrom(here.left + 1, point);
    }
    const bool goes_left =
        here.left_choices.empty() ? u <= here.threshold : here.left_choices[ChoiceOf(u)];
    node = goes_left ? here.left : here.left + 1;
  }
  return nodes_[node].value;
}

std::vector<Leaf> Tree::Leaves(const std::vector<Feature>& features) const {
  Leaf whole;
  for (const Feature& feature : features) {
    whole.ranges.push_back({0, 1, std::vector<bool>(feature.choices, true)});
  }
  std::vector<Leaf> leaves;
  std::vector<std::pair<std::size_t, Leaf>> tasks;
  tasks.emplace_back(0, std::move(whole));
  while (!tasks.empty()) {
    auto [index, leaf] = std::move(tasks.back());
    tasks.pop_back();
    const Node& node = nodes_[index];
    if (node.feature < 0) {
      leaf.value = node.value;
      leaves.push_back(std::move(leaf));
      continue;
    }
    const auto d = static_cast<std::size_t>(node.feature);
    Leaf right = leaf;
    for (std::size_t choice = 0; choice < node.left_choices.size(); ++choice) {
      (node.left_choices[choice] ? right : leaf).ranges[d].choices[choice] = false;
    }
    if (node.left_choices.empty()) {
      leaf.ranges[d].high = node.threshold;
      right.ranges[d].low = node.threshold;
    }
    tasks.emplace_back(node.left + 1, std::move(right));
    tasks.emplace_back(node.left, std::move(leaf));
  }
  return leaves;
}

Forest::Forest(std::vector<Feature> features, const MatrixXd& points, const VectorXd& outputs,
               const Options& options, std::uint64_t seed)
    : features_(std::move(features)) {
  const Index n = points.cols();
  const std::size_t drawn = std::min(static_cast<std::size_t>(n), options.most_drawn);
  OutOfBag out_of_bag(points);
  for (std::size_t t = 0; t < options.trees; ++t) {
    Rng rng(seed, Scope::Experiment(), Purpose::kFit, static_cast<std::uint32_t>(t));
    const bool whole = options.extra_random && drawn == static_cast<std::size_t>(n);
    const std::vector<Index> rows = whole ? AllOf(n) : DrawnOf(n, drawn, rng);
    trees_.emplace_back(features_, points, outputs, rows, options.least_in_leaf,
                        options.extra_random ? &rng : nullptr);
    out_of_bag.Add(trees_.back(), rows);
  }
  explained_ = out_of_bag.Explained(outputs);
}

double Forest::Predict(const VectorXd& point) const {
  double sum = 0;
  for (const Tree& tree : trees_) {
    sum += tree.Predict(point);
  }
  return sum / static_cast<double>(trees_.size());
}

Forest::Spread Forest::PredictSpread(const VectorXd& point) const {
  double sum = 0;
  double squares = 0;
  for (const Tree& tree : trees_) {
    const double value = tree.Predict(point);
    sum += value;
    squares += value * value;
  }
  const auto count = static_cast<double>(trees_.size());
  const double mean = sum / count;
  return {mean, std::sqrt(std::max(squares / count - mean * mean, 0.0))};
}

}  // namespace hone::forest
