// SPDX-License-Identifier: Apache-2.0
// Source: Jones, Schonlau, Welch 1998, "Efficient global optimization", section 4.2: the search
// ends when the largest expected improvement is small. Differs from it in: the improvement is in
// the objective's own unit, by integration, since the model sees transformed values.
#include "algorithms/expected_gain.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "algorithms/gp/outputs.h"
#include "algorithms/gp/search.h"

namespace hone {
namespace {

using Eigen::Index;
using gp::VectorXd;

constexpr std::size_t kLeastResults = 10;
constexpr std::size_t kIncumbents = 5;

/// E[max(best - back(mean + sd z), 0)] of a standard normal z, by the trapezoidal rule, whose error
/// is beyond double precision for so smooth and fast a fall at both ends; the kink at the best
/// costs at most a part in a thousand.
double Improvement(const gp::OutputMap& map, double best, double mean, double sd) {
  constexpr double kEnd = 8;
  constexpr int kSteps = 640;
  constexpr double kWidth = 2 * kEnd / kSteps;
  constexpr double kDensity = 0.39894228040143267794;  // of a standard normal at 0
  double sum = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const double z = -kEnd + kWidth * i;
    const double gain = best - map.Back(mean + sd * z);
    sum += std::max(gain, 0.0) * kDensity * std::exp(-z * z / 2);
  }
  return sum * kWidth;
}

}  // namespace

ExpectedGain::ExpectedGain(UnitSpace space)
    : space_(std::move(space)), embedding_(space_.dimensions()) {}

Result<std::unique_ptr<ExpectedGain>> ExpectedGain::Create(const Space& space) {
  HONE_ASSIGN_OR_RETURN(SpaceEncoder encoder, SpaceEncoder::Create(space));
  return std::unique_ptr<ExpectedGain>(new ExpectedGain(UnitSpace(space, std::move(encoder))));
}

/// One overload for each kind that says something about results.
struct ExpectedGain::Learner {
  ExpectedGain& self;

  Status operator()(const history::Proposed& what) const {
    HONE_ASSIGN_OR_RETURN(VectorXd point, self.space_.Encode(what.values));
    self.tried_.insert(point);
    self.running_.insert_or_assign(what.trial, std::move(point));
    return {};
  }
  Status operator()(const history::Completed& what) const {
    self.Finish(what.trial, what.values.front(), false);
    return {};
  }
  Status operator()(const history::StoppedEarly& what) const {
    if (!what.values.empty()) {
      self.Finish(what.trial, what.values.front(), true);
    }
    return {};
  }
  Status operator()(const history::Infeasible& what) const {
    self.Finish(what.trial, std::nullopt, false);
    return {};
  }
  template <class Other>
  Status operator()(const Other& /*what*/) const {
    return {};
  }
};

Status ExpectedGain::Observe(History items) {
  for (const HistoryItem& item : items) {
    HONE_RETURN_IF_ERROR(std::visit(Learner{*this}, item.what));
  }
  return {};
}

void ExpectedGain::Finish(TrialNumber trial, std::optional<double> value, bool stopped) {
  if (auto ran = running_.extract(trial)) {
    completed_ += value && !stopped ? 1 : 0;
    results_.push_back({std::move(ran.mapped()), value, std::nullopt, stopped});
  }
}

std::size_t ExpectedGain::LeastResults() const {
  return std::max(kLeastResults, 2 * static_cast<std::size_t>(space_.size()) + 2);
}

/// Of the model's rows; those that were stopped early count as the worst, as the model has it.
VectorXd ExpectedGain::OutputsOf(const std::vector<std::size_t>& rows) const {
  VectorXd outputs(std::ssize(rows));
  double worst = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    outputs[static_cast<Index>(i)] = results_[rows[i]].value.value_or(0);
    worst = results_[rows[i]].stopped ? worst : std::max(worst, outputs[static_cast<Index>(i)]);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    double& output = outputs[static_cast<Index>(i)];
    output = results_[rows[i]].stopped ? std::max(worst, output) : output;
  }
  return outputs;
}

/// Where the logarithm of the expected improvement is largest.
std::optional<VectorXd> ExpectedGain::BestPoint(const gp::Model* feasibility) const {
  const VectorXd means = value_.model().FittedMeans();
  std::vector<std::pair<double, std::size_t>> good;
  for (std::size_t i = 0; i < value_.rows().size(); ++i) {
    good.emplace_back(means[static_cast<Index>(i)], value_.rows()[i]);
  }
  std::ranges::sort(good);
  const std::size_t kept = std::min(good.size(), kIncumbents);
  gp::MatrixXd incumbents(space_.size(), static_cast<Index>(kept));
  for (std::size_t i = 0; i < kept; ++i) {
    incumbents.col(static_cast<Index>(i)) = results_[good[i].second].point;
  }
  const gp::Criterion improvement =
      gp::Averaged(gp::Acquisition(), {&value_.model(), 1},
                   {.log_duration = nullptr, .feasibility = feasibility});
  gp::SearchOptions search;
  search.taken = [&](const VectorXd& point) { return tried_.contains(space_.Canonical(point)); };
  if (space_.IsConstrained()) {
    search.feasible = [this](const VectorXd& point) { return space_.IsFeasible(point); };
  }
  const auto count = static_cast<std::uint32_t>(results_.size());
  return SearchBest(space_.dimensions(), improvement, incumbents, search,
                    Rng(0, Scope::Experiment(), Purpose::kAcquisition, count));
}

std::optional<double> ExpectedGain::Best() {
  if (completed_ < LeastResults() || space_.size() == 0) {
    return std::nullopt;
  }
  value_.Update(embedding_, results_, gp::Target::kValue);
  const bool failures = std::ranges::any_of(
      results_, [](const gp::Observed& result) { return !result.value.has_value(); });
  if (failures) {
    feasibility_.Update(embedding_, results_, gp::Target::kFeasibility);
  }
  const gp::Model* const feasibility = failures ? &feasibility_.model() : nullptr;
  const std::optional<VectorXd> point = BestPoint(feasibility);
  if (!point) {
    return std::nullopt;
  }
  const VectorXd outputs = OutputsOf(value_.rows());
  const gp::OutputMap map(outputs, gp::TransformedOutputs(outputs));
  const double best = map.Back(value_.model().FittedMeans().minCoeff());
  const gp::Prediction found = value_.model().Predict(*point);
  const double chance = failures ? std::exp(LogFeasibility(*feasibility, *point)[0]) : 1.0;
  return chance * Improvement(map, best, found.mean[0], found.sd[0]);
}

}  // namespace hone
