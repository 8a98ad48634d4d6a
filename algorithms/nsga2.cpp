// SPDX-License-Identifier: Apache-2.0
// A genetic algorithm for several objectives: parents are chosen by the front they lie in and by
// how lonely they are there; children are made by crossover and mutation.
//
// Source: Deb, Pratap, Agarwal, Meyarivan 2002, "A fast and elitist multiobjective genetic
// algorithm: NSGA-II"; crossover and mutation: Deb, Agrawal 1995, "Simulated binary crossover for
// continuous search space", bounded as in Deb's own programs.
// Differs from the paper in: there are no generations. Each result enters the population at once
// and the worst member leaves (Durillo, Nebro, Luna, Alba 2009, "On the effect of the steady-state
// selection scheme in multi-objective genetic algorithms"), so that no slot waits for the slowest
// trial; categories are exchanged and drawn again; no configuration is proposed twice while others
// are found.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/feasible.h"
#include "algorithms/pareto/front.h"
#include "algorithms/registry.h"
#include "algorithms/seed.h"
#include "base/rng.h"

namespace hone {
namespace {

// Rounds of variation before a configuration that is known or breaks a constraint gives way to
// random ones, and rounds of those before a repetition is accepted.
constexpr int kVariations = 64;
constexpr int kRandomRounds = 16;
// A thirtieth of a known budget is the population, within these limits. Chosen on the problems of
// benchmarks/quality/fronts.py, as were the indices of the operators: with a population of 50 and
// the paper's indices (20) 300 trials reach 62 of 100 points instead of 88.
constexpr int kSmallest = 10;
constexpr int kLargest = 50;
constexpr int kTrialsEach = 30;
constexpr double kCrossoverEta = 2;
constexpr double kMutationEta = 2;

struct Options {
  std::size_t population = 0;
  double crossover_probability = 0.9;
  std::optional<double> mutation_probability;
  double crossover_eta = 0;
  double mutation_eta = 0;
};

struct Member {
  TrialNumber number = 0;
  std::vector<double> u;
  std::vector<bool> active;
  pareto::Losses losses;
  std::size_t rank = 0;
  double crowding = 0;
};

/// Fitter first: a better front, then more room around it, then the older one.
bool Fitter(const Member& a, const Member& b) {
  if (a.rank != b.rank) {
    return a.rank < b.rank;
  }
  return a.crowding != b.crowding ? a.crowding > b.crowding : a.number < b.number;
}

/// Crowding among the members of one front.
void JudgeCrowding(std::span<Member* const> front) {
  std::vector<pareto::Losses> losses;
  losses.reserve(front.size());
  for (const Member* member : front) {
    losses.push_back(member->losses);
  }
  const std::vector<double> crowding = pareto::CrowdingDistances(losses);
  for (std::size_t i = 0; i < front.size(); ++i) {
    front[i]->crowding = crowding[i];
  }
}

/// Ranks and crowding of everybody.
void Judge(std::vector<Member>& members) {
  std::vector<pareto::Losses> losses;
  losses.reserve(members.size());
  for (const Member& member : members) {
    losses.push_back(member.losses);
  }
  const std::vector<std::size_t> ranks = pareto::Ranks(losses);
  std::map<std::size_t, std::vector<Member*>> fronts;
  for (std::size_t i = 0; i < members.size(); ++i) {
    members[i].rank = ranks[i];
    fronts[ranks[i]].push_back(&members[i]);
  }
  for (const auto& [rank, front] : fronts) {
    JudgeCrowding(front);
  }
}

/// One of the two children of a and b on [0, 1], spread like theirs.
double SimulatedBinary(double a, double b, double eta, Rng& rng) {
  const double u = rng.Uniform();
  const bool lower = rng.Uniform() < 0.5;
  const auto [low, high] = std::minmax(a, b);
  const double width = high - low;
  if (width < 1e-14) {
    return a;
  }
  const double room = lower ? low : 1 - high;
  const double alpha = 2 - std::pow(1 + 2 * room / width, -(eta + 1));
  const double spread = u * alpha <= 1 ? std::pow(u * alpha, 1 / (eta + 1))
                                       : std::pow(1 / (2 - u * alpha), 1 / (eta + 1));
  const double child = ((low + high) + (lower ? -spread : spread) * width) / 2;
  return std::clamp(child, 0.0, 1.0);
}

/// A step from x within [0, 1], mostly small.
double Polynomial(double x, double eta, Rng& rng) {
  const double u = rng.Uniform();
  const bool down = u < 0.5;
  const double room = down ? x : 1 - x;
  const double share = down ? 2 * u : 2 * (1 - u);
  const double step =
      1 - std::pow(share + (1 - share) * std::pow(1 - room, eta + 1), 1 / (eta + 1));
  return std::clamp(down ? x - step : x + step, 0.0, 1.0);
}

class Nsga2 final : public Searcher {
 public:
  static Result<std::unique_ptr<Searcher>> Create(const SearchContext& context) {
    HONE_ASSIGN_OR_RETURN(SpaceEncoder encoder, SpaceEncoder::Create(context.space));
    const Settings& settings = context.settings;
    Options options;
    const auto by_budget =
        std::clamp(context.max_trial_count.value_or(kTrialsEach * kLargest) / kTrialsEach,
                   kSmallest, kLargest);
    options.population = static_cast<std::size_t>(
        settings.Has("population_size") ? settings.Int("population_size") : by_budget);
    options.crossover_probability = settings.Real("crossover_probability");
    if (settings.Has("mutation_probability")) {
      options.mutation_probability = settings.Real("mutation_probability");
    }
    options.crossover_eta = settings.Real("crossover_eta");
    options.mutation_eta = settings.Real("mutation_eta");
    return std::unique_ptr<Searcher>(
        new Nsga2(std::move(encoder), options, SeedOf(settings, context.seed)));
  }

