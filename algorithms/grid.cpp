// SPDX-License-Identifier: Apache-2.0
// Every combination of values exactly once.
//
// Differs from Katib's (optuna's GridSampler) in: the order is the file's, last parameter fastest,
// and shuffled only when random_state is set; asking beyond the end is no error but ends the
// search; a maxTrialCount above the number of combinations is a warning.
#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "algorithms/encoder.h"
#include "algorithms/feasible.h"
#include "algorithms/registry.h"
#include "algorithms/seed.h"
#include "base/rng.h"

namespace hone {
namespace {

// Beyond this a grid is never finished, and sums of indices would have to mind overflow.
constexpr std::uint64_t kMaxCombinations = std::uint64_t{1} << 62;

// Infeasible combinations in a row before the feasible region counts as too small.
constexpr std::uint64_t kMostSkipped = std::uint64_t{1} << 20;
// Grids up to this size are counted combination by combination when they are checked.
constexpr std::uint64_t kMostCounted = std::uint64_t{1} << 16;

/// A permutation of 0 .. count-1 in constant memory: a Feistel network over the next even number of
/// bits; results outside are sent through again until they fall inside ("cycle walking").
/// Source: Black, Rogaway 2002, "Ciphers with arbitrary finite domains".
class Permutation {
 public:
  Permutation(std::uint64_t count, std::uint64_t seed) : count_(count), seed_(seed) {
    while (half_bits_ < 31 && (std::uint64_t{1} << (2 * half_bits_)) < count) {
      ++half_bits_;
    }
  }

  [[nodiscard]] std::uint64_t operator()(std::uint64_t index) const {
    std::uint64_t x = index;
    do {
      x = Once(x);
    } while (x >= count_);
    return x;
  }

 private:
  [[nodiscard]] std::uint64_t Once(std::uint64_t x) const {
    constexpr std::uint32_t kRounds = 4;
    const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
    std::uint64_t left = x >> half_bits_;
    std::uint64_t right = x & mask;
    for (std::uint32_t round = 0; round < kRounds; ++round) {
      Rng rng(seed_, Scope{Scope::Kind::kExperiment, round}, Purpose::kShuffle,
              static_cast<std::uint32_t>(right));
      const std::uint64_t next = left ^ (rng() & mask);
      left = right;
      right = next;
    }
    return (left << half_bits_) | right;
  }

  std::uint64_t count_;
  std::uint64_t seed_;
  unsigned half_bits_ = 1;
};

/// Product of the numbers of values; nothing if a parameter is continuous or the product is too
/// large.
std::optional<std::uint64_t> Combinations(const Space& space) {
  std::uint64_t product = 1;
  for (const Parameter& parameter : space.parameters) {
    const std::optional<std::uint64_t> count = Cardinality(parameter.domain);
    if (!count || *count == 0 || *count > kMaxCombinations / product) {
      return std::nullopt;
    }
    product *= *count;
  }
  return product;
}

/// State: the combinations proposed so far, whoever proposed them, so that none is lost when a
/// reservation is withdrawn and none is repeated. Kept as "all before next_" and a set of the
/// others, which stays empty as long as the answers are used in order.
class Grid final : public Searcher {
 public:
  static Result<std::unique_ptr<Searcher>> Create(const SearchContext& context) {
    HONE_ASSIGN_OR_RETURN(SpaceEncoder encoder, SpaceEncoder::Create(context.space));
    Problems problems;
    Check(context, problems);
    for (const Problem& problem : problems.list()) {
      if (problem.severity == Problem::Severity::kError) {
        return Fail(Code::kInvalidArgument, problem.message, problem.field);
      }
    }
    const std::uint64_t count = Combinations(context.space).value_or(0);
    std::optional<Permutation> order;
    if (context.settings.Has("random_state")) {
      order.emplace(count, SeedOf(context.settings, context.seed));
    }
    return std::unique_ptr<Searcher>(new Grid(std::move(encoder), count, order));
  }

  static void Check(const SearchContext& context, Problems& problems) {
    bool countable = true;
    for (std::size_t i = 0; i < context.space.parameters.size(); ++i) {
      const Parameter& parameter = context.space.parameters[i];
      if (!Cardinality(parameter.domain)) {
        problems.Refuse("spec.parameters[" + std::to_string(i) + "].feasibleSpace.step",
                        "grid needs a step for the double parameter \"" + parameter.name +
                            "\"; add one, or use random or sobol");
        countable = false;
      }
    }
    const std::optional<std::uint64_t> count = Combinations(context.space);
    if (countable && !count) {
      problems.Refuse("spec.parameters",
                      "the grid has more than 2^62 combinations; use larger steps, or random");
    }
    if (count) {
      CheckCount(context, *count, problems);
    }
  }

