// SPDX-License-Identifier: Apache-2.0
// Bayesian optimisation: a Gaussian process of the results so far, and the point where it expects
// the largest improvement.
//
// Source: Jones, Schonlau, Welch 1998, "Efficient global optimization"; Hvarfner et al. 2024, arXiv
// 2402.02229 (priors that suit many dimensions); Ament et al. 2023, arXiv 2310.20708 (logarithm of
// the improvement); Song et al. 2024, arXiv 2408.11527 (ranks of the worse half); Swersky et al.
// 2013, arXiv 1409.4011 (conditional parameters). The engine is in algorithms/gp/.
// Several objectives: Knowles 2006, "ParEGO": each trial is proposed by a model of one number that
// weighs the objectives anew.
// Constraints: candidates and steps outside the feasible region are left out (gp/search.h).
// Differs from Katib's (scikit-optimize) in: real parameters are on a log scale only if they say
// so; steps and distributions (in the initial design) are honoured; no configuration is proposed
// twice; running trials are conditioned on; failures are a model of their own.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/feasible.h"
#include "algorithms/forest_search.h"
#include "algorithms/gp/search.h"
#include "algorithms/gp/surrogate.h"
#include "algorithms/new_points.h"
#include "algorithms/pareto/scalarise.h"
#include "algorithms/registry.h"
#include "algorithms/seed.h"
#include "algorithms/unit_space.h"
#include "base/guarded.h"
#include "base/rng.h"

namespace hone {
namespace {

using Eigen::Index;
using gp::Acquisition;
using gp::MatrixXd;
using gp::VectorXd;
using Kind = Acquisition::Kind;

// The initial design, unless set: one more point than dimensions, at least this many, at most this
// part of the budget.
constexpr std::size_t kLeastInitial = 5;
constexpr std::size_t kInitialPart = 4;
constexpr std::size_t kIncumbents = 5;
// scikit-optimize's defaults, for acquisition functions that are asked for by name.
constexpr double kXi = 0.01;
constexpr double kKappa = 1.96;
// Of hone's own acquisition function: each fourth trial goes where the lower confidence bound is
// lowest. Better than without on four of five functions of benchmarks/quality/functions.cpp (64
// trials, 20 seeds), slightly worse on the fifth; the posterior mean for the last tenth was better
// on one only.
constexpr TrialNumber kExploreEvery = 4;
// gp_hedge draws from the first stream of its purpose.
constexpr std::uint32_t kWeightsStream = 1;

struct Options {
  std::size_t initial = 0;
  std::string acquisition;  // empty: hone's own
  bool local = true;
  std::size_t objectives = 1;
};

bool IsTimed(const gp::Observed& result) {
  return result.log_duration.has_value();
}

/// State: what was proposed, what came of it, in the order of the ledger. Models are memoised.
class BayesianOptimization final : public Searcher {
 public:
  static Result<std::unique_ptr<Searcher>> Create(const SearchContext& context);
  static void Check(const SearchContext& context, Problems& problems);

  Status Observe(History deltas) override;
  [[nodiscard]] Result<std::vector<Proposal>> Propose(const ProposeRequest& request) const override;

 private:
  struct Others {
    gp::Surrogate duration;
    gp::Surrogate feasibility;
  };
  /// What one call of Propose works on.
  struct Round {
    PointSet taken;
    std::unique_ptr<gp::Model> value;        // null: the initial design
    std::unique_ptr<gp::Model> duration;     // null: not asked for, or nothing known
    std::unique_ptr<gp::Model> feasibility;  // null: nothing has failed
    MatrixXd incumbents;
    double best = 0;
    bool models = false;            // there are enough results for them
    std::vector<VectorXd> pending;  // running, or given in this round
    [[nodiscard]] bool IsTaken(const VectorXd& point) const { return taken.contains(point); }
  };

  BayesianOptimization(UnitSpace space, Options options, std::uint64_t seed)
      : space_(std::move(space)),
        embedding_(space_.dimensions()),
        options_(std::move(options)),
        seed_(seed) {}

