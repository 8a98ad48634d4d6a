// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/search.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

namespace hone::gp {
namespace {

using Eigen::Index;

constexpr std::size_t kSearchWhole = 1024;
constexpr int kRounds = 3;  // of L-BFGS and moves
constexpr int kMovesInRound = 6;
constexpr double kBeyond = 10;  // what a climb sees a step over the border as worse by
constexpr std::size_t kPolished = 2;
constexpr Index kPolishSteps = 24;
constexpr Index kScreened = 96;  // candidates whose value is computed, if there is a cheap likeness
// Two starts nearer than this would climb the same hill.
constexpr double kApart = 0.05;

class Climber {
 public:
  Climber(const Dimensions& dimensions, const Criterion& criterion, const SearchOptions& options)
      : dimensions_(dimensions), criterion_(criterion), options_(options) {
    for (std::size_t d = 0; d < dimensions.size(); ++d) {
      if (!IsChoice(dimensions[d])) {
        smooth_.push_back(static_cast<Index>(d));
      }
    }
  }

  /// Climbs from a snapped point. @returns a snapped point
  [[nodiscard]] Maximum Climb(Maximum at) const {
    for (int round = 0; round < kRounds; ++round) {
      const double before = at.value;
      at = AlongSmooth(std::move(at));
      const bool moved = AlongValues(at);
      if (!moved || !(at.value > before)) {
        break;
      }
    }
    return at;
  }

  /// Random steps of falling width on the smooth coordinates.
  void Polish(Maximum& at, Rng& rng) const {
    for (const double width : {0.1, 0.03, 0.01, 0.003}) {
      MatrixXd points(at.x.size(), kPolishSteps);
      for (auto&& point : points.colwise()) {
        point = Step(at.x, width, rng);
      }
      (void)MoveToBest(points, at);  // a width without a better point is no reason to stop
    }
  }

 private:
  [[nodiscard]] VectorXd Step(VectorXd point, double width, Rng& rng) const {
    for (const Index d : smooth_) {
      point[d] = std::clamp(point[d] + width * rng.Normal(), 0.0, 1.0);
    }
    return Snapped(dimensions_, std::move(point));
  }

  [[nodiscard]] Maximum AlongSmooth(Maximum at) const {
    if (smooth_.empty()) {
      return at;
    }
    const auto count = static_cast<Index>(smooth_.size());
    VectorXd start(count);
    for (Index k = 0; k < count; ++k) {
      start[k] = at.x[smooth_[static_cast<std::size_t>(k)]];
    }
    VectorXd point = at.x;
    Maximum best = at;
    const auto objective = [&](const VectorXd& x, VectorXd* gradient) {
      for (Index k = 0; k < count; ++k) {
        point[smooth_[static_cast<std::size_t>(k)]] = x[k];
      }
      VectorXd whole;
      const double value = criterion_.value_at(point, &whole);
      for (Index k = 0; k < count; ++k) {
        (*gradient)[k] = whole[smooth_[static_cast<std::size_t>(k)]];
      }
      const bool feasible = !options_.feasible || options_.feasible(Snapped(dimensions_, point));
      if (feasible && value > best.value) {
        best = {point, value};
      }
      return feasible ? value : value - kBeyond;
    };
    Box box{VectorXd::Zero(count), VectorXd::Ones(count)};
    for (Index k = 0; k < count && options_.region; ++k) {
      const Index d = smooth_[static_cast<std::size_t>(k)];
      box.low[k] = std::min(options_.region->low[d], start[k]);
      box.high[k] = std::max(options_.region->high[d], start[k]);
    }
    (void)Maximise(objective, start, box, options_.iterations);  // `best` is the feasible one
    best.x = Snapped(dimensions_, std::move(best.x));
    best.value = criterion_.values(best.x)[0];
    return best.value > at.value ? best : at;
  }

  /// The best feasible one of some points, if it is better than `at`.
  [[nodiscard]] bool MoveToBest(const MatrixXd& points, Maximum& at) const {
    if (points.cols() == 0) {
      return false;
    }
    const VectorXd values = criterion_.values(points);
    for (const Index i : BestFirst(values)) {
      if (!(values[i] > at.value)) {
        break;
      }
      if (!options_.feasible || options_.feasible(points.col(i))) {
        at = {points.col(i), values[i]};
        return true;
      }
    }
    return false;
  }

  /// Values of a coordinate to move to: all others, or the neighbours if there are many.
  [[nodiscard]] static std::vector<double> Others(const Dimension& dimension, double u) {
    std::vector<double> others = dimension.values;
    if (others.empty()) {
      return others;
    }
    const auto now = static_cast<std::ptrdiff_t>(NearestValue(dimension, u));
    others.erase(others.begin() + now);
    if (!IsChoice(dimension)) {
      const auto last = std::min(now + 1, std::ssize(others));
      others = {others.begin() + std::max<std::ptrdiff_t>(now - 1, 0), others.begin() + last};
    }
    return others;
  }

