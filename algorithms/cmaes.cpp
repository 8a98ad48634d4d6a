// SPDX-License-Identifier: Apache-2.0
// Covariance matrix adaptation: a normal distribution that learns from ranks where and in which
// directions to search, with restarts, and with what it takes for integers and categories.
//
// Source: Hansen 2016, arXiv 1604.00772 (active update); Auger, Hansen 2005 (IPOP); Hansen 2009
// (BIPOP); Hamano et al. 2022, arXiv 2205.13482 (margin: integers, steps, two choices); Hamano et
// al. 2025, arXiv 2504.07884 (three choices and more). The engine is in algorithms/cma/.
// Differs from them in: no generation is waited for. An update takes any lambda results in the
// order of the ledger; those that were drawn from an older distribution, or by somebody else, are
// injected (Hansen 2011, arXiv 1110.4181), those of an earlier run are left out. A trial without a
// tag (Katib's wire loses them) is compared with what would have been proposed. The distribution
// is not bounded: real coordinates are folded into their range. Failures rank last; a population of
// nothing else is left out. Of arXiv 2504.07884 the integer centering is left out, the margin is
// the one of 2205.13482. Of a parameter whose activeWhen does not hold the coordinate is drawn and
// learned like the others; as it cannot change the result, it only drifts.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "algorithms/cma/restarts.h"
#include "algorithms/cma_earlier.h"
#include "algorithms/cma_foreseen.h"
#include "algorithms/cma_run.h"
#include "algorithms/cma_space.h"
#include "algorithms/feasible.h"
#include "algorithms/registry.h"
#include "algorithms/seed.h"
#include "base/rng.h"
#include "base/text.h"

namespace hone {
namespace {

using Origin = CmaOrigin;
using cma::Plan;
using cma::Restarts;
using Eigen::Index;
using Eigen::VectorXd;

// Of the range, unless set. benchmarks/quality/run_lengths.cpp, 15 instances: 0.3 solves 471 of
// 585, with an area of 0.239, this one 477, with 0.245.
constexpr double kSigma = 0.2;
// A default population is no smaller than the trials that run at a time: with results that are five
// updates old the step size swings (sphere, d = 5, 40 at a time: no 1e-8 in 4500 trials).
constexpr Index kLargest = 10000;
// What a tag (of at most 4 KiB) can hold.
constexpr std::size_t kMostParameters = 1000;
// A point is drawn again this often if it is known already or infeasible; then from the whole
// space.
constexpr int kModelRounds = 8;
constexpr int kConstrainedModelRounds = 100;
constexpr int kRandomRounds = 4;
// Questions may run ahead of the trials that have started by so many populations.
constexpr TrialNumber kFarthest = 4;
// The generation of points of a run that does not begin as earlier tasks ended.
constexpr std::int64_t kWithoutEarlier = -1;

struct Options {
  Plan first;
  Restarts::Rule rule = Restarts::Rule::kTwoBudgets;
  bool separable = false;
  bool noisy = false;
  TrialNumber together = 0;  // trials that are asked for at a time, at most
  std::optional<CmaEarlier> earlier{};
};

/// "run.generation.memo". @returns nothing for tags that are not ours
std::optional<std::pair<Origin, std::string_view>> ReadTag(std::string_view tag) {
  const std::vector<std::string_view> parts = Split(tag, '.');
  if (parts.size() != 3) {
    return std::nullopt;
  }
  const auto run = ParseInt(parts[0]);
  const auto generation = ParseInt(parts[1]);
  if (!run || !generation) {
    return std::nullopt;
  }
  return std::pair(Origin{static_cast<std::uint32_t>(*run), *generation}, parts[2]);
}

/// State: the distribution of the present run, what was proposed and is not over, the results that
/// no update has taken yet. An item costs O(d), the last one of a population its update, a proposal
/// without a tag a few proposals.
class CmaEs final : public Searcher {
 public:
  CmaEs(CmaSpace space, const Options& options, std::uint64_t seed)
      : space_(std::move(space)),
        options_(options),
        seed_(seed),
        restarts_(options.rule, options.first),
        run_(Begin(0, options.first)),
        racing_(options.earlier.has_value()) {
    if (options.earlier) {
      BeginAs(*options.earlier, options.first, options.separable, run_);
    }
  }

