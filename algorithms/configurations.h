// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "algorithms/ladder.h"
#include "algorithms/searcher.h"

namespace hone {

/// Where a multi-fidelity search has new configurations from: at random, or by a model of the
/// results at one budget.
class Configurations {
 public:
  /// Of BOHB.
  struct Model {
    std::size_t min_results = 0;  ///< at one budget; the largest with so many is modelled
    double random_share = 0;      ///< of configurations that are random nevertheless
  };
  struct Wish {
    TrialNumber trial = 0;
    std::size_t level = 0;
  };

  /// @param context, ladder  used during Create only. @param model  nothing: always at random
  static Result<Configurations> Create(const SearchContext& context, const Ladder& ladder,
                                       std::optional<Model> model);

  /// What happened to a trial of this level.
  Status Observe(std::size_t level, const HistoryItem& item);
  /// One configuration for each wish; the budget in it is of any level.
  [[nodiscard]] Result<std::vector<Assignment>> Draw(const std::vector<Wish>& wishes) const;

 private:
  /// The searchers of one budget, in whose spaces the budget is fixed.
  struct Level {
    std::unique_ptr<Searcher> random;
    std::unique_ptr<Searcher> modelled;  // null without a model
    std::size_t results = 0;
  };

  static Result<Level> MakeLevel(const SearchContext& context, const Space& space, bool with_model);
  Configurations(std::uint64_t seed, std::optional<Model> model) : seed_(seed), model_(model) {}
  /// @returns nothing: none has enough results
  [[nodiscard]] const Level* Modelled() const;
  [[nodiscard]] bool IsRandom(TrialNumber trial) const;

  std::uint64_t seed_;
  std::optional<Model> model_;
  std::vector<Level> levels_;
};

}  // namespace hone
