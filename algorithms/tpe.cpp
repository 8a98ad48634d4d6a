// SPDX-License-Identifier: Apache-2.0
// Tree-structured Parzen estimators: a density of good configurations over one of the others, each
// a mixture of kernels at observed points. `tpe` models each parameter alone, `multivariate-tpe`
// all parameters that are active together (the group decomposition of conditional spaces).
//
// Source: Bergstra, Bardenet, Bengio, Kegl 2011, "Algorithms for hyper-parameter optimization";
// Watanabe 2023, arXiv 2304.11127; Falkner, Klein, Hutter 2018 (one bandwidth for all kernels);
// several objectives: Ozaki, Tanigaki, Watanabe, Onishi 2020, "Multiobjective tree-structured
// Parzen estimator for computationally expensive optimization problems" (good: the best fronts).
// Differs from Optuna 5's in: trials that run count as bad ones by default (constant liar), as do
// those that failed or were stopped early; no configuration is proposed twice while others are
// left; kernels of ordered values are integrated over their cells, so that no end is favoured.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/feasible.h"
#include "algorithms/pareto/front.h"
#include "algorithms/registry.h"
#include "algorithms/sampling/kernels.h"
#include "algorithms/sampling/mixture.h"
#include "algorithms/seed.h"
#include "base/check.h"
#include "base/rng.h"