  static Result<std::unique_ptr<Searcher>> Create(const SearchContext& context);
  static void Check(const SearchContext& context, Problems& problems);

  Status Observe(History deltas) override;
  [[nodiscard]] Result<std::vector<Proposal>> Propose(const ProposeRequest& request) const override;

 private:
  struct Pending {
    CmaPoint point;
    std::optional<Origin> origin;
    std::string key;
  };
  struct Evaluated {
    CmaPoint point;
    std::optional<Origin> origin;
    double value = 0;
    bool stopped = false;  // early: it ranks behind all that came to their end
  };

  /// A proposal, and what it was decoded from: only a point of the distribution has that.
  struct Chosen {
    proposal::Start start;
    std::optional<CmaPoint> point;
    std::int64_t generation = 0;
  };

  Status Learn(const history::Proposed& what);
  Status Learn(const history::Completed& what) { return End(what.trial, what.values.front()); }
  Status Learn(const history::Infeasible& what) {
    return End(what.trial, std::numeric_limits<double>::infinity());
  }
  /// What a stopped trial had reached ranks it among its kind; without that it teaches nothing.
  Status Learn(const history::StoppedEarly& what) {
    return End(what.trial, what.values.empty() ? std::nullopt : std::optional(what.values[0]),
               true);
  }
  Status Learn(const history::Lost& what);
  Status Learn(const history::Reported& /*what*/) { return {}; }
  Status Learn(const history::Paused& /*what*/) { return {}; }
  Status Learn(const history::Resumed& /*what*/) { return {}; }
  Status End(TrialNumber trial, std::optional<double> value, bool stopped = false);

  [[nodiscard]] CmaRun Begin(std::uint32_t number, const Plan& plan) const;
  [[nodiscard]] bool EarlierLost(const std::vector<Evaluated>& ranked) const;
  void Update();
  [[nodiscard]] CmaPoint RandomPoint(Rng& rng) const;
  [[nodiscard]] Chosen ModelPoint(TrialNumber number, Rng& rng) const;
  [[nodiscard]] Chosen Tagged(CmaPoint point, std::int64_t generation) const;
  [[nodiscard]] Result<Chosen> Choose(TrialNumber number,
                                      const std::vector<std::string>& batch) const;
  void Foresee(TrialNumber last);
  std::optional<CmaForeseen::One> Recognise(TrialNumber trial, const std::string& key);