  Status Learn(const history::Proposed& started);
  Status Learn(const history::Completed& completed);
  Status Learn(const history::StoppedEarly& stopped);
  Status Learn(const history::Infeasible& infeasible) {
    Finish(infeasible.trial, {}, std::nullopt);
    return {};
  }
  Status Learn(const history::Lost& lost) {
    Forget(lost.trial);
    return {};
  }
  Status Learn(const history::Reported& /*what*/) { return {}; }
  Status Learn(const history::Paused& /*what*/) { return {}; }
  Status Learn(const history::Resumed& /*what*/) { return {}; }
  void Forget(TrialNumber trial);
  /// @param losses  of all objectives; empty: infeasible
  void Finish(TrialNumber trial, pareto::Losses losses, std::optional<double> log_duration,
              bool stopped = false);
  [[nodiscard]] bool PerSecond() const {
    return options_.acquisition == "EIps" || options_.acquisition == "PIps";
  }
  [[nodiscard]] Round Start() const;
  void SetModels(Round& round, const gp::Surrogate& value) const;
  void SetModelsFor(Round& round, TrialNumber number) const;
  [[nodiscard]] gp::Surrogate ScalarModel(TrialNumber number) const;
  void SetIncumbents(Round& round, const std::vector<std::size_t>& rows) const;
  [[nodiscard]] Result<std::optional<VectorXd>> Next(const Round& round, std::size_t index,
                                                     TrialNumber number) const;
  [[nodiscard]] std::optional<VectorXd> InitialPoint(const Round& round, std::size_t index) const;
  [[nodiscard]] std::optional<VectorXd> ConstrainedInitialPoint(const Round& round,
                                                                std::size_t index) const;
  [[nodiscard]] std::optional<VectorXd> ModelPoint(const Round& round, TrialNumber number) const;
  [[nodiscard]] std::optional<VectorXd> Best(const Round& round, const Acquisition& acquisition,
                                             TrialNumber number) const;
  [[nodiscard]] std::optional<VectorXd> Hedged(const Round& round, TrialNumber number) const;
  [[nodiscard]] Acquisition Named(const Round& round, std::string_view name) const;