namespace hone {
namespace {

using Eigen::Index;
using sampling::Coordinate;
using sampling::Mixture;

// Coordinates with more cells than this are taken for continuous ones between proposals.
constexpr std::uint64_t kMaxTableCells = 64;
// More kernels than this are thinned out; the oldest first, and the rest of them weighs more.
constexpr std::size_t kMaxComponents = 512;
constexpr std::size_t kMaxGood = 25;
constexpr double kGoodShare = 0.1;
// Bandwidth of a single kernel, and the part of hyperopt's "magic clip" (no kernel narrower than
// 1 / (n + 1)) that is kept. Chosen on the development tasks of benchmarks/quality, 64 trials:
// twice the first loses 10 of 100 points on smooth functions, the whole clip 7.
constexpr double kSpreadOfOne = 0.1;
constexpr double kNarrowest = 0.5;
// A point of the model is drawn again this often if it is known already, and more often if
// constraints may refuse it; then as many random points as are left.
constexpr int kModelRounds = 4;
constexpr int kConstrainedModelRounds = 32;
constexpr int kRandomRounds = 4;

struct Options {
  bool multivariate = false;
  std::optional<double> gamma;
  double prior_weight = 1;
  Index candidates = 24;
  std::size_t startup_trials = 10;
};

/// A trial as the model sees it.
struct Known {
  enum class State { kRunning, kCompleted, kBad };
  TrialNumber number = 0;
  State state = State::kRunning;
  pareto::Losses losses;  // of a completed one
  std::vector<double> u;
  std::vector<bool> active;
  std::string key;  // of its values
};

std::vector<bool> ActiveOf(const Assignment& values) {
  std::vector<bool> active;
  active.reserve(values.size());
  for (const Value& value : values) {
    active.push_back(value.active);
  }
  return active;
}

/// How the densities see one coordinate of the encoder.
Coordinate CoordinateOf(const SpaceEncoder& encoder, std::size_t d) {
  Coordinate coordinate;
  coordinate.categorical = encoder.IsCategorical(d);
  const auto cells = encoder.Cells(d);
  if (cells && (coordinate.categorical || *cells <= kMaxTableCells)) {
    coordinate.edges.push_back(0);
    for (std::uint64_t cell = 1; cell < *cells; ++cell) {
      coordinate.edges.push_back(
          coordinate.categorical ? static_cast<double>(cell) / static_cast<double>(*cells)
                                 : (encoder.MiddleOf(d, cell - 1) + encoder.MiddleOf(d, cell)) / 2);
    }
    coordinate.edges.push_back(1);
  }
  // A bell-shaped distribution of the user's is the prior. Quartiles of a normal distribution are
  // 0.6745 standard deviations from its middle.
  const double low = encoder.FromUniform(d, 0.25);
  const double high = encoder.FromUniform(d, 0.75);
  if (low != 0.25 || high != 0.75) {
    coordinate.prior_mean = encoder.FromUniform(d, 0.5);
    coordinate.prior_sd = (high - low) / (2 * 0.6745);
  }
  return coordinate;
}

/// The condition under which a parameter is active, as a key; empty: always.
std::string ConditionOf(const Parameter& parameter) {
  std::string condition;
  if (const auto& active_when = parameter.active_when) {
    condition = active_when->parameter;
    for (const std::string& text : active_when->in) {
      condition += '\n';
      condition += text;
    }
  }
  return condition;
}

/// Coordinates that are modelled together: always active together, and each only once.
std::vector<std::vector<std::size_t>> BlocksOf(const Space& space, bool multivariate) {
  std::vector<std::vector<std::size_t>> blocks;
  std::map<std::string, std::size_t> known;
  for (std::size_t d = 0; d < space.parameters.size(); ++d) {
    const auto [at, is_new] = known.try_emplace(ConditionOf(space.parameters[d]), blocks.size());
    if (is_new || !multivariate) {
      blocks.emplace_back();
    }
    blocks[multivariate ? at->second : blocks.size() - 1].push_back(d);
  }
  return blocks;
}

/// Leaves out the first of each of the oldest `pairs` pairs, and the second counts for both.
void LeaveOut(std::size_t pairs, std::vector<const Known*>& trials, Eigen::ArrayXd& weights) {
  std::vector<const Known*> kept;
  Eigen::ArrayXd weights_kept(static_cast<Index>(trials.size() - pairs));
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto at = static_cast<Index>(i);
    if (i % 2 == 0 && i / 2 < pairs) {
      weights[at + 1] += weights[at];
    } else {
      weights_kept[static_cast<Index>(kept.size())] = weights[at];
      kept.push_back(trials[i]);
    }
  }
  trials = std::move(kept);
  weights = std::move(weights_kept);
}

/// Brings the best `good` trials to the front, in no order.
void BestFirst(std::vector<const Known*>& completed, std::size_t good) {
  if (good == completed.size()) {
    return;
  }
  if (completed.front()->losses.size() == 1) {
    const auto better = [](const Known* a, const Known* b) {
      return a->losses != b->losses ? a->losses < b->losses : a->number < b->number;
    };
    const auto border = completed.begin() + static_cast<std::ptrdiff_t>(good);
    std::ranges::nth_element(completed, border, better);
    return;
  }
  std::vector<pareto::Losses> losses;
  losses.reserve(completed.size());
  for (const Known* known : completed) {
    losses.push_back(known->losses);
  }
  std::size_t next = 0;
  for (const std::size_t i : pareto::Elite(losses, good)) {
    std::swap(completed[next++], completed[i]);  // ascending: i is not among the first yet
  }
}

class Tpe final : public Searcher {
 public:
  Tpe(const SearchContext& context, SpaceEncoder encoder, Options options)
      : encoder_(std::move(encoder)),
        options_(options),
        seed_(SeedOf(context.settings, context.seed)),
        blocks_(BlocksOf(context.space, options.multivariate)) {
    for (std::size_t d = 0; d < encoder_.dimensions(); ++d) {
      coordinates_.push_back(CoordinateOf(encoder_, d));
    }
  }

  Status Observe(History deltas) override;
  [[nodiscard]] Result<std::vector<Proposal>> Propose(const ProposeRequest& request) const override;

 private:
  /// Trials by what they say, each list by number.
  struct Split {
    std::vector<const Known*> good;
    std::vector<const Known*> bad;
  };

