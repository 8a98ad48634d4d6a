// SPDX-License-Identifier: Apache-2.0
// Tree-structured Parzen estimators: a density of good configurations over one of the others, each
// a mixture of kernels at observed points. `tpe` models each parameter alone, `multivariate-tpe`
// all parameters that are active together (the group decomposition of conditional spaces).
//
// Source: Bergstra, Bardenet, Bengio, Kegl 2011, "Algorithms for hyper-parameter optimization";
// Watanabe 2023, arXiv 2304.11127; Falkner, Klein, Hutter 2018 (one bandwidth for all kernels);
// several objectives: Ozaki, Tanigaki, Watanabe, Onishi 2020, "Multiobjective tree-structured
// Parzen estimator for computationally expensive optimization problems" (good: the best fronts);
// outcome constraints: Watanabe, Hutter 2023, "c-TPE: tree-structured Parzen estimator with
// inequality constraints for expensive hyperparameter optimization", arXiv 2211.14411
// (`multivariate-tpe`; of single parameters: results within the bounds come first).
// Differs from Optuna 5's in: trials that run count as bad ones by default (constant liar), as do
// those that failed or were stopped early; no configuration is proposed twice while others are
// left; kernels of ordered values are integrated over their cells, so that no end is favoured.
// Differs from the c-TPE of the paper in: where fewer results keep a bound than count as good, the
// closest ones stand beside them.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/feasible.h"
#include "algorithms/registry.h"
#include "algorithms/sampling/kernels.h"
#include "algorithms/sampling/mixture.h"
#include "algorithms/seed.h"
#include "algorithms/tpe_blocks.h"
#include "algorithms/tpe_components.h"
#include "algorithms/tpe_earlier.h"
#include "algorithms/tpe_trials.h"
#include "base/rng.h"

namespace hone {
namespace {

using Eigen::Index;
using sampling::Coordinate;
using sampling::Mixture;
using tpe::Block;
using tpe::Known;
using tpe::Merged;
using tpe::Split;
using tpe::Weighted;

// Bandwidth of a single kernel, and the part of hyperopt's "magic clip" (no kernel narrower than
// 1 / (n + 1)) that is kept. Chosen on the development tasks of benchmarks/quality, 64 trials:
// twice the first loses 10 of 100 points on smooth functions, the whole clip 7.
constexpr double kSpreadOfOne = 0.1;
constexpr double kNarrowest = 0.5;
// A point of the model is drawn again this often if it is known already, and more often if
// constraints may refuse it; then random points are, more of them where nearly all are known.
constexpr int kModelRounds = 4;
constexpr int kConstrainedModelRounds = 32;
constexpr int kRandomRounds = 4;

struct Options {
  bool multivariate = false;
  std::optional<double> gamma;
  double prior_weight = 1;
  Index candidates = 24;
  std::size_t startup_trials = 10;
  std::size_t max_components = 512;
  bool noisy = false;
};

double NarrowestOf(double kernels) {
  return kNarrowest / std::min(100.0, kernels + 2);
}

std::vector<bool> ActiveOf(const Assignment& values) {
  std::vector<bool> active;
  active.reserve(values.size());
  for (const Value& value : values) {
    active.push_back(value.active);
  }
  return active;
}

/// The densities that one split compares in a block.
struct Compared {
  sampling::Blend good;
  sampling::Blend bad;
  double good_share;  ///< of the trials
};

/// What one proposal is drawn from, made as far as it is needed.
struct Estimate {
  std::vector<Split> splits;
  // By condition of blocks: good and bad ones of each split.
  std::map<std::size_t, std::vector<std::pair<Weighted, Weighted>>> trials;
  std::vector<std::vector<Compared>> models;  // by block: one for each split
  std::vector<double> shares{};               // of earlier tasks
};

/// Logarithm of the relative density ratio: of the chance that a trial is a good one, up to a
/// constant. @source arXiv 2211.14411, section 3.2
Eigen::ArrayXd LogRelative(const Compared& of, const Eigen::ArrayXXd& x) {
  const Eigen::ArrayXd against = of.bad.LogDensity(x) - of.good.LogDensity(x);
  const Eigen::ArrayXd top = against.max(0.0);
  return -top - (of.good_share * (-top).exp() + (1 - of.good_share) * (against - top).exp()).log();
}

class Tpe final : public Searcher {
 public:
  Tpe(const SearchContext& context, SpaceEncoder encoder, Options options)
      : encoder_(std::move(encoder)),
        options_(options),
        seed_(SeedOf(context.settings, context.seed)),
        blocks_(tpe::BlocksOf(context.space, options.multivariate)),
        earlier_(blocks_),
        sorted_(encoder_.dimensions()) {
    for (std::size_t d = 0; d < encoder_.dimensions(); ++d) {
      coordinates_.push_back(tpe::CoordinateOf(encoder_, d));
    }
  }