  CmaSpace space_;
  Options options_;
  std::uint64_t seed_;
  Restarts restarts_;
  CmaRun run_;
  bool racing_;  // the first population decides whether the run begins as earlier tasks ended
  std::map<TrialNumber, Pending> pending_;
  std::vector<Evaluated> unused_;
  std::unordered_multiset<std::string> tried_;
  CmaForeseen foreseen_;
  std::vector<std::string> foreseen_keys_;  // of the present distribution
  TrialNumber foreseen_to_ = 0;             // number, of the present distribution
  TrialNumber highest_ = 0;                 // number that was recognised
  bool untagged_ = false;                   // a proposal came without a tag since the last update
};

CmaRun CmaEs::Begin(std::uint32_t number, const Plan& plan) const {
  return BeginRun(space_, number, plan, options_.separable, seed_);
}

Status CmaEs::Observe(History deltas) {
  for (const HistoryItem& item : deltas) {
    HONE_RETURN_IF_ERROR(std::visit([this](const auto& what) { return Learn(what); }, item.what));
  }
  return {};
}

Status CmaEs::Learn(const history::Proposed& what) {
  const auto tag = ReadTag(what.tag);
  Pending pending;
  pending.key = KeyOf(what.values);
  std::optional<CmaForeseen::One> known;
  if (what.tag.empty()) {
    known = Recognise(what.trial, pending.key);
  }
  if (known) {
    pending.point = std::move(known->point);
    pending.origin = known->origin;
  } else {
    HONE_ASSIGN_OR_RETURN(pending.point,
                          space_.Encode(what.values, tag ? tag->second : std::string_view()));
    pending.origin = tag ? std::optional(tag->first) : std::nullopt;
  }
  tried_.insert(pending.key);
  pending_.insert_or_assign(what.trial, std::move(pending));
  return {};
}

/// Chooses for the numbers up to `last`, of which the present distribution may have been asked:
/// questions that followed its update have numbers above all that had started by then.
void CmaEs::Foresee(TrialNumber last) {
  const TrialNumber passed = last - std::min(last, 2 * kFarthest * options_.together);
  for (TrialNumber number = std::max({foreseen_to_, highest_, passed}) + 1; number <= last;
       ++number) {
    Result<Chosen> chosen = Choose(number, foreseen_keys_);
    if (!chosen) {
      return;  // Propose will say so
    }
    foreseen_to_ = number;
    foreseen_keys_.push_back(KeyOf(chosen->start.values));
    if (chosen->point) {
      const Origin origin{run_.number, chosen->generation};
      foreseen_.Add(foreseen_keys_.back(), {number, origin, *std::move(chosen->point)});
    }
  }
}

/// The numbers of questions run ahead of those of trials by the questions that became none, and by
/// the trials that were asked for together and started in another order.
std::optional<CmaForeseen::One> CmaEs::Recognise(TrialNumber trial, const std::string& key) {
  untagged_ = true;
  std::optional<CmaForeseen::One> known = foreseen_.Take(key);
  for (TrialNumber times = 1; !known && times <= kFarthest; times *= 2) {
    Foresee(std::max(trial, highest_) + times * options_.together);
    known = foreseen_.Take(key);
  }
  if (known) {
    highest_ = std::max(highest_, known->number);
    std::erase(foreseen_keys_, key);  // it is among those that were tried now
  }
  return known;
}

Status CmaEs::Learn(const history::Lost& what) {
  if (const auto found = pending_.find(what.trial); found != pending_.end()) {
    tried_.erase(tried_.find(found->second.key));
    pending_.erase(found);
  }
  return {};
}

Status CmaEs::End(TrialNumber trial, std::optional<double> value, bool stopped) {
  const auto found = pending_.find(trial);
  if (found == pending_.end()) {
    return Fail(Code::kInternal, "trial " + std::to_string(trial) + " ended before its proposal");
  }
  Pending pending = std::move(found->second);
  pending_.erase(found);
  if (!value || (pending.origin && pending.origin->run != run_.number)) {
    return {};
  }
  unused_.push_back({std::move(pending.point), pending.origin, *value, stopped});
  ++run_.evaluations;
  if (static_cast<Index>(unused_.size()) == run_.strategy.parameters().lambda) {
    Update();
  }
  return {};
}

void CmaEs::Update() {
  std::vector<Evaluated> ranked = std::exchange(unused_, {});
  std::ranges::stable_sort(ranked, {}, [](const Evaluated& result) {
    return std::pair(!std::isfinite(result.value) ? 2 : (result.stopped ? 1 : 0), result.value);
  });
  if (!std::isfinite(ranked.front().value)) {
    return;
  }
  Origin now{run_.number, run_.strategy.generation()};
  if (std::exchange(racing_, false) && EarlierLost(ranked)) {
    now.generation = kWithoutEarlier;
    const std::uint64_t evaluations = run_.evaluations;
    run_ = Begin(0, options_.first);
    run_.evaluations = evaluations;
  }
  Eigen::MatrixXd points(space_.numbers(), static_cast<Index>(ranked.size()));
  std::vector<bool> injected;
  std::vector<double> values;
  std::vector<std::vector<Index>> choices;
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    points.col(static_cast<Index>(i)) = ranked[i].point.x;
    injected.push_back(ranked[i].origin != now);
    values.push_back(values.empty() ? ranked[i].value : std::max(values.back(), ranked[i].value));
    choices.push_back(std::move(ranked[i].point.choices));
  }
  if (std::exchange(untagged_, false)) {  // some that are on their way were asked of this one
    Foresee(highest_ + options_.together);
  }
  run_.strategy.Update(points, injected);
  run_.categories.Update(choices, run_.strategy.parameters().w.cwiseMax(0));
  run_.KeepMargins(space_);
  run_.progress.Add(values);
  const bool stopped = options_.rule != Restarts::Rule::kSame &&
                       (run_.progress.Stopped() || run_.evaluations >= run_.most_evaluations);
  if (stopped || run_.strategy.Exhausted()) {
    const std::uint32_t next = run_.number + 1;
    Rng rng(seed_, {Scope::Kind::kGeneration, next}, Purpose::kMutation);
    run_ = Begin(next, restarts_.After(run_.evaluations, rng));
  }
  foreseen_keys_.clear();
  foreseen_to_ = 0;
  foreseen_.Forget({run_.number, run_.strategy.generation()});
}

/// Whether the points of the earlier tasks' distribution rank worse, on average, than those drawn
/// without it. Trials that a person gave, or that come from the earlier tasks, say nothing.
bool CmaEs::EarlierLost(const std::vector<Evaluated>& ranked) const {
  double sum[2] = {0, 0};
  double count[2] = {0, 0};
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    if (ranked[i].origin) {
      const std::size_t side = ranked[i].origin->generation == kWithoutEarlier ? 1 : 0;
      sum[side] += static_cast<double>(i);
      count[side] += 1;
    }
  }
  return count[0] > 0 && count[1] > 0 && sum[0] / count[0] > sum[1] / count[1];
}