  UnitSpace space_;
  gp::Embedding embedding_;
  Options options_;
  std::uint64_t seed_;
  std::size_t proposed_ = 0;
  std::size_t with_value_ = 0;
  std::map<TrialNumber, VectorXd> running_;
  std::vector<gp::Observed> results_;   // with the first objective
  std::vector<pareto::Losses> losses_;  // of the same results, all objectives; empty: infeasible
  std::multiset<VectorXd, Lexicographic> tried_;  // running or over, but not lost
  mutable Guarded<gp::Surrogate> value_;          // of a single objective
  mutable Guarded<Others> others_;
};

Result<std::unique_ptr<Searcher>> BayesianOptimization::Create(const SearchContext& context) {
  if (UsesForest(context.settings)) {
    return CreateForestSearch(context);
  }
  HONE_ASSIGN_OR_RETURN(SpaceEncoder encoder, SpaceEncoder::Create(context.space));
  UnitSpace space(context.space, std::move(encoder));
  Options options;
  const Settings& settings = context.settings;
  if (settings.Has("n_initial_points")) {
    options.initial = static_cast<std::size_t>(settings.Int("n_initial_points"));
  } else {
    options.initial = std::max(kLeastInitial, static_cast<std::size_t>(space.size()) + 1);
    if (context.max_trial_count) {
      const auto budget = static_cast<std::size_t>(std::max(*context.max_trial_count, 0));
      options.initial = std::min(options.initial, std::max<std::size_t>(budget / kInitialPart, 1));
    }
  }
  if (settings.Has("acq_func")) {
    options.acquisition = settings.Text("acq_func");
  }
  options.local = settings.Text("acq_optimizer") != "sampling";
  options.objectives = context.objectives;
  return std::unique_ptr<Searcher>(new BayesianOptimization(std::move(space), std::move(options),
                                                            SeedOf(settings, context.seed)));
}

void BayesianOptimization::Check(const SearchContext& context, Problems& problems) {
  if (UsesForest(context.settings)) {
    CheckForestSearch(context, problems);
  }
}

Status BayesianOptimization::Observe(History deltas) {
  for (const HistoryItem& item : deltas) {
    HONE_RETURN_IF_ERROR(std::visit([this](const auto& what) { return Learn(what); }, item.what));
  }
  return {};
}

Status BayesianOptimization::Learn(const history::Completed& completed) {
  const double seconds = std::chrono::duration<double>(completed.duration).count();
  Finish(completed.trial, completed.values, std::log(std::max(seconds, 1e-3)));
  return {};
}

Status BayesianOptimization::Learn(const history::Proposed& started) {
  HONE_ASSIGN_OR_RETURN(VectorXd point, space_.Encode(started.values));
  ++proposed_;
  tried_.insert(point);
  running_.insert_or_assign(started.trial, std::move(point));
  return {};
}

/// What a stopped trial had reached is a bound for the model (gp::Observed::stopped); without that
/// it teaches nothing.
Status BayesianOptimization::Learn(const history::StoppedEarly& stopped) {
  if (stopped.values.empty()) {
    running_.erase(stopped.trial);
  } else {
    Finish(stopped.trial, stopped.values, std::nullopt, true);
  }
  return {};
}

void BayesianOptimization::Forget(TrialNumber trial) {
  if (const auto found = running_.find(trial); found != running_.end()) {
    tried_.erase(tried_.find(found->second));
    running_.erase(found);
  }
}

void BayesianOptimization::Finish(TrialNumber trial, pareto::Losses losses,
                                  std::optional<double> log_duration, bool stopped) {
  const auto found = running_.find(trial);
  if (found == running_.end()) {
    return;  // proposed by nobody we know of
  }
  with_value_ += losses.empty() ? 0 : 1;
  const auto value = losses.empty() ? std::nullopt : std::optional(losses.front());
  results_.push_back({std::move(found->second), value, log_duration, stopped});
  losses_.push_back(std::move(losses));
  running_.erase(found);
}

Result<std::vector<Proposal>> BayesianOptimization::Propose(const ProposeRequest& request) const {
  Round round = Start();
  std::vector<Proposal> answers;
  for (std::size_t i = 0; i < request.numbers.size(); ++i) {
    if (round.models && (i == 0 || options_.objectives > 1)) {
      SetModelsFor(round, request.numbers[i]);
    }
    HONE_ASSIGN_OR_RETURN(const std::optional<VectorXd> point,
                          Next(round, proposed_ + i, request.numbers[i]));
    if (!point) {
      answers.emplace_back(proposal::Exhausted{"every configuration of the space was tried"});
      continue;
    }
    proposal::Start start;
    start.values = space_.Decode(*point);
    answers.emplace_back(std::move(start));
    round.taken.insert(*point);
    round.pending.push_back(*point);
    if (round.value) {
      round.value->Condition(*point);
    }
  }
  return answers;
}

BayesianOptimization::Round BayesianOptimization::Start() const {
  Round round;
  round.taken.insert(tried_.begin(), tried_.end());
  constexpr std::size_t kLeastResults = 2;
  round.models = space_.size() > 0 && with_value_ >= kLeastResults && proposed_ >= options_.initial;
  for (const auto& [trial, point] : running_) {
    round.pending.push_back(point);
  }
  return round;
}

/// A model of the results as one number, by the weights of this trial.
gp::Surrogate BayesianOptimization::ScalarModel(TrialNumber number) const {
  Rng rng(seed_, Scope::Trial(number), Purpose::kShuffle, kWeightsStream);
  const std::vector<double> weights = pareto::DrawWeights(options_.objectives, rng);
  std::vector<pareto::Losses> known;
  std::ranges::copy_if(losses_, std::back_inserter(known),
                       [](const pareto::Losses& losses) { return !losses.empty(); });
  const std::vector<double> values = pareto::Scalarise(known, weights);
  std::vector<gp::Observed> results = results_;
  std::size_t next = 0;
  for (gp::Observed& result : results) {
    if (result.value) {
      result.value = values[next++];
    }
  }
  gp::Surrogate surrogate;
  surrogate.Update(embedding_, results, gp::Target::kValue);
  return surrogate;
}

void BayesianOptimization::SetModelsFor(Round& round, TrialNumber number) const {
  if (options_.objectives > 1) {
    return SetModels(round, ScalarModel(number));
  }
  value_.WithLock([&](gp::Surrogate& value) {
    value.Update(embedding_, results_, gp::Target::kValue);
    SetModels(round, value);
  });
}

void BayesianOptimization::SetModels(Round& round, const gp::Surrogate& value) const {
  round.value = std::make_unique<gp::Model>(value.model());
  SetIncumbents(round, value.rows());
  for (const VectorXd& point : round.pending) {
    round.value->Condition(point);
  }
  others_.WithLock([&](Others& others) {
    if (with_value_ < results_.size()) {
      others.feasibility.Update(embedding_, results_, gp::Target::kFeasibility);
      round.feasibility = std::make_unique<gp::Model>(others.feasibility.model());
    }
    if (PerSecond() && std::ranges::any_of(results_, IsTimed)) {
      others.duration.Update(embedding_, results_, gp::Target::kLogDuration);
      round.duration = std::make_unique<gp::Model>(others.duration.model());
    }
  });
}

/// The results of the lowest posterior means.
void BayesianOptimization::SetIncumbents(Round& round, const std::vector<std::size_t>& rows) const {
  const VectorXd means = round.value->FittedMeans();
  std::vector<std::pair<double, std::size_t>> good;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    good.emplace_back(means[static_cast<Index>(i)], rows[i]);
  }
  std::ranges::sort(good);
  round.best = good.front().first;
  good.resize(std::min<std::size_t>(good.size(), kIncumbents));
  round.incumbents.resize(space_.size(), std::ssize(good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    round.incumbents.col(static_cast<Index>(i)) = results_[good[i].second].point;
  }
}

/// @returns  nothing: every configuration was tried
Result<std::optional<VectorXd>> BayesianOptimization::Next(const Round& round, std::size_t index,
                                                           TrialNumber number) const {
  if (space_.size() > 0) {
    std::optional<VectorXd> point =
        round.value ? ModelPoint(round, number) : InitialPoint(round, index);
    if (point) {
      return point;
    }
  }
  return AnyNewPoint(space_, round.taken, Rng(seed_, Scope::Trial(number), Purpose::kSample));
}

/// The middle of the space, then Sobol points, the branches in turn.
std::optional<VectorXd> BayesianOptimization::InitialPoint(const Round& round,
                                                           std::size_t index) const {
  VectorXd point = VectorXd::Constant(space_.size(), 0.5);
  if (index > 0 && space_.IsConstrained()) {
    return ConstrainedInitialPoint(round, index);
  }
  if (index > 0) {
    const Rng shift(seed_, Scope::Experiment(), Purpose::kScramble);
    point = gp::ShiftedSobol(space_.size(), static_cast<std::uint32_t>(index), 1, shift);
  }
  point = space_.Canonical(space_.WithBranches(space_.FromUniform(std::move(point)), index));
  if (!space_.IsFeasible(point)) {
    return ConstrainedInitialPoint(round, index);
  }
  return round.IsTaken(point) ? std::nullopt : std::optional(std::move(point));
}

/// The first Sobol point on its branch that is feasible and new.
std::optional<VectorXd> BayesianOptimization::ConstrainedInitialPoint(const Round& round,
                                                                      std::size_t index) const {
  constexpr std::uint32_t kBlock = 128;
  const Rng shift(seed_, Scope::Experiment(), Purpose::kScramble);
  for (std::uint32_t first = 1; first < kMostDraws; first += kBlock) {
    MatrixXd block = gp::ShiftedSobol(space_.size(), first, kBlock, shift);
    for (auto&& point : block.colwise()) {
      point = space_.Canonical(space_.WithBranches(space_.FromUniform(point), index));
    }
    if (std::optional<VectorXd> point = FirstNew(space_, round.taken, block).point) {
      return point;
    }
  }
  return std::nullopt;
}

Acquisition BayesianOptimization::Named(const Round& round, std::string_view name) const {
  Acquisition acquisition;
  acquisition.best = round.best;
  if (name == "LCB") {
    acquisition.kind = Kind::kLcb;
    acquisition.kappa = kKappa;
  } else if (!name.empty()) {
    acquisition.kind = name.starts_with("PI") ? Kind::kLogPi : Kind::kLogEi;
    acquisition.xi = kXi;
  }
  acquisition.log_duration = round.duration.get();
  acquisition.feasibility = round.feasibility.get();
  return acquisition;
}

std::optional<VectorXd> BayesianOptimization::Best(const Round& round,
                                                   const Acquisition& acquisition,
                                                   TrialNumber number) const {
  gp::SearchOptions search;
  search.local = options_.local;
  search.taken = [&](const VectorXd& point) { return round.IsTaken(space_.Canonical(point)); };
  if (space_.IsConstrained()) {
    search.feasible = [this](const VectorXd& point) { return space_.IsFeasible(point); };
  }
  const std::optional<VectorXd> point =
      SearchBest(space_.dimensions(), *round.value, acquisition, round.incumbents, search,
                 Rng(seed_, Scope::Trial(number), Purpose::kAcquisition));
  return point ? std::optional(space_.Canonical(*point)) : std::nullopt;
}

std::optional<VectorXd> BayesianOptimization::ModelPoint(const Round& round,
                                                         TrialNumber number) const {
  if (options_.acquisition == "gp_hedge") {
    return Hedged(round, number);
  }
  const bool explores = options_.acquisition.empty() && number % kExploreEvery == 0;
  return Best(round, Named(round, explores ? "LCB" : options_.acquisition), number);
}

/// scikit-optimize's portfolio: one of EI, LCB and PI at random, the likelier the lower the mean
/// where it would go. Differs in: the gains of one round decide, since those of earlier rounds
/// belong to models that are no more.
std::optional<VectorXd> BayesianOptimization::Hedged(const Round& round, TrialNumber number) const {
  std::vector<VectorXd> nominees;
  std::vector<double> weights;
  for (const char* name : {"EI", "LCB", "PI"}) {
    if (const std::optional<VectorXd> point = Best(round, Named(round, name), number)) {
      nominees.push_back(*point);
      weights.push_back(std::exp(round.best - round.value->Predict(*point).mean[0]));
    }
  }
  if (nominees.empty()) {
    return std::nullopt;
  }
  double draw = Rng(seed_, Scope::Trial(number), Purpose::kShuffle).Uniform();
  draw *= std::accumulate(weights.begin(), weights.end(), 0.0);
  std::size_t chosen = 0;
  while (chosen + 1 < weights.size() && draw >= weights[chosen]) {
    draw -= weights[chosen++];
  }
  return nominees[chosen];
}

SettingSpec AcquisitionSetting() {
  SettingSpec setting =
      ChoiceSetting("acq_func", "EI", {"gp_hedge", "LCB", "EI", "PI", "EIps", "PIps"},
                    "acquisition function; unset: the logarithm of EI, xi = 0");
  setting.default_text.reset();
  return setting;
}

HONE_REGISTER_SEARCHER(
    bayesianoptimization,
    {.summary = "a Gaussian process of the results, and the largest expected improvement",
     .source = "Jones, Schonlau & Welch 1998; Hvarfner et al. 2024; Ament et al. 2023",
     .supports = kReal | kInteger | kDiscrete | kCategorical | kDistributions | kParallel |
                 kConditional | kConstrained | kMultiObjective,
     .settings = {ChoiceSetting("base_estimator", "GP", {"GP", "RF", "ET", "GBRT"},
                                "the model: a Gaussian process, a random forest, or extremely "
                                "randomised trees; GBRT is taken as RF"),
                  IntSetting("n_initial_points", std::nullopt, {.min = 0, .max = 1e6},
                             "trials before the model is used; unset: parameters + 1, at least 5, "
                             "at most a quarter of the budget"),
                  AcquisitionSetting(),
                  ChoiceSetting("acq_optimizer", "auto", {"auto", "sampling", "lbfgs"},
                                "sampling: the best of the candidates; auto and lbfgs: climb on"),
                  RandomStateSetting()},
     .create = &BayesianOptimization::Create,
     .check = &BayesianOptimization::Check});

}  // namespace
}  // namespace hone
