// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "algorithms/gp/model.h"

namespace hone::gp {

/// One result, in the order in which they came.
struct Observed {
  VectorXd point;                      ///< canonical
  std::optional<double> value;         ///< to be minimised; nothing: infeasible
  std::optional<double> log_duration;  ///< logarithm of seconds
  /// The trial was stopped early: it would have come to some value, which nobody knows. Its
  /// configuration counts as no better than the worst that came to its end, and no better than its
  /// own value.
  bool stopped = false;
  /// How far it is beyond each bound of the outcome constraints; empty: nobody knows.
  std::vector<double> excess{};
  /// It came to its end, but beyond a bound: its value counts for the model and is never the best.
  bool beyond = false;
};

/// What is modelled, of the results that have it.
enum class Target {
  kValue,        ///< transformed values
  kObjective,    ///< the same without ranks: of several, the worse half counts
  kLogDuration,  ///< less their mean
  kFeasibility,  ///< 1 if it came to its end or was stopped, -1 if it failed; every result has it
  kBound,        ///< values that are to stay below 0, which keeps its place
};

/// A model of the results so far. Its hyperparameters are those of the last of fixed counts of
/// outputs, fitted from the same starts every time; later ones are rows appended to its factor.
/// So it is a function of the results, bit for bit, whether it was kept or made anew.
class Surrogate {
 public:
  /// Hyperparameters that are drawn while there are few results; then one suffices.
  static constexpr int kDraws = 8;
  /// With the most probable hyperparameters only.
  Surrogate() = default;
  /// For a search: with draws of hyperparameters while there are few results, and from
  /// TrustRegion::kFrom on mostly of the results around the best.
  /// @param draws  >= 2 @param seed  of the draws @param device  see Model
  Surrogate(int draws, std::uint64_t seed, const Device* device = nullptr)
      : draws_(draws), seed_(seed), device_(device) {}

  /// What was found of functions that may be like this one, before the first Update: the model then
  /// follows the trend of their models.
  void SetEarlier(std::vector<std::vector<Observed>> earlier) { earlier_ = std::move(earlier); }

  /// Brings a kept one up to date, or makes it anew. Results must begin with those it was made of;
  /// there is at least one that has what is modelled.
  void Update(const Embedding& embedding, std::span<const Observed> results, Target target);

  /// Of the most probable hyperparameters.
  [[nodiscard]] const Model& model() const { return models_.front(); }
  /// Of all draws, that one first; all hold the same results.
  [[nodiscard]] const std::vector<Model>& models() const { return models_; }
  /// Results that the model holds, in its order.
  [[nodiscard]] const std::vector<std::size_t>& rows() const { return rows_; }

  /// The count of outputs at whose arrival the hyperparameters in use at `count` were fitted: each
  /// up to 16, then a tenth more, at most 50 more.
  static std::size_t FitCount(std::size_t count);

 private:
  [[nodiscard]] std::shared_ptr<const Trend> MakeTrend(const Embedding& embedding) const;
  [[nodiscard]] Follows FollowedBy(std::size_t draw) const;
  void Refit(const Embedding& embedding, std::span<const Observed> results, Target target);

  int draws_ = 1;
  std::uint64_t seed_ = 0;
  const Device* device_ = nullptr;
  std::size_t seen_ = 0;            // results
  std::vector<std::size_t> known_;  // those of them that have an output
  std::size_t fitted_ = 0;          // of them, at the fit
  std::size_t in_model_ = 0;        // of them, up to the last appended
  std::vector<std::size_t> rows_;
  std::vector<Model> models_;
  std::vector<std::vector<Observed>> earlier_;
  std::shared_ptr<const Trend> trend_;  // of their models; null: none
};

}  // namespace hone::gp
