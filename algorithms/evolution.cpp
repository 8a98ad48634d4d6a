// SPDX-License-Identifier: Apache-2.0
// Regularised evolution: a population of the latest results; the best of a random few of them has a
// child that differs in one parameter; the oldest dies, however good it is.
//
// Source: Real, Aggarwal, Huang, Le 2019, arXiv 1802.01548, algorithm 1. Differs from it in: any
// kind of parameter, not cells of an architecture: a number moves by a normal step in its
// coordinate (by one value at least, if it has steps), a category becomes another one. Nobody
// waits: the population is that of the results so far, in the order in which they came. A child
// that is known or infeasible is varied again, in ever more parameters. Stopped trials are worse
// than those that ended, failed ones worse than these; both age like the others.
#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/feasible.h"
#include "algorithms/gp/search.h"
#include "algorithms/registry.h"
#include "algorithms/seed.h"
#include "algorithms/unit_space.h"
#include "base/rng.h"

namespace hone {
namespace {

using Eigen::Index;
using gp::Dimension;
using gp::VectorXd;

// Unless set: a fifth of the budget is the first, random generation, as in the paper's figures the
// first hundred of some hundreds; a tournament of a quarter of the population is the paper's.
constexpr std::int64_t kGenerations = 5;
constexpr std::int64_t kLeastPopulation = 10;
constexpr std::int64_t kMostPopulation = 100;
constexpr std::int64_t kTournamentPart = 4;
// Children of one parent that are looked at; after each of these many, one more parameter varies.
constexpr int kChildren = 64;
constexpr int kChildrenOfOneKind = 8;
constexpr int kRandomTries = 256;
constexpr std::size_t kMostListed = 65536;

struct Options {
  std::size_t population = 0;
  std::size_t tournament = 0;
  double step = 0;
};

/// How good a result is: the less the better.
struct Fitness {
  enum class Rank { kCompleted, kStopped, kFailed };
  Rank rank = Rank::kCompleted;
  double value = 0;
  auto operator<=>(const Fitness&) const = default;
};

struct Member {
  VectorXd point;
  Fitness fitness;
};

/// State: what runs, the population, the keys of all that was tried.
class Evolution final : public Searcher {
 public:
  Evolution(UnitSpace space, const Options& options, std::uint64_t seed)
      : space_(std::move(space)), options_(options), seed_(seed) {}

  static Result<std::unique_ptr<Searcher>> Create(const SearchContext& context);
  static void Check(const SearchContext& context, Problems& problems);

  Status Observe(History deltas) override {
    for (const HistoryItem& item : deltas) {
      HONE_RETURN_IF_ERROR(std::visit([this](const auto& what) { return Learn(what); }, item.what));
    }
    return {};
  }
  [[nodiscard]] Result<std::vector<Proposal>> Propose(const ProposeRequest& request) const override;

 private:
  using Keys = std::set<std::string>;

  Status Learn(const history::Proposed& what);
  Status Learn(const history::Completed& what) {
    return End(what.trial, {Fitness::Rank::kCompleted, what.values.front()});
  }
  Status Learn(const history::StoppedEarly& what) {
    return End(what.trial,
               {Fitness::Rank::kStopped, what.values.empty() ? 0 : what.values.front()});
  }
  Status Learn(const history::Infeasible& what) {
    return End(what.trial, {Fitness::Rank::kFailed, 0});
  }
  Status Learn(const history::Lost& what);
  Status Learn(const history::Reported& /*what*/) { return {}; }
  Status Learn(const history::Paused& /*what*/) { return {}; }
  Status Learn(const history::Resumed& /*what*/) { return {}; }
  Status End(TrialNumber trial, Fitness fitness);

  [[nodiscard]] bool IsNew(const VectorXd& point, const Keys& batch) const {
    const std::string key = KeyOf(space_.Decode(point));
    return !tried_.contains(key) && !batch.contains(key);
  }
  [[nodiscard]] Result<std::optional<VectorXd>> Next(TrialNumber number, const Keys& batch) const;
  [[nodiscard]] std::optional<VectorXd> Child(const Keys& batch, Rng& rng) const;
  [[nodiscard]] const Member& Parent(Rng& rng) const;
  [[nodiscard]] VectorXd Varied(VectorXd point, int parameters, Rng& rng) const;
  [[nodiscard]] double Step(const Dimension& dimension, double u, Rng& rng) const;
  [[nodiscard]] Result<std::optional<VectorXd>> Stranger(const Keys& batch, Rng& rng) const;
  [[nodiscard]] Result<std::optional<VectorXd>> FirstNew(const Keys& batch) const;

