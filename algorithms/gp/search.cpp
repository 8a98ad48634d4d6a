// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/search.h"

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "algorithms/gp/fit.h"

namespace hone::gp {
namespace {

using Eigen::Index;

constexpr Index kNeighbours = 24;  // of each incumbent
constexpr std::size_t kSearchWhole = 1024;
constexpr int kRounds = 3;  // of L-BFGS and moves
constexpr int kMovesInRound = 6;
// Two starts nearer than this would climb the same hill.
constexpr double kApart = 0.05;

/// Points in the order of falling values.
std::vector<Index> BestFirst(const VectorXd& values) {
  std::vector<Index> order(static_cast<std::size_t>(values.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, [&](Index a, Index b) { return values[a] > values[b]; });
  return order;
}

/// Incumbents with some coordinates moved: near ones, of every width, and other values.
MatrixXd Neighbours(const Dimensions& dimensions, const MatrixXd& incumbents, Rng& rng) {
  MatrixXd points(incumbents.rows(), incumbents.cols() * kNeighbours);
  const double move = std::min(1.0, 4.0 / static_cast<double>(dimensions.size()));
  for (Index i = 0; i < points.cols(); ++i) {
    points.col(i) = incumbents.col(i / kNeighbours);
    const double width = 0.3 * std::pow(10.0, -2.5 * rng.Uniform());
    const auto always = static_cast<Index>(rng.Below(static_cast<std::uint32_t>(points.rows())));
    for (Index d = 0; d < points.rows(); ++d) {
      const bool moved = rng.Uniform() < move || d == always;
      const double step = rng.Normal();
      const double fresh = rng.Uniform();
      const bool choice = IsChoice(dimensions[static_cast<std::size_t>(d)]);
      const double there = choice ? fresh : std::clamp(points(d, i) + width * step, 0.0, 1.0);
      points(d, i) = moved ? there : points(d, i);
    }
  }
  return points;
}

class Climber {
 public:
  Climber(const Dimensions& dimensions, const Model& model, const Acquisition& acquisition,
          int iterations)
      : dimensions_(dimensions), model_(model), acquisition_(acquisition), iterations_(iterations) {
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

 private:
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
    const auto objective = [&](const VectorXd& x, VectorXd* gradient) {
      for (Index k = 0; k < count; ++k) {
        point[smooth_[static_cast<std::size_t>(k)]] = x[k];
      }
      VectorXd whole;
      const double value = acquisition_.ValueAt(model_, point, &whole);
      for (Index k = 0; k < count; ++k) {
        (*gradient)[k] = whole[smooth_[static_cast<std::size_t>(k)]];
      }
      return value;
    };
    const Box box{VectorXd::Zero(count), VectorXd::Ones(count)};
    const Maximum found = Maximise(objective, start, box, iterations_);
    for (Index k = 0; k < count; ++k) {
      point[smooth_[static_cast<std::size_t>(k)]] = found.x[k];
    }
    point = Snapped(dimensions_, std::move(point));
    const double value = acquisition_.ValueAt(model_, point, nullptr);
    return value > at.value ? Maximum{std::move(point), value} : at;
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
      const MatrixXd points = Moves(at.x);
      if (points.cols() == 0) {
        break;
      }
      Index best = 0;
      const double value = acquisition_.Values(model_, points).maxCoeff(&best);
      if (!(value > at.value)) {
        break;
      }
      at = {points.col(best), value};
      moved = true;
    }
    return moved;
  }

  const Dimensions& dimensions_;
  const Model& model_;
  const Acquisition& acquisition_;
  int iterations_;
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
                                  const Taken& taken) {
  for (const Index i : order) {
    if (!taken(candidates.col(i))) {
      return candidates.col(i);
    }
  }
  return std::nullopt;
}

MatrixXd Candidates(const Dimensions& dimensions, const MatrixXd& incumbents,
                    const SearchOptions& options, Rng& rng) {
  const auto rows = static_cast<Index>(dimensions.size());
  const MatrixXd near = Neighbours(dimensions, incumbents, rng);
  MatrixXd candidates(rows, options.sobol_points + near.cols());
  candidates << ShiftedSobol(rows, 0, options.sobol_points, rng), near;
  for (Index i = 0; i < candidates.cols(); ++i) {
    candidates.col(i) = Snapped(dimensions, candidates.col(i));
  }
  return candidates;
}

}  // namespace

MatrixXd ShiftedSobol(Index dimensions, std::uint32_t first, Index count, Rng shift) {
  constexpr auto kMost = static_cast<Index>(boost::random::default_sobol_table::max_dimension);
  const Index even = std::min(dimensions, kMost);
  std::vector<std::uint32_t> flips(static_cast<std::size_t>(even));
  std::ranges::generate(flips, [&] { return shift(); });
  boost::random::sobol_engine<std::uint32_t, 32> engine(static_cast<std::size_t>(even));
  if (first > 0) {
    engine.seed(first - 1);  // Boost leaves the point at zero out
  }
  MatrixXd points(dimensions, count);
  for (Index i = 0; i < count; ++i) {
    const bool at_zero = first == 0 && i == 0;
    for (Index d = 0; d < even; ++d) {
      const std::uint32_t digits = at_zero ? 0 : engine();
      points(d, i) = (digits ^ flips[static_cast<std::size_t>(d)]) * 0x1p-32;
    }
    for (Index d = even; d < dimensions; ++d) {
      points(d, i) = shift.Uniform();
    }
  }
  return points;
}

std::optional<MatrixXd> AllPoints(const Dimensions& dimensions, std::size_t limit) {
  std::size_t total = 1;
  for (const Dimension& dimension : dimensions) {
    if (dimension.values.empty()) {
      return std::nullopt;
    }
    total *= dimension.values.size();
    if (total > limit) {
      return std::nullopt;
    }
  }
  const bool conditional =
      std::ranges::any_of(dimensions, [](const Dimension& d) { return d.parent.has_value(); });
  std::vector<VectorXd> points;
  for (std::size_t i = 0; i < total; ++i) {
    VectorXd point(static_cast<Index>(dimensions.size()));
    std::size_t rest = i;
    for (std::size_t d = 0; d < dimensions.size(); ++d) {
      const std::vector<double>& values = dimensions[d].values;
      point[static_cast<Index>(d)] = values[rest % values.size()];
      rest /= values.size();
    }
    // Of those that differ in inactive coordinates only, the snapped one stands for all.
    VectorXd snapped = Snapped(dimensions, point);
    if (!conditional || std::ranges::find(points, snapped) == points.end()) {
      points.push_back(std::move(snapped));
    }
  }
  MatrixXd all(static_cast<Index>(dimensions.size()), static_cast<Index>(points.size()));
  for (std::size_t i = 0; i < points.size(); ++i) {
    all.col(static_cast<Index>(i)) = points[i];
  }
  return all;
}

std::optional<VectorXd> SearchBest(const Dimensions& dimensions, const Model& model,
                                   const Acquisition& acquisition, const MatrixXd& incumbents,
                                   const SearchOptions& options, Rng rng) {
  if (const std::optional<MatrixXd> all = AllPoints(dimensions, kSearchWhole)) {
    return FirstFree(*all, BestFirst(acquisition.Values(model, *all)), options.taken);
  }
  const Taken& taken = options.taken;
  const MatrixXd candidates = Candidates(dimensions, incumbents, options, rng);
  const VectorXd values = acquisition.Values(model, candidates);
  const std::vector<Index> order = BestFirst(values);
  std::vector<Maximum> tops;
  if (options.local) {
    const Climber climber(dimensions, model, acquisition, options.iterations);
    for (const Index start : Starts(candidates, order, options.starts)) {
      tops.push_back(climber.Climb({candidates.col(start), values[start]}));
    }
  }
  std::ranges::stable_sort(tops,
                           [](const Maximum& a, const Maximum& b) { return a.value > b.value; });
  for (const Maximum& top : tops) {
    if (!taken(top.x)) {
      return top.x;
    }
  }
  return FirstFree(candidates, order, taken);
}

}  // namespace hone::gp
