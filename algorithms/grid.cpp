// SPDX-License-Identifier: Apache-2.0
// Every combination of values of the active parameters exactly once.
//
// Differs from Katib's (optuna's GridSampler) in: the order is the file's, last parameter fastest,
// and shuffled only when random_state is set; asking beyond the end is no error but ends the
// search; a maxTrialCount above the number of combinations is a warning; an inactive parameter is
// not varied.
#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/feasible.h"
#include "algorithms/registry.h"
#include "algorithms/seed.h"
#include "base/check.h"
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

/// The combinations of active parameters, numbered in the order of the file with the last parameter
/// fastest, counted and found by number without listing them.
///
/// w_i(c): combinations of everything below parameter i in the tree of activeWhen while i has cell
/// c: the product of the sizes of the children that c makes active. It is 1 but for the few cells
/// that children name, so those are kept, and size_i = sum of w_i(c) is a short sum.
class Tree {
 public:
  /// @returns nothing if a parameter is continuous or there are more than kMaxCombinations
  static std::optional<Tree> Create(const SpaceEncoder& encoder) {
    Tree tree(encoder);
    for (std::size_t i = encoder.dimensions(); i > 0; --i) {  // children come after their parent
      if (!tree.Measure(i - 1)) {
        return std::nullopt;
      }
    }
    return tree;
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }

