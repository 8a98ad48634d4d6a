// SPDX-License-Identifier: Apache-2.0
#include "algorithms/importance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "algorithms/encoder.h"
#include "algorithms/importance/ped_anova.h"

namespace hone {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using importance::PedFeature;
using Outcome = PastTrial::Outcome;
using Row = ImportanceReport::Row;

// Leaves of a tree, about: the analysis works on pairs of them.
constexpr std::size_t kMostLeaves = 256;
// PED-ANOVA: the best tenth (its authors' choice), but a density of fewer trials says nothing.
constexpr std::size_t kBestPart = 10;
constexpr std::size_t kLeastBest = 5;
constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();

/// Coordinates of a trial; categories as 0, 1, ...; NaN where a parameter is not active.
Result<VectorXd> PointOf(const SpaceEncoder& encoder, const Assignment& values) {
  HONE_ASSIGN_OR_RETURN(const std::vector<double> u, encoder.Encode(values));
  VectorXd point(std::ssize(u));
  for (std::size_t d = 0; d < u.size(); ++d) {
    const double place =
        encoder.IsCategorical(d) ? static_cast<double>(encoder.CellOf(d, u[d])) : u[d];
    point[static_cast<Index>(d)] = values[d].active ? place : kAbsent;
  }
  return point;
}

Result<MatrixXd> PointsOf(const SpaceEncoder& encoder, std::span<const PastTrial* const> trials) {
  MatrixXd points(static_cast<Index>(encoder.dimensions()), std::ssize(trials));
  Index column = 0;
  for (const PastTrial* trial : trials) {
    HONE_ASSIGN_OR_RETURN(points.col(column), PointOf(encoder, trial->values));
    ++column;
  }
  return points;
}

/// Of moderate size, so that no square is infinite, by a power of two, which rounds nothing; their
/// mean taken off. Shares depend on neither.
VectorXd Scaled(VectorXd outputs) {
  const int exponent = std::ilogb(std::max(outputs.cwiseAbs().maxCoeff(), 1e-300));
  outputs = outputs.unaryExpr([&](double value) { return std::ldexp(value, -exponent); });
  outputs.array() -= outputs.mean();
  return outputs;
}

void SetFanova(const SpaceEncoder& encoder, const MatrixXd& points, const VectorXd& values,
               std::uint64_t seed, ImportanceReport& report) {
  std::vector<forest::Feature> features;
  for (std::size_t d = 0; d < encoder.dimensions(); ++d) {
    features.push_back(
        {encoder.IsCategorical(d) ? static_cast<std::size_t>(encoder.Cells(d).value_or(0)) : 0});
  }
  forest::Options options;
  const std::size_t drawn = std::min(static_cast<std::size_t>(points.cols()), options.most_drawn);
  options.least_in_leaf = std::max<std::size_t>(1, drawn / kMostLeaves);
  const forest::Forest forest(std::move(features), points, Scaled(values), options, seed);
  const importance::Fanova shares = importance::DecomposeVariance(forest);
  for (std::size_t d = 0; d < encoder.dimensions(); ++d) {
    report.rows.push_back({d, shares.main[d], shares.total[d]});
  }
  report.interactions = shares.interactions;
  report.explained = forest.ExplainedOutOfBag();
}

void SetPedAnova(const SpaceEncoder& encoder, const MatrixXd& points, const VectorXd& badness,
                 std::uint64_t seed, ImportanceReport& report) {
  std::vector<PedFeature> features;
  for (std::size_t d = 0; d < encoder.dimensions(); ++d) {
    features.push_back(
        {static_cast<std::size_t>(encoder.Cells(d).value_or(0)), encoder.IsCategorical(d)});
  }
  const auto n = static_cast<std::size_t>(points.cols());
  const auto completed = static_cast<std::size_t>((badness.array().isFinite()).count());
  report.best = std::min(std::max((n + kBestPart - 1) / kBestPart, kLeastBest), completed);
  const auto shares = importance::PedAnovaWithSpread(features, points, badness, report.best, seed);
  for (std::size_t d = 0; d < shares.size(); ++d) {
    report.rows.push_back({d, shares[d]});
  }
}

/// Whether the completed ones differ in value.
bool Differ(std::span<const PastTrial* const> trials) {
  return std::ranges::any_of(trials, [&](const PastTrial* trial) {
    return trial->outcome == Outcome::kCompleted && trial->value != trials.front()->value;
  });
}

}  // namespace

Result<ImportanceReport> ImportanceOf(const Space& space, std::span<const PastTrial> trials,
                                      ImportanceMethod method, std::uint64_t seed) {
  HONE_ASSIGN_OR_RETURN(const SpaceEncoder encoder, SpaceEncoder::Create(space));
  ImportanceReport report;
  std::vector<const PastTrial*> used;  // the completed ones first
  for (const PastTrial& trial : trials) {
    report.stopped += trial.outcome == Outcome::kStopped ? 1U : 0U;
    report.infeasible += trial.outcome == Outcome::kInfeasible ? 1U : 0U;
    if (trial.outcome == Outcome::kCompleted) {
      used.push_back(&trial);
    }
  }
  if (used.size() < kLeastForImportance) {
    return Fail(Code::kFailedPrecondition,
                "importance needs " + std::to_string(kLeastForImportance) +
                    " trials that ended with a number; there are " + std::to_string(used.size()));
  }
  if (!Differ(used)) {
    return Fail(Code::kFailedPrecondition,
                "all " + std::to_string(used.size()) +
                    " trials have the same objective value: no parameter made a difference");
  }
  const std::size_t completed = used.size();
  for (const PastTrial& trial : trials) {
    if (method == ImportanceMethod::kPedAnova && trial.outcome != Outcome::kCompleted) {
      used.push_back(&trial);
    }
  }
  report.trials = used.size();
  VectorXd values = VectorXd::Constant(std::ssize(used), std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < completed; ++i) {
    values[static_cast<Index>(i)] = used[i]->value;
  }
  HONE_ASSIGN_OR_RETURN(const MatrixXd points, PointsOf(encoder, used));
  if (method == ImportanceMethod::kFanova) {
    SetFanova(encoder, points, values, seed, report);
  } else {
    SetPedAnova(encoder, points, values, seed, report);
  }
  std::ranges::stable_sort(report.rows, std::ranges::greater(),
                           [](const Row& row) { return row.importance.mean; });
  return report;
}

}  // namespace hone