  UnitSpace space_;
  Options options_;
  std::uint64_t seed_;
  std::size_t proposed_ = 0;
  std::map<TrialNumber, VectorXd> running_;
  std::deque<Member> population_;  // the oldest first
  std::multiset<std::string> tried_;
};

Status Evolution::Learn(const history::Proposed& what) {
  HONE_ASSIGN_OR_RETURN(VectorXd point, space_.Encode(what.values));
  ++proposed_;
  tried_.insert(KeyOf(space_.Decode(point)));
  running_.insert_or_assign(what.trial, std::move(point));
  return {};
}

Status Evolution::Learn(const history::Lost& what) {
  if (const auto found = running_.extract(what.trial)) {
    --proposed_;
    tried_.erase(tried_.find(KeyOf(space_.Decode(found.mapped()))));
  }
  return {};
}

Status Evolution::End(TrialNumber trial, Fitness fitness) {
  auto found = running_.extract(trial);
  if (!found) {
    return Fail(Code::kInternal, "trial " + std::to_string(trial) + " ended before its proposal");
  }
  population_.push_back({std::move(found.mapped()), fitness});
  if (population_.size() > options_.population) {
    population_.pop_front();
  }
  return {};
}

const Member& Evolution::Parent(Rng& rng) const {
  const auto draw = [&]() -> const Member& {
    return population_[rng.Below(static_cast<std::uint32_t>(population_.size()))];
  };
  const Member* best = &draw();
  for (std::size_t i = 1; i < options_.tournament; ++i) {
    const Member& other = draw();
    best = other.fitness < best->fitness ? &other : best;
  }
  return *best;
}

/// Another coordinate of the dimension.
double Evolution::Step(const Dimension& dimension, double u, Rng& rng) const {
  const std::vector<double>& values = dimension.values;
  const auto count = static_cast<std::uint32_t>(values.size());
  if (dimension.categorical) {
    const auto other = rng.Below(count - 1);
    return values[other + (other >= gp::NearestValue(dimension, u) ? 1U : 0U)];
  }
  double moved = u + options_.step * rng.Normal();
  moved = std::abs(moved);  // folded into the range
  moved = std::abs(moved - 2 * std::round(moved / 2));
  if (!values.empty()) {
    const std::size_t from = gp::NearestValue(dimension, u);
    std::size_t to = gp::NearestValue(dimension, moved);
    if (to == from) {
      const bool up = from == 0 || (from + 1 < values.size() && moved > u);
      to = up ? from + 1 : from - 1;
    }
    moved = values[to];
  }
  return moved;
}

/// The point with that many of its active parameters changed, or all if it has fewer.
VectorXd Evolution::Varied(VectorXd point, int parameters, Rng& rng) const {
  const std::vector<bool> active = gp::ActiveAt(space_.dimensions(), point);
  std::vector<std::size_t> chosen;
  for (std::size_t d = 0; d < active.size(); ++d) {
    if (active[d]) {
      chosen.push_back(d);
    }
  }
  Shuffle(std::span(chosen), rng);
  chosen.resize(std::min(chosen.size(), static_cast<std::size_t>(parameters)));
  for (const std::size_t d : chosen) {
    double& u = point[static_cast<Index>(d)];
    u = Step(space_.dimensions()[d], u, rng);
  }
  // What becomes active begins anywhere.
  const std::vector<bool> now = gp::ActiveAt(space_.dimensions(), point);
  for (std::size_t d = 0; d < now.size(); ++d) {
    if (now[d] && !active[d]) {
      point[static_cast<Index>(d)] = rng.Uniform();
    }
  }
  return space_.Canonical(std::move(point));
}

std::optional<VectorXd> Evolution::Child(const Keys& batch, Rng& rng) const {
  const VectorXd& parent = Parent(rng).point;
  for (int i = 0; i < kChildren; ++i) {
    VectorXd child = Varied(parent, 1 + i / kChildrenOfOneKind, rng);
    if (space_.IsFeasible(child) && IsNew(child, batch)) {
      return child;
    }
  }
  return std::nullopt;
}

/// A random point that is feasible and new; of a small space any such one; of a large one in which
/// all that were drawn are known, one that is not new. @returns  nothing: all were tried
Result<std::optional<VectorXd>> Evolution::Stranger(const Keys& batch, Rng& rng) const {
  std::optional<VectorXd> repeated;
  int feasible = 0;
  for (int i = 0; i < kMostDraws && feasible < kRandomTries; ++i) {
    VectorXd point(space_.size());
    std::ranges::generate(point, [&] { return rng.Uniform(); });
    point = space_.Canonical(space_.FromUniform(std::move(point)));
    if (!space_.IsFeasible(point)) {
      continue;
    }
    if (IsNew(point, batch)) {
      return point;
    }
    ++feasible;
    repeated = std::move(point);
  }
  HONE_ASSIGN_OR_RETURN(std::optional<VectorXd> listed, FirstNew(batch));
  if (listed) {
    return listed;
  }
  const bool all_listed = gp::AllPoints(space_.dimensions(), kMostListed).has_value();
  if (!all_listed && !repeated) {
    return NothingFeasible("none of " + std::to_string(kMostDraws) + " points");
  }
  return all_listed ? std::nullopt : std::move(repeated);
}

/// @returns nothing: none, or more configurations than can be listed
/// @errors  kFailedPrecondition: none is feasible
Result<std::optional<VectorXd>> Evolution::FirstNew(const Keys& batch) const {
  const std::optional<gp::MatrixXd> all = gp::AllPoints(space_.dimensions(), kMostListed);
  if (!all) {
    return std::nullopt;
  }
  bool feasible = false;
  for (const auto& column : all->colwise()) {
    VectorXd point = space_.Canonical(column);
    if (!space_.IsFeasible(point)) {
      continue;
    }
    feasible = true;
    if (IsNew(point, batch)) {
      return point;
    }
  }
  return feasible ? Result<std::optional<VectorXd>>(std::nullopt)
                  : NothingFeasible("no configuration");
}

/// @returns  nothing: every configuration was tried
Result<std::optional<VectorXd>> Evolution::Next(TrialNumber number, const Keys& batch) const {
  Rng rng(seed_, Scope::Trial(number), Purpose::kMutation);
  const bool random = proposed_ + batch.size() < options_.population || population_.empty();
  if (!random) {
    if (std::optional<VectorXd> child = Child(batch, rng)) {
      return child;
    }
  }
  return Stranger(batch, rng);
}

Result<std::vector<Proposal>> Evolution::Propose(const ProposeRequest& request) const {
  std::vector<Proposal> answers;
  Keys batch;
  for (const TrialNumber number : request.numbers) {
    HONE_ASSIGN_OR_RETURN(const std::optional<VectorXd> point, Next(number, batch));
    if (!point) {
      answers.emplace_back(proposal::Exhausted{"every configuration of the space was tried"});
      continue;
    }
    proposal::Start start;
    start.values = space_.Decode(*point);
    batch.insert(KeyOf(start.values));
    answers.emplace_back(std::move(start));
  }
  return answers;
}

/// Unset, the population is a part of the budget.
std::int64_t PopulationOf(const SearchContext& context) {
  if (context.settings.Has("population_size")) {
    return context.settings.Int("population_size");
  }
  const std::int64_t budget =
      context.max_trial_count.value_or(static_cast<int>(kGenerations * kMostPopulation));
  return std::clamp(budget / kGenerations, kLeastPopulation, kMostPopulation);
}

std::int64_t TournamentOf(const SearchContext& context, std::int64_t population) {
  return context.settings.Has("sample_size")
             ? context.settings.Int("sample_size")
             : std::max<std::int64_t>(2, population / kTournamentPart);
}

Result<std::unique_ptr<Searcher>> Evolution::Create(const SearchContext& context) {
  HONE_ASSIGN_OR_RETURN(SpaceEncoder encoder, SpaceEncoder::Create(context.space));
  const std::int64_t population = PopulationOf(context);
  const Options options{static_cast<std::size_t>(population),
                        static_cast<std::size_t>(TournamentOf(context, population)),
                        context.settings.Real("mutation_step")};
  return std::make_unique<Evolution>(UnitSpace(context.space, std::move(encoder)), options,
                                     SeedOf(context.settings, context.seed));
}

void Evolution::Check(const SearchContext& context, Problems& problems) {
  const std::int64_t population = PopulationOf(context);
  const std::int64_t tournament = TournamentOf(context, population);
  if (tournament > population) {
    problems.Refuse("spec.algorithm.algorithmSettings",
                    "sample_size must be <= population_size (" + std::to_string(tournament) +
                        " > " + std::to_string(population) + "); lower it");
  }
}

HONE_REGISTER_SEARCHER(
    evolution,
    {.summary = "regularised evolution: children of good recent results; the oldest die",
     .source = "Real et al. 2019, arXiv 1802.01548",
     .supports = kReal | kInteger | kDiscrete | kCategorical | kDistributions | kParallel |
                 kConditional | kConstrained,
     .settings = {IntSetting("population_size", std::nullopt, {.min = 2, .max = 10000},
                             "results that live, and random trials at first; unset: a fifth of the "
                             "budget, at least 10, at most 100"),
                  IntSetting(
                      "sample_size", std::nullopt, {.min = 1, .max = 10000},
                      "results that are drawn for one child; the best of them is its parent; "
                      "unset: a quarter of the population"),
                  RealSetting("mutation_step", 0.2, {.min = 0, .max = 1, .open_min = true},
                              "standard deviation of a number's step, as a share of its range"),
                  RandomStateSetting()},
     .create = &Evolution::Create,
     .check = &Evolution::Check});

}  // namespace
}  // namespace hone
