// SPDX-License-Identifier: Apache-2.0
#include "algorithms/tpe_earlier.h"

#include <algorithm>

#include "algorithms/likeness.h"

namespace hone::tpe {
namespace {

// Later ones hardly change the likeness, and what earlier tasks know counts little beside them.
constexpr std::size_t kMostCompared = 100;
// Of a trial of this task, what one of a task just like it counts.
constexpr double kShare = 0.5;

}  // namespace

void Earlier::Expect(const Known& known) {
  if (tasks_.empty()) {
    return;
  }
  Trial trial{std::vector<double>(tasks_.size(), 0.0)};
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const std::vector<std::size_t>& coordinates = blocks_[b].coordinates;
    if (!known.active[coordinates.front()]) {
      continue;
    }
    Eigen::ArrayXXd x(1, std::ssize(coordinates));
    std::ranges::transform(coordinates, x.data(), [&](std::size_t d) { return known.u[d]; });
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
      const Densities& densities = tasks_[t][b];
      trial.expected[t] += densities.bad.LogDensity(x)[0] - densities.good.LogDensity(x)[0];
    }
  }
  trials_.insert_or_assign(known.number, std::move(trial));
}

void Earlier::Found(TrialNumber trial, double loss) {
  if (const auto found = trials_.find(trial); found != trials_.end()) {
    found->second.loss = loss;
    found->second.completed = true;
  }
}

std::vector<double> Earlier::Shares() const {
  std::vector<std::vector<double>> expected(tasks_.size());
  std::vector<double> found;
  for (const auto& [number, trial] : trials_) {
    if (trial.completed && found.size() < kMostCompared) {
      found.push_back(trial.loss);
      for (std::size_t t = 0; t < tasks_.size(); ++t) {
        expected[t].push_back(trial.expected[t]);
      }
    }
  }
  std::vector<double> shares;
  for (const std::vector<double>& by_task : expected) {
    shares.push_back(kShare * Likeness(by_task, found) / static_cast<double>(tasks_.size()));
  }
  return shares;
}

void Earlier::Blend(std::size_t block, const std::vector<double>& shares, sampling::Blend& good,
                    sampling::Blend& bad) const {
  for (std::size_t t = 0; t < shares.size(); ++t) {
    const Densities& densities = tasks_[t][block];
    if (shares[t] > 0 && densities.goods > 0) {
      good.Add(densities.good, shares[t] * densities.goods);
      bad.Add(densities.bad, shares[t] * std::max(densities.bads, 1.0));
    }
  }
}

}  // namespace hone::tpe