  Status Observe(History deltas) override {
    for (const HistoryItem& item : deltas) {
      HONE_RETURN_IF_ERROR(std::visit([this](const auto& what) { return Learn(what); }, item.what));
    }
    return {};
  }

  [[nodiscard]] Result<std::vector<Proposal>> Propose(
      const ProposeRequest& request) const override {
    std::vector<Proposal> answers;
    std::unordered_set<std::string> chosen;
    std::size_t started = proposed_;
    for (const TrialNumber number : request.numbers) {
      HONE_ASSIGN_OR_RETURN(proposal::Start start, Next(number, started, chosen));
      chosen.insert(KeyOf(start.values));
      ++started;
      answers.emplace_back(std::move(start));
    }
    return answers;
  }

 private:
  Nsga2(SpaceEncoder encoder, Options options, std::uint64_t seed)
      : encoder_(std::move(encoder)), options_(options), seed_(seed) {}

  Status Learn(const history::Proposed& proposed) {
    Member member;
    member.number = proposed.trial;
    HONE_ASSIGN_OR_RETURN(member.u, encoder_.Encode(proposed.values));
    for (const Value& value : proposed.values) {
      member.active.push_back(value.active);
    }
    known_.insert(KeyOf(proposed.values));
    under_way_.insert_or_assign(proposed.trial, std::move(member));
    ++proposed_;
    return {};
  }

  Status Learn(const history::Completed& completed) {
    HONE_ASSIGN_OR_RETURN(Member member, Leave(completed.trial));
    member.losses = completed.values;
    members_.push_back(std::move(member));
    Judge(members_);
    if (members_.size() > options_.population) {
      members_.erase(std::ranges::max_element(members_, Fitter));
      Judge(members_);
    }
    return {};
  }

  Status Learn(const history::StoppedEarly& stopped) { return Forget(stopped.trial); }
  Status Learn(const history::Infeasible& infeasible) { return Forget(infeasible.trial); }
  Status Learn(const history::Lost& lost) { return Forget(lost.trial); }
  template <class Other>
  Status Learn(const Other& /*what*/) {
    return {};
  }

  Result<Member> Leave(TrialNumber trial) {
    auto found = under_way_.extract(trial);
    if (found.empty()) {
      return Fail(Code::kInternal,
                  "trial " + std::to_string(trial) + " ended, but was never proposed");
    }
    return std::move(found.mapped());
  }

  Status Forget(TrialNumber trial) {
    HONE_RETURN_IF_ERROR(Leave(trial));
    return {};
  }

  [[nodiscard]] bool IsNew(const Assignment& values,
                           const std::unordered_set<std::string>& chosen) const {
    const std::string key = KeyOf(values);
    return !known_.contains(key) && !chosen.contains(key);
  }

