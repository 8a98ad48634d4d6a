// SPDX-License-Identifier: Apache-2.0
#include "algorithms/gp/front_models.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "algorithms/pareto/scalarise.h"

namespace hone::gp {
namespace {

using Eigen::Index;
using pareto::Losses;

// The worse half is not ranked and the reference point is this far: with ranks, 0.1 or 1 less of
// the front is found in 50 trials (benchmarks/quality/fronts.py).
constexpr double kBeyond = 0.5;

Losses MeansAt(const std::vector<Model>& objectives, const VectorXd& point) {
  Losses means;
  for (const Model& model : objectives) {
    means.push_back(model.Predict(point).mean[0]);
  }
  return means;
}

std::vector<Losses> Best(const std::vector<Losses>& points) {
  std::vector<Losses> best;
  for (const std::size_t i : pareto::Front(points)) {
    best.push_back(points[i]);
  }
  return best;
}

Losses ReferenceOf(const std::vector<Losses>& front) {
  Losses reference = front.front();
  for (std::size_t k = 0; k < reference.size(); ++k) {
    const auto [least, most] =
        std::ranges::minmax(front, {}, [&](const Losses& point) { return point[k]; });
    reference[k] = most[k] + kBeyond * std::max(most[k] - least[k], 1.0);
  }
  return reference;
}

}  // namespace

void FrontModels::Condition(const VectorXd& point) {
  means.push_back(MeansAt(objectives, point));
  points.push_back(point);
  for (Model& model : objectives) {
    model.Condition(point, false);
  }
}

Criterion FrontModels::Gain(Weights weights) const {
  const std::vector<Losses> front = Best(means);
  std::vector<const Model*> models;
  models.reserve(objectives.size());
  for (const Model& model : objectives) {
    models.push_back(&model);
  }
  return HypervolumeGain(Undominated(front, ReferenceOf(front)), models, std::move(weights));
}

MatrixXd FrontModels::Spread(std::size_t most) const {
  const std::vector<std::size_t> chosen = pareto::Elite(means, std::min(most, means.size()));
  MatrixXd spread(points.front().size(), std::ssize(chosen));
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    spread.col(static_cast<Index>(i)) = points[chosen[i]];
  }
  return spread;
}

FrontModels FrontOf(const Embedding& embedding, std::span<Surrogate> surrogates,
                    std::span<const std::vector<Observed>> results,
                    std::span<const Losses> losses) {
  FrontModels front;
  for (std::size_t k = 0; k < surrogates.size(); ++k) {
    surrogates[k].Update(embedding, results[k], Target::kObjective);
    front.objectives.push_back(surrogates[k].model());
  }
  std::vector<Losses> known;
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    if (!losses[i].empty() && !results.front()[i].stopped) {
      known.push_back(losses[i]);
      rows.push_back(i);
    }
  }
  for (const std::size_t i : pareto::Front(known)) {
    front.points.push_back(results.front()[rows[i]].point);
    front.means.push_back(MeansAt(front.objectives, front.points.back()));
  }
  return front;
}

std::vector<Observed> Scalarised(std::vector<Observed> results, std::span<const Losses> losses,
                                 std::span<const double> weights) {
  std::vector<Losses> known;
  std::ranges::copy_if(losses, std::back_inserter(known),
                       [](const Losses& one) { return !one.empty(); });
  const std::vector<double> values = pareto::Scalarise(known, weights);
  std::size_t next = 0;
  for (Observed& result : results) {
    if (result.value) {
      result.value = values[next++];
    }
  }
  return results;
}

}  // namespace hone::gp