CmaPoint CmaEs::RandomPoint(Rng& rng) const {
  CmaPoint point{VectorXd(space_.numbers()), {}};
  for (double& u : point.x) {
    u = rng.Uniform();
  }
  point.x = space_.FromUniform(point.x);
  for (const Index k : space_.choices()) {
    point.choices.push_back(static_cast<Index>(rng.Below(static_cast<std::uint32_t>(k))));
  }
  return point;
}

/// A point of the present distribution. While the first population decides, half of the points are
/// those of a run without earlier tasks.
CmaEs::Chosen CmaEs::ModelPoint(TrialNumber number, Rng& rng) const {
  if (racing_ && number % 2 == 0) {
    return Tagged(Begin(0, options_.first).Sample(rng), kWithoutEarlier);
  }
  return Tagged(run_.Sample(rng), run_.strategy.generation());
}

/// With what is to be learned from it in its tag.
CmaEs::Chosen CmaEs::Tagged(CmaPoint point, std::int64_t generation) const {
  proposal::Start start;
  start.values = space_.Decode({run_.Stretched(point.x), point.choices});
  start.tag = std::to_string(run_.number) + "." + std::to_string(generation) + "." +
              space_.Memo(point, start.values);
  return {std::move(start), std::move(point), generation};
}

Result<CmaEs::Chosen> CmaEs::Choose(TrialNumber number,
                                    const std::vector<std::string>& batch) const {
  const Space& space = space_.space();
  const int rounds = space.constraints.empty() ? kModelRounds : kConstrainedModelRounds;
  const auto stream = [&](int round) {
    return Rng(seed_, Scope::Trial(number), Purpose::kSample, static_cast<std::uint32_t>(round));
  };
  const auto is_new = [&](const Assignment& values) {
    const std::string key = KeyOf(values);
    return !tried_.contains(key) && std::ranges::find(batch, key) == batch.end();
  };
  std::optional<Chosen> repeated;
  for (int round = 0; round < rounds + kRandomRounds; ++round) {
    Rng rng = stream(round);
    Chosen chosen;
    if (round < rounds) {
      chosen = ModelPoint(number, rng);
    } else {
      chosen.start.values = space_.Decode(RandomPoint(rng));
    }
    if (!space.Feasible(chosen.start.values)) {
      continue;
    }
    if (options_.noisy || is_new(chosen.start.values)) {
      return chosen;
    }
    repeated = std::move(chosen);
  }
  Rng rng = stream(rounds + kRandomRounds);
  const auto draw = [&] { return space_.Decode(RandomPoint(rng)); };
  Chosen chosen;
  if (!repeated) {
    HONE_ASSIGN_OR_RETURN(chosen.start.values, DrawFeasible(space, draw));
    return chosen;
  }
  std::optional<Assignment> values = DrawNew(space, draw, is_new);
  if (!values) {
    return *std::move(repeated);
  }
  chosen.start.values = *std::move(values);
  return chosen;
}