  /// Points that differ from this one in one coordinate that has values.
  [[nodiscard]] MatrixXd Moves(const VectorXd& from) const {
    std::vector<std::pair<Index, double>> moves;
    for (std::size_t d = 0; d < dimensions_.size(); ++d) {
      const auto row = static_cast<Index>(d);
      for (const double value : Others(dimensions_[d], from[row])) {
        moves.emplace_back(row, value);
      }
    }
    MatrixXd points = from.replicate(1, static_cast<Index>(moves.size()));
    for (Index i = 0; i < points.cols(); ++i) {
      const auto& [row, value] = moves[static_cast<std::size_t>(i)];
      points(row, i) = value;
      points.col(i) = Snapped(dimensions_, points.col(i));
    }
    return points;
  }

  [[nodiscard]] bool AlongValues(Maximum& at) const {
    bool moved = false;
    for (int i = 0; i < kMovesInRound; ++i) {
      if (!MoveToBest(Moves(at.x), at)) {
        break;
      }
      moved = true;
    }
    return moved;
  }

  const Dimensions& dimensions_;
  const Criterion& criterion_;
  const SearchOptions& options_;
  std::vector<Index> smooth_;  // coordinates that L-BFGS moves
};

/// Good candidates that lie apart.
std::vector<Index> Starts(const MatrixXd& candidates, const std::vector<Index>& order, int count) {
  std::vector<Index> starts;
  for (const Index i : order) {
    const bool apart = std::ranges::all_of(starts, [&](Index s) {
      return (candidates.col(i) - candidates.col(s)).cwiseAbs().maxCoeff() > kApart;
    });
    if (apart) {
      starts.push_back(i);
    }
    if (std::ssize(starts) == count) {
      break;
    }
  }
  return starts;
}

std::optional<VectorXd> FirstFree(const MatrixXd& candidates, const std::vector<Index>& order,
                                  const PointTest& taken) {
  for (const Index i : order) {
    if (!taken(candidates.col(i))) {
      return candidates.col(i);
    }
  }
  return std::nullopt;
}

/// The candidates that look best at a glance.
MatrixXd Screened(const MatrixXd& candidates, const Criterion& criterion) {
  const std::vector<Index> order = BestFirst(criterion.rough(candidates));
  MatrixXd kept(candidates.rows(), std::min(candidates.cols(), kScreened));
  for (Index i = 0; i < kept.cols(); ++i) {
    kept.col(i) = candidates.col(order[static_cast<std::size_t>(i)]);
  }
  return kept;
}

/// What climbs from some of the candidates reach, the best first.
std::vector<Maximum> Tops(const Climber& climber, const MatrixXd& candidates,
                          const VectorXd& values, const std::vector<Index>& starts) {
  std::vector<Maximum> tops;
  tops.reserve(starts.size());
  for (const Index start : starts) {
    tops.push_back(climber.Climb({candidates.col(start), values[start]}));
  }
  std::ranges::stable_sort(tops, std::ranges::greater(), &Maximum::value);
  return tops;
}

}  // namespace

std::optional<VectorXd> SearchBest(const Dimensions& dimensions, const Criterion& criterion,
                                   const MatrixXd& incumbents, const SearchOptions& options,
                                   Rng rng) {
  if (const std::optional<MatrixXd> all = AllPoints(dimensions, kSearchWhole)) {
    const auto refused = [&](const VectorXd& point) {
      return options.taken(point) || (options.feasible && !options.feasible(point));
    };
    return FirstFree(*all, BestFirst(criterion.values(*all)), refused);
  }
  MatrixXd candidates = Candidates(dimensions, incumbents, options, rng);
  if (candidates.cols() == 0) {
    return std::nullopt;
  }
  if (criterion.rough) {
    candidates = Screened(candidates, criterion);
  }
  const VectorXd values = criterion.values(candidates);
  const std::vector<Index> order = BestFirst(values);
  std::vector<Maximum> tops;
  if (options.local) {
    const Climber climber(dimensions, criterion, options);
    tops = Tops(climber, candidates, values, Starts(candidates, order, options.starts));
    const std::size_t polished = options.feasible ? std::min(kPolished, tops.size()) : 0;
    for (std::size_t i = 0; i < polished; ++i) {
      climber.Polish(tops[i], rng);
    }
    std::ranges::stable_sort(tops, std::ranges::greater(), &Maximum::value);
  }
  const auto free =
      std::ranges::find_if(tops, [&](const Maximum& top) { return !options.taken(top.x); });
  return free != tops.end() ? free->x : FirstFree(candidates, order, options.taken);
}

}  // namespace hone::gp
