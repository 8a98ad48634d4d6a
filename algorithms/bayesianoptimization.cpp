// SPDX-License-Identifier: Apache-2.0
// Bayesian optimisation: a Gaussian process of the results so far, and the point where it expects
// the largest improvement.
//
// Source: Jones, Schonlau, Welch 1998, "Efficient global optimization"; Hvarfner et al. 2024, arXiv
// 2402.02229 (priors that suit many dimensions); Ament et al. 2023, arXiv 2310.20708 (logarithm of
// the improvement); Song et al. 2024, arXiv 2408.11527 (ranks of the worse half); Swersky et al.
// 2013, arXiv 1409.4011 (conditional parameters). The engine is in algorithms/gp/.
// Two or three objectives: what a trial is expected to add to the front's hypervolume
// (gp/hypervolume.h), each third by Knowles 2006, "ParEGO": a model of one number that weighs the
// objectives anew. More of them: ParEGO alone.
// From 500 results on: a trust region around the best (gp/trust_region.h).
// Constraints: candidates and steps outside the feasible region are left out (gp/search.h).
// Differs from Katib's (scikit-optimize) in: real parameters are on a log scale only if they say
// so; steps and distributions (in the initial design) are honoured; no configuration is proposed
// twice; running trials are conditioned on; failures are a model of their own.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/forest_search.h"
#include "algorithms/gp/front_models.h"
#include "algorithms/gp/search.h"
#include "algorithms/gp/surrogate.h"
#include "algorithms/gp/trust_region.h"
#include "algorithms/initial_design.h"
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
// Of several objectives: each third trial is weighed by ParEGO. Of the best front's hypervolume, 50
// trials found 92.1 % so, 88.5 without, 88.8 by ParEGO alone (benchmarks/quality/fronts.py, 2
// seeds).
constexpr TrialNumber kScalariseEvery = 3;
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
    std::vector<gp::Model> value;            // draws
    std::optional<gp::FrontModels> front;    // instead, of several objectives
    std::unique_ptr<gp::Model> duration;     // null: not asked for, or nothing known
    std::unique_ptr<gp::Model> feasibility;  // null: nothing has failed
    MatrixXd incumbents;
    bool models = false;            // there are enough results for them
    std::vector<VectorXd> pending;  // running, or given in this round
    [[nodiscard]] bool IsTaken(const VectorXd& point) const { return taken.contains(point); }
    [[nodiscard]] gp::Weights weights() const { return {duration.get(), feasibility.get()}; }
    [[nodiscard]] gp::Criterion By(const Acquisition& acquisition) const {
      return gp::Averaged(acquisition, value, weights());
    }
  };

  BayesianOptimization(UnitSpace space, Options options, std::uint64_t seed)
      : space_(std::move(space)),
        embedding_(space_.dimensions()),
        options_(std::move(options)),
        seed_(seed),
        region_(space_.dimensions().size()),
        other_results_(options_.objectives - 1),
        value_(gp::Surrogate(gp::Surrogate::kDraws, seed)) {}

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
  /// Whether several objectives are weighed by what they add to the front's hypervolume. Above
  /// that, and with an acquisition function by name, they are scalarised.
  [[nodiscard]] bool UsesFront() const {
    return options_.objectives > 1 && options_.objectives <= gp::kMostForHypervolume &&
           options_.acquisition.empty();
  }
  [[nodiscard]] Round Start() const;
  void SetModels(Round& round, const gp::Surrogate& value) const;
  void SetWeights(Round& round) const;
  bool SetFront(Round& round) const;
  void SetModelsFor(Round& round, TrialNumber number) const;
  [[nodiscard]] gp::Surrogate ScalarModel(TrialNumber number) const;
  void SetIncumbents(Round& round, const std::vector<std::size_t>& rows) const;
  [[nodiscard]] Result<std::optional<VectorXd>> Next(const Round& round, std::size_t index,
                                                     TrialNumber number) const;
  [[nodiscard]] std::optional<VectorXd> ModelPoint(const Round& round, TrialNumber number) const;
  [[nodiscard]] std::optional<VectorXd> Best(const Round& round, const gp::Criterion& criterion,
                                             TrialNumber number) const;
  [[nodiscard]] std::optional<VectorXd> Hedged(const Round& round, TrialNumber number) const;

  UnitSpace space_;
  gp::Embedding embedding_;
  Options options_;
  std::uint64_t seed_;
  std::size_t proposed_ = 0;
  std::size_t with_value_ = 0;
  std::map<TrialNumber, VectorXd> running_;
  std::vector<gp::Observed> results_;   // with the first objective
  std::vector<pareto::Losses> losses_;  // of the same results, all objectives; empty: infeasible
  gp::TrustRegion region_;              // of a single objective
  std::multiset<VectorXd, Lexicographic> tried_;          // running or over, but not lost
  std::vector<std::vector<gp::Observed>> other_results_;  // with each of the other objectives
  mutable Guarded<std::vector<gp::Surrogate>> objectives_;
  mutable Guarded<gp::Surrogate> value_;  // of a single objective
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
  if (!losses.empty() && !stopped) {
    region_.Observe(losses.front());
  }
  const auto value = losses.empty() ? std::nullopt : std::optional(losses.front());
  for (std::size_t k = 1; k < options_.objectives && UsesFront(); ++k) {
    const auto other = losses.empty() ? std::nullopt : std::optional(losses[k]);
    other_results_[k - 1].push_back({found->second, other, std::nullopt, stopped});
  }
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
    for (gp::Model& model : round.value) {
      model.Condition(*point);
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
  gp::Surrogate surrogate;
  surrogate.Update(embedding_, gp::Scalarised(results_, losses_, weights), gp::Target::kValue);
  return surrogate;
}