  Status Learn(const history::Proposed& what);
  Status Learn(const history::Completed& what);
  Status Learn(const history::Lost& what);
  Status Learn(const history::StoppedEarly& what) { return End(what.trial, Known::State::kBad); }
  Status Learn(const history::Infeasible& what) { return End(what.trial, Known::State::kBad); }
  Status Learn(const history::Reported& /*what*/) { return {}; }
  Status Learn(const history::Paused& /*what*/) { return {}; }
  Status Learn(const history::Resumed& /*what*/) { return {}; }
  Status End(TrialNumber trial, Known::State state, pareto::Losses losses = {});

  [[nodiscard]] Known Knowing(TrialNumber number, const Assignment& values,
                              const std::vector<double>& u) const;
  [[nodiscard]] std::size_t GoodCount(std::size_t completed) const;
  [[nodiscard]] Split SplitOf(const std::vector<Known>& pending) const;
  [[nodiscard]] Result<Assignment> Choose(TrialNumber number,
                                          const std::vector<Known>& pending) const;
  [[nodiscard]] std::vector<double> ModelledPoint(const Split& split, Rng& rng) const;
  [[nodiscard]] Mixture Density(const std::vector<const Known*>& trials,
                                const std::vector<std::size_t>& block) const;
  [[nodiscard]] Eigen::ArrayXXd Spreads(const Eigen::ArrayXXd& points,
                                        const std::vector<std::size_t>& block) const;