  [[nodiscard]] Result<proposal::Start> Next(TrialNumber number, std::size_t started,
                                             const std::unordered_set<std::string>& chosen) const {
    Rng rng(seed_, Scope::Trial(number), Purpose::kMutation);
    const bool may_vary = started >= options_.population && members_.size() >= 2;
    for (int round = 0; may_vary && round < kVariations; ++round) {
      const std::array<const Member*, 2> parents = Parents(rng);
      Assignment values = encoder_.Decode(Child(parents, rng));
      if (encoder_.space().Feasible(values) && IsNew(values, chosen)) {
        proposal::Start start;
        start.values = std::move(values);
        start.note = "child of trials " + std::to_string(parents[0]->number) + " and " +
                     std::to_string(parents[1]->number);
        return start;
      }
    }
    return AtRandom(number, chosen);
  }

  [[nodiscard]] Result<proposal::Start> AtRandom(
      TrialNumber number, const std::unordered_set<std::string>& chosen) const {
    Rng rng(seed_, Scope::Trial(number), Purpose::kSample);
    proposal::Start start;
    for (int round = 0; round < kRandomRounds; ++round) {
      HONE_ASSIGN_OR_RETURN(start.values,
                            DrawFeasible(encoder_.space(), [&] { return encoder_.Draw(rng); }));
      if (IsNew(start.values, chosen)) {
        break;
      }
    }
    return start;
  }

  [[nodiscard]] std::array<const Member*, 2> Parents(Rng& rng) const {
    const auto size = static_cast<std::uint32_t>(members_.size());
    std::array<const Member*, 2> parents{};
    for (const Member*& parent : parents) {
      const Member& a = members_[rng.Below(size)];
      const Member& b = members_[rng.Below(size)];
      parent = Fitter(a, b) ? &a : &b;
    }
    return parents;
  }

  [[nodiscard]] std::vector<double> Child(const std::array<const Member*, 2>& parents,
                                          Rng& rng) const {
    const bool crossing = rng.Uniform() < options_.crossover_probability;
    std::vector<double> u(encoder_.dimensions());
    const double mutation =
        options_.mutation_probability.value_or(1 / static_cast<double>(u.size()));
    for (std::size_t d = 0; d < u.size(); ++d) {
      u[d] = Inherited(d, parents, crossing, rng);
      if (rng.Uniform() < mutation) {
        u[d] = encoder_.IsCategorical(d) ? rng.Uniform()
                                         : Polynomial(u[d], options_.mutation_eta, rng);
      }
    }
    return u;
  }

  /// What a child has of its parents in a coordinate. One that is inactive in a parent says nothing
  /// about it.
  [[nodiscard]] double Inherited(std::size_t d, const std::array<const Member*, 2>& parents,
                                 bool crossing, Rng& rng) const {
    const Member& first = *parents[0];
    const Member& second = *parents[1];
    if (!first.active[d]) {
      return second.active[d] ? second.u[d] : encoder_.FromUniform(d, rng.Uniform());
    }
    if (!crossing || !second.active[d] || rng.Uniform() < 0.5) {
      return first.u[d];
    }
    return encoder_.IsCategorical(d)
               ? second.u[d]
               : SimulatedBinary(first.u[d], second.u[d], options_.crossover_eta, rng);
  }

  SpaceEncoder encoder_;
  Options options_;
  std::uint64_t seed_;
  std::size_t proposed_ = 0;                 // trials so far
  std::map<TrialNumber, Member> under_way_;  // those that are not over
  std::unordered_set<std::string> known_;
  std::vector<Member> members_;  // at most the population, oldest result first
};

HONE_REGISTER_SEARCHER(
    nsga2,
    {.summary = "genetic algorithm: a front of the best compromises of several objectives",
     .source = "Deb et al. 2002, IEEE TEVC 6(2); steady state: Durillo et al. 2009",
     .supports = kReal | kInteger | kDiscrete | kCategorical | kDistributions | kParallel |
                 kConditional | kMultiObjective | kConstrained,
     .settings =
         {IntSetting(
              "population_size", std::nullopt, {.min = 2, .max = 10000},
              "results that may become parents; unset: a thirtieth of maxTrialCount, 10 to 50"),
          RealSetting("crossover_probability", 0.9, {.min = 0, .max = 1},
                      "how often a child has two parents"),
          RealSetting("mutation_probability", std::nullopt, {.min = 0, .max = 1},
                      "how often a coordinate changes; unset: 1 / parameters"),
          RealSetting("crossover_eta", kCrossoverEta, {.min = 0, .max = 1000},
                      "how near children stay to their parents"),
          RealSetting("mutation_eta", kMutationEta, {.min = 0, .max = 1000},
                      "how small mutations are"),
          RandomStateSetting()},
     .create = &Nsga2::Create});

}  // namespace
}  // namespace hone
