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
// Each fourth trial is a point of the front of several acquisitions (gp/front_search.h), or what
// `each_fourth` says, but for the last tenth of a known budget, which only exploits.
// From 500 results on: a trust region around the best (gp/trust_region.h).
// Outcome constraints: each bound is a model of its own, whose probability weighs on the
// improvement; of the values, only those within the bounds are to be improved on.
// Constraints: candidates and steps outside the feasible region are left out (gp/search.h).
// Differs from Katib's (scikit-optimize) in: real parameters are on a log scale only if they say
// so; steps and distributions (in the initial design) are honoured; no configuration is proposed
// twice; running trials are conditioned on; failures are a model of their own.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/forest_search.h"
#include "algorithms/gp/front_search.h"
#include "algorithms/gp/search.h"
#include "algorithms/gp_results.h"
#include "algorithms/gp_round.h"
#include "algorithms/initial_design.h"
#include "algorithms/new_points.h"
#include "algorithms/other_choice.h"
#include "algorithms/registry.h"
#include "algorithms/seed.h"
#include "algorithms/unit_space.h"
#include "base/rng.h"

namespace hone {
namespace {

using gp::Acquisition;
using gp::VectorXd;
using Kind = Acquisition::Kind;

// The initial design, unless set: one more point than dimensions, at least this many, at most this
// part of the budget.
constexpr std::size_t kLeastInitial = 5;
constexpr std::size_t kInitialPart = 4;
// scikit-optimize's defaults, for acquisition functions that are asked for by name.
constexpr double kXi = 0.01;
constexpr double kKappa = 1.96;
// Of hone's own acquisition function: each fourth trial is a point of the front of acquisitions,
// but for the last tenth of a known budget.
constexpr TrialNumber kDareEvery = 4;
constexpr std::size_t kLastPart = 10;
// Near an optimum that is known well, the noise that a model always has promises a few thousandths
// of a standard deviation for ever. `least_gain` 0.012 is better for conditional spaces on
// `develop` (20 points of 100 on functions), but no difference is shown on `validate`
// (docs/quality.md).
constexpr TrialNumber kLeaveEvery = 2;
constexpr double kKappaElsewhere = 4;

struct Options {
  std::size_t initial = 0;
  std::size_t warm = 0;  // trials before those
  std::optional<std::size_t> budget;
  bool local = true;
  std::string each_fourth;
  double least_gain = 0;
  gp::Priors priors;
  bool noisy = false;
  GpModels::Options models;
};

/// State: what the results say. Models are memoised.
class BayesianOptimization final : public Searcher {
 public:
  static Result<std::unique_ptr<Searcher>> Create(const SearchContext& context);
  static void Check(const SearchContext& context, Problems& problems);

  Status Observe(History deltas) override { return results_.Observe(deltas); }
  [[nodiscard]] Result<std::vector<Proposal>> Propose(const ProposeRequest& request) const override;

 private:
  BayesianOptimization(UnitSpace space, Options options, std::uint64_t seed)
      : space_(std::move(space)),
        embedding_(space_.dimensions(), options.priors),
        options_(std::move(options)),
        seed_(seed),
        results_(space_, options_.models.objectives),
        models_(embedding_, options_.models, seed) {}

  [[nodiscard]] Result<std::vector<gp::Observed>> ResultsOf(const EarlierTask& task) const;
  Status Learn(const std::vector<EarlierTask>& tasks);
  [[nodiscard]] const std::string& acquisition() const { return options_.models.acquisition; }
  struct Turn {
    TrialNumber number = 0;
    bool last = false;  // of the budget: what it finds out helps nobody any more
  };

  [[nodiscard]] bool UsesModels(std::size_t i) const;
  [[nodiscard]] GpRound Start() const;
  [[nodiscard]] bool IsLast(const ProposeRequest& request, std::size_t i) const;
  [[nodiscard]] Result<std::optional<VectorXd>> Next(const GpRound& round, std::size_t index,
                                                     Turn turn) const;
  [[nodiscard]] std::optional<VectorXd> ModelPoint(const GpRound& round, Turn turn) const;
  [[nodiscard]] gp::SearchOptions SearchOf(const GpRound& round) const;
  [[nodiscard]] bool MayLeave(Turn turn) const;
  [[nodiscard]] std::optional<VectorXd> Elsewhere(const GpRound& round, TrialNumber number) const;
  [[nodiscard]] std::optional<VectorXd> FrontPoint(const GpRound& round, TrialNumber number) const;
  [[nodiscard]] std::optional<VectorXd> DaringPoint(const GpRound& round, TrialNumber number) const;
  [[nodiscard]] std::optional<VectorXd> ChoicePoint(const GpRound& round, TrialNumber number) const;
  [[nodiscard]] std::optional<VectorXd> Best(const GpRound& round, const gp::Criterion& criterion,
                                             TrialNumber number) const {
    return Best(round, criterion, number, SearchOf(round));
  }
  [[nodiscard]] std::optional<VectorXd> Best(const GpRound& round, const gp::Criterion& criterion,
                                             TrialNumber number,
                                             const gp::SearchOptions& search) const;
  [[nodiscard]] std::optional<VectorXd> Hedged(const GpRound& round, TrialNumber number) const;