Result<std::vector<Proposal>> CmaEs::Propose(const ProposeRequest& request) const {
  std::vector<Proposal> answers;
  std::vector<std::string> batch;
  for (const TrialNumber number : request.numbers) {
    HONE_ASSIGN_OR_RETURN(Chosen chosen, Choose(number, batch));
    batch.push_back(KeyOf(chosen.start.values));
    answers.emplace_back(std::move(chosen.start));
  }
  return answers;
}

Restarts::Rule RuleOf(const std::string& strategy) {
  if (strategy == "ipop") {
    return Restarts::Rule::kGrowing;
  }
  return strategy == "bipop" ? Restarts::Rule::kTwoBudgets : Restarts::Rule::kSame;
}

Result<std::unique_ptr<Searcher>> CmaEs::Create(const SearchContext& context) {
  if (context.space.parameters.size() > kMostParameters) {
    return Fail(Code::kInvalidArgument, "cmaes takes at most 1000 parameters", "spec.parameters");
  }
  HONE_ASSIGN_OR_RETURN(SpaceEncoder encoder, SpaceEncoder::Create(context.space));
  CmaSpace space(std::move(encoder));
  const Settings& settings = context.settings;
  Options options;
  options.rule = RuleOf(settings.Text("restart_strategy"));
  options.separable = settings.Text("separable") == "true";
  options.noisy = context.noisy;
  const double sigma = settings.Has("sigma") ? settings.Real("sigma") : 0;
  options.first.sigma = sigma > 0 ? sigma : kSigma;
  const auto dimensions =
      static_cast<double>(space.numbers()) + static_cast<double>(space.choices().size());
  options.first.lambda = settings.Has("population_size")
                             ? static_cast<Index>(settings.Int("population_size"))
                             : std::max(4 + static_cast<Index>(3 * std::log(dimensions)),
                                        std::min<Index>(context.parallel_trial_count, kLargest));
  options.together = std::max(static_cast<TrialNumber>(options.first.lambda),
                              static_cast<TrialNumber>(context.parallel_trial_count));
  HONE_ASSIGN_OR_RETURN(options.earlier, WhereEarlierWasGood(space, context.earlier));
  return std::make_unique<CmaEs>(std::move(space), options, SeedOf(settings, context.seed));
}

void CmaEs::Check(const SearchContext& context, Problems& problems) {
  if (context.space.parameters.size() > kMostParameters) {
    problems.Refuse("spec.parameters",
                    "cmaes takes at most " + std::to_string(kMostParameters) + " parameters, not " +
                        std::to_string(context.space.parameters.size()) + "; use random");
  }
}

HONE_REGISTER_SEARCHER(
    cmaes,
    {.summary = "covariance matrix adaptation: a normal distribution that learns from ranks",
     .source = "Hansen 2016, arXiv 1604.00772; BIPOP: Hansen 2009; integers and categories: Hamano "
               "et al. 2022, arXiv 2205.13482, and 2025, arXiv 2504.07884",
     .supports = kReal | kInteger | kDiscrete | kCategorical | kDistributions | kParallel |
                 kConditional | kConstrained,
     .settings =
         {RandomStateSetting(),
          RealSetting("sigma", std::nullopt, {.min = 0},
                      "first step size, in units of each parameter's range; 0 or unset: "
                      "0.2"),
          ChoiceSetting("restart_strategy", "bipop", {"none", "None", "ipop", "bipop"},
                        "what follows a run that no longer gets better: runs of twice the "
                        "population (ipop), smaller ones in between (bipop); none: it goes "
                        "on as long as its numbers allow, then begins again"),
          IntSetting(
              "population_size", std::nullopt, {.min = 2, .max = 10000},
              "results of one update; unset: 4 + 3 ln(parameters), at least as many as trials "
              "may run at a time"),
          ChoiceSetting("separable", "false", {"false", "true"},
                        "a diagonal covariance: for hundreds of parameters that hardly "
                        "depend on each other")},
     .ignores_unknown_settings = true,
     .create = &CmaEs::Create,
     .check = &CmaEs::Check});

}  // namespace
}  // namespace hone