void BayesianOptimization::SetModelsFor(Round& round, TrialNumber number) const {
  SetWeights(round);
  round.front.reset();
  if (UsesFront() && number % kScalariseEvery != 0 && SetFront(round)) {
    return;
  }
  if (options_.objectives > 1) {
    return SetModels(round, ScalarModel(number));
  }
  value_.WithLock([&](gp::Surrogate& value) {
    value.Update(embedding_, results_, gp::Target::kValue);
    SetModels(round, value);
  });
}

/// @returns  false: no trial has come to its end yet
bool BayesianOptimization::SetFront(Round& round) const {
  std::vector<std::vector<gp::Observed>> results{results_};
  results.insert(results.end(), other_results_.begin(), other_results_.end());
  gp::FrontModels front = objectives_.WithLock([&](std::vector<gp::Surrogate>& surrogates) {
    surrogates.resize(options_.objectives);
    return gp::FrontOf(embedding_, surrogates, results, losses_);
  });
  if (front.points.empty()) {
    return false;
  }
  round.incumbents = front.Spread(kIncumbents);
  for (const VectorXd& point : round.pending) {
    front.Condition(point);
  }
  round.front = std::move(front);
  return true;
}

void BayesianOptimization::SetModels(Round& round, const gp::Surrogate& value) const {
  round.value = value.models();
  SetIncumbents(round, value.rows());
  for (gp::Model& model : round.value) {
    for (const VectorXd& point : round.pending) {
      model.Condition(point);
    }
  }
}

/// The models that weigh on what the others say.
void BayesianOptimization::SetWeights(Round& round) const {
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
  const VectorXd means = round.value.front().FittedMeans();
  std::vector<std::pair<double, std::size_t>> good;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    good.emplace_back(means[static_cast<Index>(i)], rows[i]);
  }
  std::ranges::sort(good);
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
        round.models ? ModelPoint(round, number) : InitialPoint(space_, round.taken, seed_, index);
    if (point) {
      return point;
    }
  }
  return AnyNewPoint(space_, round.taken, Rng(seed_, Scope::Trial(number), Purpose::kSample));
}

Acquisition Named(std::string_view name) {
  Acquisition acquisition;
  if (name == "LCB") {
    acquisition.kind = Kind::kLcb;
    acquisition.kappa = kKappa;
  } else if (!name.empty()) {
    acquisition.kind = name.starts_with("PI") ? Kind::kLogPi : Kind::kLogEi;
    acquisition.xi = kXi;
  }
  return acquisition;
}

std::optional<VectorXd> BayesianOptimization::Best(const Round& round,
                                                   const gp::Criterion& criterion,
                                                   TrialNumber number) const {
  gp::SearchOptions search;
  search.local = options_.local;
  search.taken = [&](const VectorXd& point) { return round.IsTaken(space_.Canonical(point)); };
  if (options_.objectives == 1 && region_.length()) {
    search.region = region_.Around(round.incumbents.col(0), space_.dimensions(),
                                   round.value.front().hyper().log_length);
  }
  if (space_.IsConstrained()) {
    search.feasible = [this](const VectorXd& point) { return space_.IsFeasible(point); };
  }
  const std::optional<VectorXd> point =
      SearchBest(space_.dimensions(), criterion, round.incumbents, search,
                 Rng(seed_, Scope::Trial(number), Purpose::kAcquisition));
  return point ? std::optional(space_.Canonical(*point)) : std::nullopt;
}

std::optional<VectorXd> BayesianOptimization::ModelPoint(const Round& round,
                                                         TrialNumber number) const {
  if (round.front) {
    return Best(round, round.front->Gain(round.weights()), number);
  }
  if (options_.acquisition == "gp_hedge") {
    return Hedged(round, number);
  }
  const bool explores = options_.acquisition.empty() && number % kExploreEvery == 0;
  return Best(round, round.By(Named(explores ? "LCB" : options_.acquisition)), number);
}

/// scikit-optimize's portfolio: one of EI, LCB and PI at random, the likelier the lower the mean
/// where it would go. Differs in: the gains of one round decide, since those of earlier rounds
/// belong to models that are no more.
std::optional<VectorXd> BayesianOptimization::Hedged(const Round& round, TrialNumber number) const {
  const gp::Model& model = round.value.front();
  std::vector<VectorXd> nominees;
  std::vector<double> weights;
  for (const char* name : {"EI", "LCB", "PI"}) {
    if (const std::optional<VectorXd> point = Best(round, round.By(Named(name)), number)) {
      nominees.push_back(*point);
      weights.push_back(std::exp(model.best() - model.Predict(*point).mean[0]));
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
