// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/gp/criterion.h"
#include "algorithms/gp/front_models.h"
#include "algorithms/gp/surrogate.h"
#include "algorithms/gp_results.h"
#include "base/guarded.h"

namespace hone {

/// What one call of Propose works on.
struct GpRound {
  PointSet taken;
  std::vector<gp::Model> value;            ///< draws
  std::optional<gp::FrontModels> front;    ///< instead, of several objectives
  std::unique_ptr<gp::Model> duration;     ///< null: not asked for, or nothing known
  std::unique_ptr<gp::Model> feasibility;  ///< null: nothing has failed
  std::vector<gp::Model> bounds;           ///< of the outcome constraints, as far as known
  bool some_within = true;                 ///< some result keeps all of them
  gp::MatrixXd incumbents;                 ///< in columns, the best first
  bool models = false;                     ///< there are enough results for them
  std::vector<gp::VectorXd> pending;       ///< running, or given in this round

  [[nodiscard]] bool IsTaken(const gp::VectorXd& point) const { return taken.contains(point); }
  [[nodiscard]] gp::Weights weights() const;
  [[nodiscard]] gp::Criterion By(const gp::Acquisition& acquisition) const {
    return gp::Averaged(acquisition, value, weights());
  }
  /// Whether the models expect that a trial comes to its end there, within the bounds.
  [[nodiscard]] bool ExpectsWithin(const gp::VectorXd& point) const;
  /// A point of this round, for the proposals that follow.
  void Add(const gp::VectorXd& point);
};

/// The models of a search, memoised: functions of its results.
class GpModels {
 public:
  struct Options {
    std::string acquisition;  ///< by name; empty: hone's own
    std::size_t objectives = 1;
    const gp::Device* device = nullptr;  ///< of the model of a single objective
    [[nodiscard]] bool PerSecond() const { return acquisition == "EIps" || acquisition == "PIps"; }
    /// Whether several objectives are weighed by what they add to the front's hypervolume. Above
    /// that, and with an acquisition function by name, they are scalarised.
    [[nodiscard]] bool UsesFront() const {
      return objectives > 1 && objectives <= gp::kMostForHypervolume && acquisition.empty();
    }
  };
  /// @param embedding  of the models of values; must live as long
  GpModels(const gp::Embedding& embedding, Options options, std::uint64_t seed)
      : embedding_(embedding),
        plain_(embedding.dimensions()),
        options_(std::move(options)),
        seed_(seed),
        value_(gp::Surrogate(gp::Surrogate::kDraws, seed, options_.device)) {}

  /// What earlier tasks found, before the first question; for a single objective.
  void SetEarlier(std::vector<std::vector<gp::Observed>> earlier) {
    value_.WithLock([&](gp::Surrogate& value) { value.SetEarlier(std::move(earlier)); });
  }

  /// Sets models and incumbents for a trial of this number. @threads safe
  void SetFor(GpRound& round, const GpResults& results, TrialNumber number) const;

 private:
  struct Others {
    gp::Surrogate duration;
    gp::Surrogate feasibility;
    std::vector<gp::Surrogate> bounds;
  };
  [[nodiscard]] gp::Surrogate ScalarModel(const GpResults& results, TrialNumber number) const;
  bool SetFront(GpRound& round, const GpResults& results) const;
  void SetWeights(GpRound& round, const GpResults& results) const;

  const gp::Embedding& embedding_;
  gp::Embedding plain_;  // of the others, whose priors are those of any function
  Options options_;
  std::uint64_t seed_;
  mutable Guarded<std::vector<gp::Surrogate>> objectives_;
  mutable Guarded<gp::Surrogate> value_;  // of a single objective
  mutable Guarded<Others> others_;
};

}  // namespace hone