  UnitSpace space_;
  gp::Embedding embedding_;
  Options options_;
  std::uint64_t seed_;
  GpResults results_;
  GpModels models_;
};

Result<std::unique_ptr<Searcher>> BayesianOptimization::Create(const SearchContext& context) {
  if (UsesForest(context.settings)) {
    return CreateForestSearch(context);
  }
  HONE_ASSIGN_OR_RETURN(SpaceEncoder encoder, SpaceEncoder::Create(context.space));
  UnitSpace space(context.space, std::move(encoder));
  Options options;
  const Settings& settings = context.settings;
  if (context.max_trial_count) {
    options.budget = static_cast<std::size_t>(std::max(*context.max_trial_count, 0));
  }
  if (settings.Has("n_initial_points")) {
    options.initial = static_cast<std::size_t>(settings.Int("n_initial_points"));
  } else {
    options.initial = std::max(kLeastInitial, static_cast<std::size_t>(space.size()) + 1);
    if (options.budget) {
      options.initial =
          std::min(options.initial, std::max<std::size_t>(*options.budget / kInitialPart, 1));
    }
  }
  options.warm = context.warm_trials;
  if (settings.Has("acq_func")) {
    options.models.acquisition = settings.Text("acq_func");
  }
  options.local = settings.Text("acq_optimizer") != "sampling";
  options.each_fourth = settings.Text("each_fourth");
  options.least_gain = settings.Real("least_gain");
  if (settings.Text("priors") == "learned") {
    options.priors = gp::Priors::Learned();
  }
  options.models.objectives = context.objectives;
  options.models.device = context.device;
  options.noisy = context.noisy;
  auto search = std::unique_ptr<BayesianOptimization>(new BayesianOptimization(
      std::move(space), std::move(options), SeedOf(settings, context.seed)));
  if (context.objectives == 1) {
    HONE_RETURN_IF_ERROR(search->Learn(context.earlier));
  }
  return search;
}

Result<std::vector<gp::Observed>> BayesianOptimization::ResultsOf(const EarlierTask& task) const {
  std::vector<gp::Observed> results;
  for (const EarlierResult& result : task.results) {
    HONE_ASSIGN_OR_RETURN(VectorXd point, space_.Encode(result.values));
    results.push_back({std::move(point), result.loss, std::nullopt});
  }
  return results;
}

Status BayesianOptimization::Learn(const std::vector<EarlierTask>& tasks) {
  constexpr std::size_t kLeastResults = 3;  // of a task, for a model of it
  std::vector<std::vector<gp::Observed>> earlier;
  for (const EarlierTask& task : tasks) {
    HONE_ASSIGN_OR_RETURN(std::vector<gp::Observed> results, ResultsOf(task));
    if (results.size() >= kLeastResults) {
      earlier.push_back(std::move(results));
    }
  }
  if (space_.size() > 0) {
    models_.SetEarlier(std::move(earlier));
  }
  return {};
}

void BayesianOptimization::Check(const SearchContext& context, Problems& problems) {
  if (UsesForest(context.settings)) {
    CheckForestSearch(context, problems);
  }
  const Settings& settings = context.settings;
  if (settings.Has("acq_func") &&
      (settings.Text("each_fourth") != "front" || settings.Real("least_gain") != 0)) {
    problems.Refuse("spec.algorithm.algorithmSettings",
                    "each_fourth and least_gain are of hone's own acquisition function; leave "
                    "acq_func out");
  }
  if (context.objectives > 1 && settings.Real("least_gain") != 0) {
    problems.Refuse("spec.algorithm.algorithmSettings",
                    "least_gain is for one objective; leave it out, or leave out "
                    "spec.objective.additionalObjectives");
  }
}

Result<std::vector<Proposal>> BayesianOptimization::Propose(const ProposeRequest& request) const {
  GpRound round = Start();
  const std::size_t warm = std::min(options_.warm, results_.proposed());
  std::vector<Proposal> answers;
  for (std::size_t i = 0; i < request.numbers.size(); ++i) {
    const bool models = UsesModels(i);
    if (models && (!round.models || options_.models.objectives > 1)) {
      models_.SetFor(round, results_, request.numbers[i]);
    }
    round.models = models;
    const Turn turn{request.numbers[i], IsLast(request, i)};
    HONE_ASSIGN_OR_RETURN(const std::optional<VectorXd> point,
                          Next(round, results_.proposed() + i - warm, turn));
    if (!point) {
      answers.emplace_back(proposal::Exhausted{"every configuration of the space was tried"});
      continue;
    }
    proposal::Start start;
    start.values = space_.Decode(*point);
    answers.emplace_back(std::move(start));
    round.Add(*point);
  }
  return answers;
}

/// Whether the initial design is over. @param i  of the trial, in the request
bool BayesianOptimization::UsesModels(std::size_t i) const {
  constexpr std::size_t kLeastResults = 2;
  return space_.size() > 0 && results_.with_value() >= kLeastResults &&
         results_.proposed() + i >= options_.warm + options_.initial;
}

GpRound BayesianOptimization::Start() const {
  GpRound round;
  round.taken.insert(results_.tried().begin(), results_.tried().end());
  for (const auto& [trial, point] : results_.running()) {
    round.pending.push_back(point);
  }
  return round;
}

/// @param index  of the trial, among all that were proposed but for those of a warm start
/// @returns  nothing: every configuration was tried
Result<std::optional<VectorXd>> BayesianOptimization::Next(const GpRound& round, std::size_t index,
                                                           Turn turn) const {
  if (space_.size() > 0) {
    std::optional<VectorXd> point =
        round.models ? ModelPoint(round, turn) : InitialPoint(space_, round.taken, seed_, index);
    if (point) {
      return point;
    }
  }
  const Rng rng(seed_, Scope::Trial(turn.number), Purpose::kSample);
  HONE_ASSIGN_OR_RETURN(std::optional<VectorXd> point, AnyNewPoint(space_, round.taken, rng));
  if (!point && options_.noisy) {
    return AnyNewPoint(space_, {}, rng);
  }
  return point;
}

/// Whether the trial is in the last tenth of a known budget.
bool BayesianOptimization::IsLast(const ProposeRequest& request, std::size_t i) const {
  return options_.budget && request.trials_left &&
         kLastPart * (*request.trials_left - std::min<std::size_t>(i, *request.trials_left)) <=
             *options_.budget;
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

/// @returns  valid as long as the round
gp::SearchOptions BayesianOptimization::SearchOf(const GpRound& round) const {
  gp::SearchOptions search;
  search.local = options_.local;
  search.taken = [&](const VectorXd& point) {
    return !options_.noisy && round.IsTaken(space_.Canonical(point));
  };
  if (options_.models.objectives == 1 && results_.region().length()) {
    search.region = results_.region().Around(round.incumbents.col(0), space_.dimensions(),
                                             round.value.front().hyper().log_length);
  }
  if (space_.IsConstrained()) {
    search.feasible = [this](const VectorXd& point) { return space_.IsFeasible(point); };
  }
  return search;
}

std::optional<VectorXd> BayesianOptimization::Best(const GpRound& round,
                                                   const gp::Criterion& criterion,
                                                   TrialNumber number,
                                                   const gp::SearchOptions& search) const {
  const std::optional<VectorXd> point =
      SearchBest(space_.dimensions(), criterion, round.incumbents, search,
                 Rng(seed_, Scope::Trial(number), Purpose::kAcquisition));
  return point ? std::optional(space_.Canonical(*point)) : std::nullopt;
}

std::optional<VectorXd> BayesianOptimization::ModelPoint(const GpRound& round, Turn turn) const {
  if (round.front) {
    return Best(round, round.front->Gain(round.weights()), turn.number);
  }
  if (!round.some_within) {
    return Best(round, gp::Chance(round.weights()), turn.number);
  }
  if (acquisition() == "gp_hedge") {
    return Hedged(round, turn.number);
  }
  if (acquisition().empty() && turn.number % kDareEvery == 0 && !turn.last) {
    return DaringPoint(round, turn.number);
  }
  const gp::Criterion gain = round.By(Named(acquisition()));
  std::optional<VectorXd> point = Best(round, gain, turn.number);
  if (point && MayLeave(turn)) {
    VectorXd slope;
    if (gain.value_at(*point, &slope) < std::log(options_.least_gain)) {
      std::optional<VectorXd> elsewhere = Elsewhere(round, turn.number);
      return elsewhere ? elsewhere : point;
    }
  }
  return point;
}

/// Whether a trial may go elsewhere when there is little to gain: each second one, so that the rest
/// goes on with what is there.
bool BayesianOptimization::MayLeave(Turn turn) const {
  return options_.least_gain > 0 && turn.number % kLeaveEvery != 0 && !turn.last;
}

/// Where a model that is sure of what it knows would not look: the largest improvement with
/// another choice than the best point has, or if there are none, where it knows least.
std::optional<VectorXd> BayesianOptimization::Elsewhere(const GpRound& round,
                                                        TrialNumber number) const {
  if (std::optional<VectorXd> point = ChoicePoint(round, number)) {
    return point;
  }
  return Best(round, round.By({.kind = Kind::kLcb, .kappa = kKappaElsewhere}), number);
}

/// As `each_fourth` says.
std::optional<VectorXd> BayesianOptimization::DaringPoint(const GpRound& round,
                                                          TrialNumber number) const {
  if (options_.each_fourth == "LCB") {
    return Best(round, round.By({.kind = Kind::kLcb}), number);
  }
  if (options_.each_fourth == "EI") {
    return Best(round, round.By({}), number);
  }
  if (options_.each_fourth == "choice") {
    if (std::optional<VectorXd> point = ChoicePoint(round, number)) {
      return point;
    }
  }
  return FrontPoint(round, number);
}

/// The largest improvement with a choice that the best point does not have.
std::optional<VectorXd> BayesianOptimization::ChoicePoint(const GpRound& round,
                                                          TrialNumber number) const {
  const std::optional<Choice> choice =
      OtherChoice(space_.dimensions(), round.incumbents.col(0), results_.tried(),
                  Rng(seed_, Scope::Trial(number), Purpose::kShuffle));
  if (!choice) {
    return std::nullopt;
  }
  gp::SearchOptions search = SearchOf(round);
  search.feasible = [&, within = search.feasible](const VectorXd& point) {
    return choice->IsAt(space_.dimensions(), point) && (!within || within(point));
  };
  return Best(round, round.By({}), number, search);
}

/// A point of the front of improvement, its probability, and the lower confidence bound.
std::optional<VectorXd> BayesianOptimization::FrontPoint(const GpRound& round,
                                                         TrialNumber number) const {
  const gp::Criteria criteria{
      gp::EveryAcquisition(round.value, round.weights()),
      gp::EveryAcquisition(std::span(round.value).first(1), round.weights())};
  const std::optional<VectorXd> point =
      gp::SearchFront(space_.dimensions(), criteria, round.incumbents, SearchOf(round),
                      Rng(seed_, Scope::Trial(number), Purpose::kAcquisition));
  return point ? std::optional(space_.Canonical(*point)) : std::nullopt;
}

/// scikit-optimize's portfolio: one of EI, LCB and PI at random, the likelier the lower the mean
/// where it would go. Differs in: the gains of one round decide, since those of earlier rounds
/// belong to models that are no more.
std::optional<VectorXd> BayesianOptimization::Hedged(const GpRound& round,
                                                     TrialNumber number) const {
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
                  ChoiceSetting(
                      "each_fourth", "front", {"front", "LCB", "EI", "choice"},
                      "where each fourth trial goes if acq_func is unset, but for the last "
                      "tenth of the budget: to a point of the front of EI, PI and LCB, to "
                      "LCB's best, to EI's like the others, or to EI's with another value "
                      "of a category than the best trial has"),
                  RealSetting("least_gain", 0, {.min = 0, .max = 1},
                              "expected improvement, in standard deviations of the results, below "
                              "which each second trial tries another value of a category, or if "
                              "there is none where the model knows least; 0: never"),
                  ChoiceSetting("priors", "broad", {"broad", "learned"},
                                "of the Gaussian process's hyperparameters: those of Hvarfner et "
                                "al., or learned from tuning tasks (docs/quality.md)"),
                  RandomStateSetting()},
     .create = &BayesianOptimization::Create,
     .check = &BayesianOptimization::Check});

}  // namespace
}  // namespace hone