  Status Observe(History deltas) override {
    for (const HistoryItem& item : deltas) {
      const auto* proposed = std::get_if<history::Proposed>(&item.what);
      if (proposed == nullptr) {
        continue;
      }
      const Result<std::uint64_t> combination = CombinationOf(proposed->values);
      if (!combination) {
        return Fail(Code::kInternal,
                    "trial " + std::to_string(proposed->trial) +
                        " cannot be of this space: " + combination.error().message);
      }
      used_.insert(*combination);
    }
    std::uint64_t index = next_;
    while (NextFeasible(index) && used_.erase(At(index)) > 0) {
      next_ = ++index;
    }
    return {};
  }

  [[nodiscard]] Result<std::vector<Proposal>> Propose(
      const ProposeRequest& request) const override {
    std::vector<Proposal> answers;
    std::uint64_t index = next_;
    while (answers.size() < request.numbers.size()) {
      HONE_RETURN_IF_ERROR(NextFeasible(index));
      if (index >= count_) {
        answers.emplace_back(proposal::Exhausted{
            encoder_.space().constraints.empty()
                ? "all " + std::to_string(count_) + " combinations of the grid are used"
                : "all feasible combinations of the grid are used"});
      } else if (!used_.contains(At(index))) {
        proposal::Start start;
        start.values = ValuesOf(At(index));
        answers.emplace_back(std::move(start));
      }
      ++index;
    }
    return answers;
  }

 private:
  Grid(SpaceEncoder encoder, std::uint64_t count, std::optional<Permutation> order)
      : encoder_(std::move(encoder)), count_(count), order_(order) {}

  /// Warns of a budget that the grid cannot fill, and refuses a small one without a feasible
  /// combination.
  static void CheckCount(const SearchContext& context, std::uint64_t count, Problems& problems) {
    const bool constrained = !context.space.constraints.empty();
    if (constrained && count <= kMostCounted) {
      const Result<SpaceEncoder> encoder = SpaceEncoder::Create(context.space);
      if (!encoder) {
        return;  // told by CheckSpace
      }
      const Grid grid(*encoder, count, std::nullopt);
      std::uint64_t feasible = 0;
      for (std::uint64_t combination = 0; combination < count; ++combination) {
        feasible += context.space.Feasible(grid.ValuesOf(combination)) ? 1U : 0U;
      }
      if (feasible == 0) {
        problems.Refuse("spec.constraints", "none of the " + std::to_string(count) +
                                                " combinations of the grid satisfies all "
                                                "constraints; relax them");
        return;
      }
      count = feasible;
    }
    if (context.max_trial_count &&
        static_cast<std::uint64_t>(std::max(*context.max_trial_count, 0)) > count) {
      problems.Warn("spec.maxTrialCount",
                    "the grid has only " + std::to_string(count) +
                        (constrained && count <= kMostCounted ? " feasible" : "") +
                        " combinations; the experiment ends when they are used up");
    }
  }

  /// Moves a place of the order on to the next feasible combination, or to the end.
  /// @errors kFailedPrecondition: none for very long
  Status NextFeasible(std::uint64_t& index) const {
    if (encoder_.space().constraints.empty()) {
      return {};
    }
    for (std::uint64_t skipped = 0; skipped < kMostSkipped; ++skipped, ++index) {
      if (index >= count_ || encoder_.space().Feasible(ValuesOf(At(index)))) {
        return {};
      }
    }
    return NothingFeasible("none of the next " + std::to_string(kMostSkipped) +
                           " combinations of the grid");
  }

  /// The combination at a place of the order; beyond the end, no combination.
  [[nodiscard]] std::uint64_t At(std::uint64_t index) const {
    if (index >= count_) {
      return std::numeric_limits<std::uint64_t>::max();
    }
    return order_ ? (*order_)(index) : index;
  }

  [[nodiscard]] Result<std::uint64_t> CombinationOf(const Assignment& values) const {
    HONE_ASSIGN_OR_RETURN(const std::vector<double> u, encoder_.Encode(values));
    std::uint64_t combination = 0;
    for (std::size_t d = 0; d < u.size(); ++d) {
      combination = combination * encoder_.Cells(d).value_or(1) + encoder_.CellOf(d, u[d]);
    }
    return combination;
  }

  [[nodiscard]] Assignment ValuesOf(std::uint64_t combination) const {
    Assignment values(encoder_.dimensions());
    for (std::size_t d = values.size(); d > 0; --d) {
      const std::uint64_t cells = encoder_.Cells(d - 1).value_or(1);
      values[d - 1] = encoder_.ValueOfCell(d - 1, combination % cells);
      combination /= cells;
    }
    return values;
  }

  SpaceEncoder encoder_;
  std::uint64_t count_;
  std::optional<Permutation> order_;
  std::uint64_t next_ = 0;  // place in the order
  std::set<std::uint64_t> used_;
};

HONE_REGISTER_SEARCHER(grid, {.summary = "every combination of values exactly once",
                              .source = "Katib's grid; shuffle: Black & Rogaway 2002",
                              .supports = kReal | kInteger | kDiscrete | kCategorical | kParallel |
                                          kMultiObjective | kConstrained,
                              .settings = {RandomStateSetting()},
                              .create = &Grid::Create,
                              .check = &Grid::Check});

}  // namespace
}  // namespace hone