  /// What an earlier experiment found.
  Status Learn(const EarlierTask& task);

  Status Observe(History deltas) override;
  [[nodiscard]] Result<std::vector<Proposal>> Propose(const ProposeRequest& request) const override;

 private:
  using State = Known::State;

  Status Learn(const history::Proposed& what);
  Status Learn(const history::Completed& what) {
    earlier_.Found(what.trial, what.values.front());
    return trials_.End(what.trial, State::kCompleted, what.values, what.excess);
  }
  Status Learn(const history::Infeasible& what) {
    const State state = what.excess.empty() ? State::kBad : State::kViolated;
    return trials_.End(what.trial, state, what.values, what.excess);
  }
  Status Learn(const history::StoppedEarly& what) { return trials_.End(what.trial, State::kBad); }
  Status Learn(const history::Lost& what) {
    if (const Known* const known = trials_.Find(what.trial)) {
      sorted_.Remove(*known);
    }
    trials_.Forget(what.trial);
    earlier_.Forget(what.trial);
    return {};
  }
  Status Learn(const history::Reported& /*what*/) { return {}; }
  Status Learn(const history::Paused& /*what*/) { return {}; }
  Status Learn(const history::Resumed& /*what*/) { return {}; }

  [[nodiscard]] Known Knowing(TrialNumber number, const Assignment& values,
                              const std::vector<double>& u) const;
  [[nodiscard]] std::vector<double> LogScales(const std::vector<double>& u) const;
  [[nodiscard]] Result<Assignment> Choose(TrialNumber number,
                                          const std::vector<Known>& pending) const;
  [[nodiscard]] const std::vector<Compared>& ModelsOf(std::size_t block, Estimate& estimate) const;
  [[nodiscard]] std::vector<double> ModelledPoint(Estimate& estimate, Rng& rng) const;
  [[nodiscard]] Eigen::ArrayXXd Best(const std::vector<Compared>& models, Rng& rng) const;
  [[nodiscard]] bool IsActive(std::size_t d, const std::vector<double>& u) const;
  [[nodiscard]] Weighted ActiveOnes(const std::vector<const Known*>& trials,
                                    const Block& block) const;
  [[nodiscard]] Mixture Density(const Weighted& of, const Block& block) const;
  [[nodiscard]] sampling::Blend Blended(const Weighted& of, const Block& block) const {
    return {Density(of, block), of.weights.sum() + options_.prior_weight};
  }
  [[nodiscard]] Eigen::ArrayXXd Spreads(const Weighted& of, const Block& block) const;
  [[nodiscard]] double CommonSpread(std::size_t kernels, const Block& block) const;