  /// @param combination  < count()
  [[nodiscard]] Assignment ValuesOf(std::uint64_t combination) const {
    Walk walk = Start();
    Assignment values;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!IsActive(i, walk)) {
        values.push_back(encoder_.InactiveValue(i));
        continue;
      }
      walk.pending /= nodes_[i].size;
      const std::uint64_t cell = CellHolding(nodes_[i], combination / walk.pending);
      combination -= Before(nodes_[i], cell) * walk.pending;
      Choose(i, cell, walk);
      values.push_back(encoder_.ValueOfCell(i, cell));
    }
    return values;
  }

  /// The inverse. @errors kInvalidArgument for values that are not of the space
  [[nodiscard]] Result<std::uint64_t> CombinationOf(const Assignment& values) const {
    HONE_ASSIGN_OR_RETURN(const std::vector<double> u, encoder_.Encode(values));
    Walk walk = Start();
    std::uint64_t combination = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!IsActive(i, walk)) {
        continue;
      }
      if (!values[i].active) {
        return Fail(Code::kInvalidArgument, "parameter \"" + encoder_.space().parameters[i].name +
                                                "\" is inactive, but should be active");
      }
      walk.pending /= nodes_[i].size;
      const std::uint64_t cell = encoder_.CellOf(i, u[i]);
      combination += Before(nodes_[i], cell) * walk.pending;
      Choose(i, cell, walk);
    }
    return combination;
  }

 private:
  /// A cell that children name.
  struct Branch {
    std::uint64_t cell = 0;
    std::uint64_t before = 0;  // sum of w of the cells before
    std::uint64_t weight = 1;  // w
  };
  struct Node {
    std::uint64_t cells = 0;
    std::uint64_t size = 0;
    std::vector<Branch> branches;  // by cell
  };
  /// The way along the parameters of one combination.
  struct Walk {
    std::vector<std::optional<std::uint64_t>> cells;  // of the parameters so far; nothing: inactive
    std::uint64_t pending = 1;  // combinations of the active parameters still to come
  };

  explicit Tree(const SpaceEncoder& encoder) : encoder_(encoder), nodes_(encoder.dimensions()) {}

  /// Sets the size of a parameter, and with it the weights of its parent's cells.
  [[nodiscard]] bool Measure(std::size_t i) {
    Node& node = nodes_[i];
    node.cells = encoder_.Cells(i).value_or(0);
    if (node.cells == 0 || node.cells > kMaxCombinations) {
      return false;
    }
    std::ranges::sort(node.branches, {}, &Branch::cell);
    std::uint64_t more = 0;  // than one a cell
    for (Branch& branch : node.branches) {
      branch.before = branch.cell + more;
      more += branch.weight - 1;
      if (more > kMaxCombinations - node.cells) {
        return false;
      }
    }
    node.size = node.cells + more;
    const std::optional<std::size_t> parent = encoder_.ParentOf(i);
    if (!parent) {
      return Multiply(count_, node.size);
    }
    const std::span<const std::uint64_t> listed = encoder_.ActiveCells(i);
    const std::set<std::uint64_t> active(listed.begin(), listed.end());
    return std::ranges::all_of(active, [&](std::uint64_t cell) {
      std::vector<Branch>& branches = nodes_[*parent].branches;
      auto branch = std::ranges::find(branches, cell, &Branch::cell);
      if (branch == branches.end()) {
        branch = branches.insert(branches.end(), Branch{.cell = cell});
      }
      return Multiply(branch->weight, node.size);
    });
  }

  /// @returns whether the product is small enough
  [[nodiscard]] static bool Multiply(std::uint64_t& product, std::uint64_t factor) {
    if (factor > kMaxCombinations / product) {
      return false;
    }
    product *= factor;
    return true;
  }

  /// The last branch whose `by` is at most the bound; null: none.
  [[nodiscard]] static const Branch* LastUpTo(const Node& node, std::uint64_t bound,
                                              std::uint64_t Branch::*by) {
    const auto after = std::ranges::upper_bound(node.branches, bound, {}, by);
    return after == node.branches.begin() ? nullptr : &*std::prev(after);
  }

  /// Sum of w of the cells before one.
  [[nodiscard]] static std::uint64_t Before(const Node& node, std::uint64_t cell) {
    const Branch* branch = LastUpTo(node, cell, &Branch::cell);
    if (branch == nullptr) {
      return cell;
    }
    return branch->cell == cell ? branch->before
                                : branch->before + branch->weight + (cell - branch->cell - 1);
  }

  /// The cell c with Before(c) <= place < Before(c) + w(c). @param place  < node.size
  [[nodiscard]] static std::uint64_t CellHolding(const Node& node, std::uint64_t place) {
    const Branch* branch = LastUpTo(node, place, &Branch::before);
    if (branch == nullptr) {
      return place;
    }
    const std::uint64_t inside = place - branch->before;
    return inside < branch->weight ? branch->cell : branch->cell + 1 + (inside - branch->weight);
  }

  [[nodiscard]] Walk Start() const {
    Walk walk;
    walk.cells.reserve(nodes_.size());
    walk.pending = count_;
    return walk;
  }

  /// Whether the next parameter of a walk is active; if not, the walk is past it.
  [[nodiscard]] bool IsActive(std::size_t i, Walk& walk) const {
    const std::optional<std::size_t> parent = encoder_.ParentOf(i);
    if (!parent) {
      return true;
    }
    const std::optional<std::uint64_t> chosen = walk.cells[*parent];
    if (chosen && std::ranges::count(encoder_.ActiveCells(i), *chosen) > 0) {
      return true;
    }
    walk.cells.emplace_back(std::nullopt);
    return false;
  }

  /// Takes a cell; the parameters that it makes active are still to come.
  void Choose(std::size_t i, std::uint64_t cell, Walk& walk) const {
    const Branch* branch = LastUpTo(nodes_[i], cell, &Branch::cell);
    walk.pending *= branch != nullptr && branch->cell == cell ? branch->weight : 1;
    walk.cells.emplace_back(cell);
  }

  SpaceEncoder encoder_;
  std::vector<Node> nodes_;
  std::uint64_t count_ = 1;
};

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
    std::optional<Tree> tree = Tree::Create(encoder);
    HONE_CHECK(tree, "Check has seen that the grid is countable");
    std::optional<Permutation> order;
    if (context.settings.Has("random_state")) {
      order.emplace(tree->count(), SeedOf(context.settings, context.seed));
    }
    return std::unique_ptr<Searcher>(new Grid(context.space, *std::move(tree), order));
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
    const Result<SpaceEncoder> encoder = SpaceEncoder::Create(context.space);
    if (!countable || !encoder) {
      return;  // a wrong space is told by CheckSpace
    }
    const std::optional<Tree> tree = Tree::Create(*encoder);
    if (!tree) {
      problems.Refuse("spec.parameters",
                      "the grid has more than 2^62 combinations; use larger steps, or random");
    }
    if (tree) {
      CheckCount(context, *tree, problems);
    }
  }

  Status Observe(History deltas) override {
    for (const HistoryItem& item : deltas) {
      const auto* proposed = std::get_if<history::Proposed>(&item.what);
      if (proposed == nullptr) {
        continue;
      }
      const Result<std::uint64_t> combination = tree_.CombinationOf(proposed->values);
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
      if (index >= tree_.count()) {
        answers.emplace_back(proposal::Exhausted{
            space_.constraints.empty()
                ? "all " + std::to_string(tree_.count()) + " combinations of the grid are used"
                : "all feasible combinations of the grid are used"});
      } else if (!used_.contains(At(index))) {
        proposal::Start start;
        start.values = tree_.ValuesOf(At(index));
        answers.emplace_back(std::move(start));
      }
      ++index;
    }
    return answers;
  }

 private:
  Grid(Space space, Tree tree, std::optional<Permutation> order)
      : space_(std::move(space)), tree_(std::move(tree)), order_(order) {}

  /// Warns of a budget that the grid cannot fill, and refuses a small one without a feasible
  /// combination.
  static void CheckCount(const SearchContext& context, const Tree& tree, Problems& problems) {
    std::uint64_t count = tree.count();
    const bool constrained = !context.space.constraints.empty();
    if (constrained && count <= kMostCounted) {
      std::uint64_t feasible = 0;
      for (std::uint64_t combination = 0; combination < count; ++combination) {
        feasible += context.space.Feasible(tree.ValuesOf(combination)) ? 1U : 0U;
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
    if (space_.constraints.empty()) {
      return {};
    }
    for (std::uint64_t skipped = 0; skipped < kMostSkipped; ++skipped, ++index) {
      if (index >= tree_.count() || space_.Feasible(tree_.ValuesOf(At(index)))) {
        return {};
      }
    }
    return NothingFeasible("none of the next " + std::to_string(kMostSkipped) +
                           " combinations of the grid");
  }

  /// The combination at a place of the order; beyond the end, no combination.
  [[nodiscard]] std::uint64_t At(std::uint64_t index) const {
    if (index >= tree_.count()) {
      return std::numeric_limits<std::uint64_t>::max();
    }
    return order_ ? (*order_)(index) : index;
  }

  Space space_;
  Tree tree_;
  std::optional<Permutation> order_;
  std::uint64_t next_ = 0;  // place in the order
  std::set<std::uint64_t> used_;
};

HONE_REGISTER_SEARCHER(grid, {.summary = "every combination of values exactly once",
                              .source = "Katib's grid; shuffle: Black & Rogaway 2002",
                              .supports = kReal | kInteger | kDiscrete | kCategorical | kParallel |
                                          kConditional | kMultiObjective | kConstrained,
                              .settings = {RandomStateSetting()},
                              .create = &Grid::Create,
                              .check = &Grid::Check});

}  // namespace
}  // namespace hone