  SpaceEncoder encoder_;
  Options options_;
  std::uint64_t seed_;
  std::vector<std::vector<std::size_t>> blocks_;
  std::vector<Coordinate> coordinates_;
  std::vector<Known> trials_;  // by number
  std::size_t completed_ = 0;
  std::unordered_multiset<std::string> tried_;
};

Known Tpe::Knowing(TrialNumber number, const Assignment& values,
                   const std::vector<double>& u) const {
  return {number, Known::State::kRunning, {}, u, ActiveOf(values), KeyOf(values)};
}

Status Tpe::Learn(const history::Proposed& what) {
  HONE_ASSIGN_OR_RETURN(const std::vector<double> u, encoder_.Encode(what.values));
  const auto place = std::ranges::upper_bound(trials_, what.trial, {}, &Known::number);
  trials_.insert(place, Knowing(what.trial, what.values, u));
  tried_.insert(KeyOf(what.values));
  return {};
}

Status Tpe::Learn(const history::Completed& what) {
  return End(what.trial, Known::State::kCompleted, what.values);
}

Status Tpe::Learn(const history::Lost& what) {
  const auto found = std::ranges::lower_bound(trials_, what.trial, {}, &Known::number);
  if (found != trials_.end() && found->number == what.trial) {
    tried_.erase(tried_.find(found->key));
    trials_.erase(found);
  }
  return {};
}

Status Tpe::End(TrialNumber trial, Known::State state, pareto::Losses losses) {
  const auto found = std::ranges::lower_bound(trials_, trial, {}, &Known::number);
  if (found == trials_.end() || found->number != trial) {
    return Fail(Code::kInternal, "trial " + std::to_string(trial) + " ended before its proposal");
  }
  found->state = state;
  found->losses = std::move(losses);
  completed_ += state == Known::State::kCompleted ? 1U : 0U;
  return {};
}

Status Tpe::Observe(History deltas) {
  for (const HistoryItem& item : deltas) {
    HONE_RETURN_IF_ERROR(std::visit([this](const auto& what) { return Learn(what); }, item.what));
  }
  return {};
}

std::size_t Tpe::GoodCount(std::size_t completed) const {
  const auto n = static_cast<double>(completed);
  // hyperopt's rule where its setting is given
  const double good = options_.gamma ? *options_.gamma * std::sqrt(n) : kGoodShare * n;
  return std::min({static_cast<std::size_t>(std::ceil(good)), kMaxGood, completed});
}

Tpe::Split Tpe::SplitOf(const std::vector<Known>& pending) const {
  std::vector<const Known*> ranked;
  for (const Known& known : trials_) {
    if (known.state == Known::State::kCompleted) {
      ranked.push_back(&known);
    }
  }
  const std::size_t good = GoodCount(ranked.size());
  const auto border = ranked.begin() + static_cast<std::ptrdiff_t>(good);
  BestFirst(ranked, good);
  Split split;
  split.good.assign(ranked.begin(), border);
  split.bad.assign(border, ranked.end());
  for (const Known& known : trials_) {
    if (known.state != Known::State::kCompleted) {
      split.bad.push_back(&known);
    }
  }
  for (const Known& known : pending) {
    split.bad.push_back(&known);
  }
  std::ranges::sort(split.good, {}, &Known::number);
  std::ranges::sort(split.bad, {}, &Known::number);
  return split;
}

Eigen::ArrayXXd Tpe::Spreads(const Eigen::ArrayXXd& points,
                             const std::vector<std::size_t>& block) const {
  const auto n = static_cast<double>(points.rows());
  const auto d = static_cast<double>(block.size());
  const double narrowest = kNarrowest / std::min(100.0, n + 2);
  const double common =
      std::clamp(kSpreadOfOne * std::pow(std::max(n, 1.0), -1 / (d + 4)), narrowest, 1.0);
  const Coordinate& first = coordinates_[block.front()];
  if (options_.multivariate || first.cells() > 0 || points.rows() == 0) {
    return Eigen::ArrayXXd::Constant(1, static_cast<Index>(block.size()), common);
  }
  return sampling::NeighbourSpreads(points.col(0), first.prior_mean).max(narrowest).min(1.0);
}

Mixture Tpe::Density(const std::vector<const Known*>& trials,
                     const std::vector<std::size_t>& block) const {
  std::vector<const Known*> active;
  for (const Known* known : trials) {
    if (known->active[block.front()]) {
      active.push_back(known);
    }
  }
  sampling::Components components;
  Eigen::ArrayXd weights = sampling::WeightsByAge(active.size());
  while (active.size() > kMaxComponents) {
    LeaveOut(std::min(active.size() - kMaxComponents, active.size() / 2), active, weights);
  }
  components.points.resize(static_cast<Index>(active.size()), static_cast<Index>(block.size()));
  std::vector<Coordinate> coordinates;
  for (std::size_t k = 0; k < block.size(); ++k) {
    coordinates.push_back(coordinates_[block[k]]);
    for (std::size_t i = 0; i < active.size(); ++i) {
      components.points(static_cast<Index>(i), static_cast<Index>(k)) = active[i]->u[block[k]];
    }
  }
  components.weights = std::move(weights);
  components.spreads = Spreads(components.points, block);
  components.prior_weight = options_.prior_weight;
  return {std::move(coordinates), components};
}

std::vector<double> Tpe::ModelledPoint(const Split& split, Rng& rng) const {
  std::vector<double> u(encoder_.dimensions(), 0.5);
  for (const std::vector<std::size_t>& block : blocks_) {
    // Parents come in earlier blocks, so what is decided already says whether this one is active.
    if (!encoder_.Decode(u)[block.front()].active) {
      continue;
    }
    const Mixture good = Density(split.good, block);
    const Mixture bad = Density(split.bad, block);
    const Eigen::ArrayXXd candidates = good.Sample(options_.candidates, rng);
    Index best = 0;
    (good.LogDensity(candidates) - bad.LogDensity(candidates)).maxCoeff(&best);
    for (std::size_t k = 0; k < block.size(); ++k) {
      u[block[k]] = candidates(best, static_cast<Index>(k));
    }
  }
  return u;
}

Result<Assignment> Tpe::Choose(TrialNumber number, const std::vector<Known>& pending) const {
  const bool start_up =
      trials_.size() + pending.size() < options_.startup_trials || completed_ == 0;
  const Split split = start_up ? Split{} : SplitOf(pending);
  const Space& space = encoder_.space();
  const int model_rounds = space.constraints.empty() ? kModelRounds : kConstrainedModelRounds;
  const auto stream = [&](int round) {
    return Rng(seed_, Scope::Trial(number), Purpose::kAcquisition,
               static_cast<std::uint32_t>(round));
  };
  std::optional<Assignment> repeated;
  for (int round = 0; round < model_rounds + kRandomRounds; ++round) {
    Rng rng = stream(round);
    const bool model = !start_up && round < model_rounds;
    Assignment values = model ? encoder_.Decode(ModelledPoint(split, rng)) : encoder_.Draw(rng);
    if (!space.Feasible(values)) {
      continue;
    }
    const std::string key = KeyOf(values);
    if (!tried_.contains(key) && std::ranges::find(pending, key, &Known::key) == pending.end()) {
      return values;
    }
    repeated = std::move(values);
  }
  if (repeated) {
    return *std::move(repeated);
  }
  Rng rng = stream(model_rounds + kRandomRounds);
  return DrawFeasible(space, [&] { return encoder_.Draw(rng); });
}

Result<std::vector<Proposal>> Tpe::Propose(const ProposeRequest& request) const {
  std::vector<Proposal> answers;
  std::vector<Known> pending;
  for (const TrialNumber number : request.numbers) {
    proposal::Start start;
    HONE_ASSIGN_OR_RETURN(start.values, Choose(number, pending));
    HONE_ASSIGN_OR_RETURN(const std::vector<double> u, encoder_.Encode(start.values));
    pending.push_back(Knowing(number, start.values, u));
    answers.emplace_back(std::move(start));
  }
  return answers;
}

std::int64_t CandidatesOf(const Settings& settings) {
  const bool hyperopt = settings.Has("n_EI_candidates");
  return std::max<std::int64_t>(1, settings.Int(hyperopt ? "n_EI_candidates" : "n_ei_candidates"));
}

template <bool kMultivariate>
Result<std::unique_ptr<Searcher>> Create(const SearchContext& context) {
  HONE_ASSIGN_OR_RETURN(SpaceEncoder encoder, SpaceEncoder::Create(context.space));
  const Settings& settings = context.settings;
  Options options;
  options.multivariate = kMultivariate;
  if (settings.Has("gamma")) {
    options.gamma = settings.Real("gamma");
  }
  options.prior_weight = settings.Real("prior_weight");
  options.candidates = static_cast<Index>(CandidatesOf(settings));
  options.startup_trials = static_cast<std::size_t>(settings.Int("n_startup_trials"));
  return std::make_unique<Tpe>(context, std::move(encoder), options);
}

std::vector<SettingSpec> SettingsOfTpe() {
  return {
      RealSetting("gamma", std::nullopt, {.min = 0, .max = 1, .open_min = true, .open_max = true},
                  "share of the square root of the number of results that counts as good; unset: "
                  "a tenth of the results; at most 25 either way"),
      RealSetting("prior_weight", 1.0, {.min = 0, .open_min = true},
                  "weight of the prior beside one observation"),
      IntSetting("n_startup_trials", 10, {.min = 0}, "random trials before the model is used"),
      IntSetting("n_ei_candidates", 24, {.min = 0}, "candidates drawn for each proposal"),
      IntSetting("n_EI_candidates", std::nullopt, {.min = 1}, "hyperopt's name of n_ei_candidates"),
      RandomStateSetting()};
}

constexpr std::uint32_t kAbilities = kReal | kInteger | kDiscrete | kCategorical | kDistributions |
                                     kParallel | kConditional | kConstrained | kMultiObjective;

HONE_REGISTER_SEARCHER(tpe,
                       {.summary = "tree-structured Parzen estimator, each parameter on its own",
                        .source = "Bergstra et al. 2011; Watanabe 2023, arXiv 2304.11127",
                        .supports = kAbilities,
                        .settings = SettingsOfTpe(),
                        .create = &Create<false>});

HONE_REGISTER_SEARCHER_AS(
    "multivariate-tpe", multivariate_tpe,
    {.summary = "tree-structured Parzen estimator over all parameters together",
     .source = "Falkner et al. 2018; Watanabe 2023, arXiv 2304.11127",
     .supports = kAbilities,
     .settings = SettingsOfTpe(),
     .create = &Create<true>});

}  // namespace
}  // namespace hone