  SpaceEncoder encoder_;
  Options options_;
  std::uint64_t seed_;
  std::vector<Block> blocks_;
  std::vector<Coordinate> coordinates_;
  tpe::Trials trials_;
  tpe::Earlier earlier_;
  tpe::Sorted sorted_;  // unless multivariate
};

Status Tpe::Learn(const EarlierTask& task) {
  std::vector<Known> trials;
  for (const EarlierResult& result : task.results) {
    HONE_ASSIGN_OR_RETURN(const std::vector<double> u, encoder_.Encode(result.values));
    trials.push_back(Knowing(0, result.values, u));
    trials.back().losses = {result.loss};
  }
  const Split split = tpe::SplitEarlier(trials, options_.gamma);
  std::vector<tpe::Earlier::Densities> densities;
  for (const Block& block : blocks_) {
    const Weighted good = ActiveOnes(split.good, block);
    const Weighted bad = ActiveOnes(split.bad, block);
    densities.push_back(
        {Density(good, block), Density(bad, block), good.weights.sum(), bad.weights.sum()});
  }
  earlier_.Add(std::move(densities));
  return {};
}

Known Tpe::Knowing(TrialNumber number, const Assignment& values,
                   const std::vector<double>& u) const {
  Known known{number, State::kRunning, {}, {}, u, ActiveOf(values), KeyOf(values), {}};
  if (options_.multivariate) {
    known.log_scales = LogScales(u);
  }
  return known;
}

/// Of a point's kernels in densities that have as many of them as they may.
std::vector<double> Tpe::LogScales(const std::vector<double>& u) const {
  std::vector<double> scales;
  for (const Block& block : blocks_) {
    std::vector<Coordinate> coordinates;
    std::vector<double> point;
    for (const std::size_t d : block.coordinates) {
      coordinates.push_back(coordinates_[d]);
      point.push_back(u[d]);
    }
    const std::vector<double> spreads(point.size(), CommonSpread(options_.max_components, block));
    scales.push_back(sampling::LogScale(coordinates, point, spreads));
  }
  return scales;
}

Status Tpe::Learn(const history::Proposed& what) {
  HONE_ASSIGN_OR_RETURN(const std::vector<double> u, encoder_.Encode(what.values));
  Known known = Knowing(what.trial, what.values, u);
  if (!options_.multivariate) {
    sorted_.Add(known);
  }
  earlier_.Expect(known);
  trials_.Start(std::move(known));
  return {};
}

Status Tpe::Observe(History deltas) {
  for (const HistoryItem& item : deltas) {
    HONE_RETURN_IF_ERROR(std::visit([this](const auto& what) { return Learn(what); }, item.what));
  }
  return {};
}

/// Of all kernels of a density, where they are alike.
double Tpe::CommonSpread(std::size_t kernels, const Block& block) const {
  const auto n = static_cast<double>(kernels);
  const auto d = static_cast<double>(block.coordinates.size());
  return std::clamp(kSpreadOfOne * std::pow(std::max(n, 1.0), -1 / (d + 4)), NarrowestOf(n), 1.0);
}

Eigen::ArrayXXd Tpe::Spreads(const Weighted& of, const Block& block) const {
  const std::size_t d = block.coordinates.front();
  const std::size_t n = of.trials.size();
  if (options_.multivariate || coordinates_[d].cells() > 0 || n == 0) {
    return Eigen::ArrayXXd::Constant(1, static_cast<Index>(block.coordinates.size()),
                                     CommonSpread(n, block));
  }
  return sampling::NeighbourSpreads(sorted_.Of(d, of.trials, of.rows), coordinates_[d].prior_mean)
      .max(NarrowestOf(static_cast<double>(n)))
      .min(1.0);
}

Weighted Tpe::ActiveOnes(const std::vector<const Known*>& trials, const Block& block) const {
  const std::size_t d = block.coordinates.front();
  std::vector<const Known*> active;
  active.reserve(trials.size());
  for (const Known* known : trials) {
    if (!encoder_.ParentOf(d) || known->active[d]) {
      active.push_back(known);
    }
  }
  Weighted merged = Merged(std::move(active), options_.max_components);
  if (!options_.multivariate) {
    merged.rows = tpe::RowsOf(merged.trials);
  }
  return merged;
}

Mixture Tpe::Density(const Weighted& of, const Block& block) const {
  const std::size_t n = of.trials.size();
  sampling::Components components;
  components.points.resize(static_cast<Index>(n), static_cast<Index>(block.coordinates.size()));
  double* place = components.points.data();  // row by row
  for (const Known* known : of.trials) {
    for (const std::size_t d : block.coordinates) {
      *place++ = known->u[d];
    }
  }
  std::vector<Coordinate> coordinates;
  coordinates.reserve(block.coordinates.size());
  for (const std::size_t d : block.coordinates) {
    coordinates.push_back(coordinates_[d]);
  }
  components.weights = of.weights;
  components.spreads = Spreads(of, block);
  components.prior_weight = options_.prior_weight;
  if (options_.multivariate && n == options_.max_components) {
    components.log_scales.resize(static_cast<Index>(n));
    for (std::size_t i = 0; i < n; ++i) {
      components.log_scales[static_cast<Index>(i)] = of.trials[i]->log_scales[block.number];
    }
  }
  return {std::move(coordinates), std::move(components)};
}

/// As the encoder decides it for the whole point.
bool Tpe::IsActive(std::size_t d, const std::vector<double>& u) const {
  const std::optional<std::size_t> parent = encoder_.ParentOf(d);
  if (!parent) {
    return true;
  }
  const std::uint64_t cell =
      encoder_.Cells(*parent) ? encoder_.CellOf(*parent, u[*parent]) : std::uint64_t{0};
  const auto cells = encoder_.ActiveCells(d);
  return IsActive(*parent, u) && std::ranges::find(cells, cell) != cells.end();
}

/// The best of what is drawn from each good density. @returns shape (1, d)
Eigen::ArrayXXd Tpe::Best(const std::vector<Compared>& models, Rng& rng) const {
  Eigen::ArrayXXd candidates = models.front().good.Sample(options_.candidates, rng);
  Index best = 0;
  if (models.size() == 1) {  // the relative ratio grows with the plain one
    (models.front().good.LogDensity(candidates) - models.front().bad.LogDensity(candidates))
        .maxCoeff(&best);
    return candidates.row(best);
  }
  const Index each = options_.candidates;
  candidates.conservativeResize(static_cast<Index>(models.size()) * each, candidates.cols());
  for (std::size_t m = 1; m < models.size(); ++m) {
    candidates.middleRows(static_cast<Index>(m) * each, each) = models[m].good.Sample(each, rng);
  }
  Eigen::ArrayXd score = Eigen::ArrayXd::Zero(candidates.rows());
  for (const Compared& model : models) {
    score += LogRelative(model, candidates);
  }
  score.maxCoeff(&best);
  return candidates.row(best);
}

const std::vector<Compared>& Tpe::ModelsOf(std::size_t block, Estimate& estimate) const {
  std::vector<Compared>& models = estimate.models[block];
  if (!models.empty()) {
    return models;
  }
  const auto [at, is_new] = estimate.trials.try_emplace(blocks_[block].condition);
  for (std::size_t i = 0; i < estimate.splits.size(); ++i) {
    const Split& split = estimate.splits[i];
    if (is_new) {
      at->second.emplace_back(ActiveOnes(split.good, blocks_[block]),
                              ActiveOnes(split.bad, blocks_[block]));
    }
    const auto& [good, bad] = at->second[i];
    models.push_back(
        {Blended(good, blocks_[block]), Blended(bad, blocks_[block]), split.GoodShare()});
    if (split.by_objectives) {
      earlier_.Blend(block, estimate.shares, models.back().good, models.back().bad);
    }
  }
  return models;
}

std::vector<double> Tpe::ModelledPoint(Estimate& estimate, Rng& rng) const {
  std::vector<double> u(encoder_.dimensions(), 0.5);
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const std::vector<std::size_t>& coordinates = blocks_[b].coordinates;
    // Parents come in earlier blocks, so what is decided already says whether this one is active.
    if (!IsActive(coordinates.front(), u)) {
      continue;
    }
    const Eigen::ArrayXXd best = Best(ModelsOf(b, estimate), rng);
    for (std::size_t k = 0; k < coordinates.size(); ++k) {
      u[coordinates[k]] = best(0, static_cast<Index>(k));
    }
  }
  return u;
}

Result<Assignment> Tpe::Choose(TrialNumber number, const std::vector<Known>& pending) const {
  Estimate estimate{{}, {}, std::vector<std::vector<Compared>>(blocks_.size())};
  if (trials_.size() + pending.size() >= options_.startup_trials) {
    estimate.splits =
        trials_.Splits(pending, options_.gamma,
                       options_.multivariate ? tpe::ByBounds::kEach : tpe::ByBounds::kFirst);
    estimate.shares = earlier_.Shares();
  }
  const Space& space = encoder_.space();
  const int model_rounds = space.constraints.empty() ? kModelRounds : kConstrainedModelRounds;
  const auto stream = [&](int round) {
    return Rng(seed_, Scope::Trial(number), Purpose::kAcquisition,
               static_cast<std::uint32_t>(round));
  };
  const auto is_new = [&](const Assignment& values) {
    const std::string key = KeyOf(values);
    return !trials_.WasTried(key) && std::ranges::find(pending, key, &Known::key) == pending.end();
  };
  std::optional<Assignment> repeated;
  for (int round = 0; round < model_rounds + kRandomRounds; ++round) {
    Rng rng = stream(round);
    const bool model = !estimate.splits.empty() && round < model_rounds;
    Assignment values = model ? encoder_.Decode(ModelledPoint(estimate, rng)) : encoder_.Draw(rng);
    if (!space.Feasible(values)) {
      continue;
    }
    if (options_.noisy || is_new(values)) {
      return values;
    }
    repeated = std::move(values);
  }
  Rng rng = stream(model_rounds + kRandomRounds);
  const auto draw = [&] { return encoder_.Draw(rng); };
  if (!repeated) {
    return DrawFeasible(space, draw);
  }
  return DrawNew(space, draw, is_new).value_or(*std::move(repeated));
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
  options.noisy = context.noisy;
  if (settings.Has("gamma")) {
    options.gamma = settings.Real("gamma");
  }
  options.prior_weight = settings.Real("prior_weight");
  options.candidates = static_cast<Index>(CandidatesOf(settings));
  options.startup_trials =
      context.warm_trials + static_cast<std::size_t>(settings.Int("n_startup_trials"));
  options.max_components = static_cast<std::size_t>(settings.Int("max_components"));
  auto search = std::make_unique<Tpe>(context, std::move(encoder), options);
  for (const EarlierTask& task : context.earlier) {
    if (context.objectives == 1 && !task.results.empty()) {
      HONE_RETURN_IF_ERROR(search->Learn(task));
    }
  }
  return search;
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
      IntSetting("max_components", 512, {.min = 2},
                 "kernels of a density; beyond, older trials are merged with their neighbours"),
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
     .source = "Falkner et al. 2018; Watanabe 2023, arXiv 2304.11127; c-TPE: arXiv 2211.14411",
     .supports = kAbilities,
     .settings = SettingsOfTpe(),
     .create = &Create<true>});

}  // namespace
}  // namespace hone
