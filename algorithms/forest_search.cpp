// SPDX-License-Identifier: Apache-2.0
// Bayesian optimisation with a random forest, or extremely randomised trees: the mean of the trees
// is what is expected of a configuration, their spread how uncertain that is.
//
// Source: Hutter, Hoos, Leyton-Brown 2011, "Sequential model-based optimization for general
// algorithm configuration"; the names of settings are scikit-optimize's. Differs from
// scikit-optimize in: outputs are transformed as for the Gaussian process; candidates are Sobol
// points and neighbours of the best results; running trials count with what the trees expect of
// them, failed and stopped ones with the worst result; no configuration is proposed twice.
#include "algorithms/forest_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>
#include <ranges>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/forest/regression_forest.h"
#include "algorithms/gp/outputs.h"
#include "algorithms/gp/search.h"
#include "algorithms/new_points.h"
#include "algorithms/seed.h"
#include "algorithms/unit_space.h"
#include "base/rng.h"

namespace hone {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using gp::Dimension;

constexpr char kSettings[] = "spec.algorithm.algorithmSettings";
constexpr std::int64_t kLeastInitial = 5;
constexpr std::int64_t kInitialPart = 4;  // of the budget, at most
// scikit-optimize's forests have leaves of three; its candidates are 10,000 random points.
constexpr std::size_t kLeastInLeaf = 3;
constexpr Index kSobolPoints = 1024;
constexpr std::size_t kParents = 8;
constexpr Index kChildren = 32;  // of each
constexpr double kStep = 0.1;
constexpr double kAnyStep = 0.2;  // share of children that differ in more than one coordinate
constexpr double kXi = 0.01;
constexpr double kKappa = 1.96;
constexpr double kLeastDeviation = 1e-9;

struct Observed {
  VectorXd point;
  std::optional<double> loss;  // nothing: failed
  bool stopped = false;
};

/// Unless set, as for the Gaussian process.
std::size_t InitialOf(const SearchContext& context, Index dimensions) {
  if (context.settings.Has("n_initial_points")) {
    return static_cast<std::size_t>(context.settings.Int("n_initial_points"));
  }
  std::int64_t initial = std::max<std::int64_t>(kLeastInitial, dimensions + 1);
  if (context.max_trial_count) {
    initial = std::min<std::int64_t>(
        initial, std::max<std::int64_t>(*context.max_trial_count / kInitialPart, 1));
  }
  return static_cast<std::size_t>(initial);
}

double NormalCdf(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

/// Expected improvement, or its probability, below `best`, or the lower confidence bound, so that
/// more is better.
double Gain(const std::string& acquisition, const forest::Forest::Spread& spread, double best,
            double xi) {
  if (acquisition == "LCB") {
    return kKappa * spread.deviation - spread.mean;
  }
  const double deviation = std::max(spread.deviation, kLeastDeviation);
  const double better = best - xi - spread.mean;
  const double z = better / deviation;
  if (acquisition == "PI") {
    return NormalCdf(z);
  }
  const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
  return better * NormalCdf(z) + deviation * density;
}

/// State: what runs, what came of the rest, what was tried.
class ForestSearch final : public Searcher {
 public:
  ForestSearch(UnitSpace space, const SearchContext& context)
      : space_(std::move(space)),
        seed_(SeedOf(context.settings, context.seed)),
        acquisition_(context.settings.Has("acq_func") ? context.settings.Text("acq_func") : "EI"),
        xi_(context.settings.Has("acq_func") ? kXi : 0) {
    options_.least_in_leaf = kLeastInLeaf;
    options_.extra_random = context.settings.Text("base_estimator") == "ET";
    initial_ = InitialOf(context, space_.size());
    for (const Dimension& dimension : space_.dimensions()) {
      features_.push_back({dimension.categorical ? dimension.values.size() : 0});
    }
  }

  Status Observe(History deltas) override {
    for (const HistoryItem& item : deltas) {
      HONE_RETURN_IF_ERROR(std::visit([this](const auto& what) { return Learn(what); }, item.what));
    }
    return {};
  }
  [[nodiscard]] Result<std::vector<Proposal>> Propose(const ProposeRequest& request) const override;

 private:
  /// The forest of one answer, and the candidates for it.
  struct Round {
    forest::Forest forest;
    double best = 0;      // transformed
    MatrixXd candidates;  // canonical, feasible, new
  };

  Status Learn(const history::Proposed& what);
  Status Learn(const history::Completed& what) {
    return End(what.trial, what.values.front(), false);
  }
  Status Learn(const history::StoppedEarly& what) {
    return what.values.empty() ? Forget(what.trial) : End(what.trial, what.values.front(), true);
  }
  Status Learn(const history::Infeasible& what) { return End(what.trial, std::nullopt, false); }
  Status Learn(const history::Lost& what) { return Forget(what.trial); }
  template <class Other>
  Status Learn(const Other& /*what*/) {
    return {};
  }
  Status End(TrialNumber trial, std::optional<double> loss, bool stopped);
  Status Forget(TrialNumber trial);

  [[nodiscard]] VectorXd Losses() const;
  [[nodiscard]] VectorXd ForTrees(VectorXd point) const;
  [[nodiscard]] Round MakeRound(const std::vector<VectorXd>& pending, const PointSet& taken,
                                Rng rng) const;
  [[nodiscard]] MatrixXd Candidates(const VectorXd& outputs, const PointSet& taken, Rng& rng) const;
  [[nodiscard]] VectorXd Varied(VectorXd point, Rng& rng) const;
  [[nodiscard]] std::optional<Index> Chosen(const Round& round, Rng& rng) const;
  [[nodiscard]] std::optional<VectorXd> Initial(std::size_t index, const PointSet& taken) const;
  [[nodiscard]] std::optional<VectorXd> ByModel(const std::vector<VectorXd>& pending,
                                                const PointSet& taken, TrialNumber number) const;
  [[nodiscard]] Result<std::optional<VectorXd>> Next(std::size_t index,
                                                     const std::vector<VectorXd>& pending,
                                                     const PointSet& taken,
                                                     TrialNumber number) const;

  UnitSpace space_;
  std::uint64_t seed_;
  std::string acquisition_;
  double xi_;
  forest::Options options_;
  std::size_t initial_ = 0;
  std::vector<forest::Feature> features_;
  std::size_t proposed_ = 0;
  std::size_t with_loss_ = 0;
  std::map<TrialNumber, VectorXd> running_;
  std::vector<Observed> results_;
  std::multiset<VectorXd, Lexicographic> tried_;
};

Status ForestSearch::Learn(const history::Proposed& what) {
  HONE_ASSIGN_OR_RETURN(VectorXd point, space_.Encode(what.values));
  ++proposed_;
  tried_.insert(point);
  running_.insert_or_assign(what.trial, std::move(point));
  return {};
}

Status ForestSearch::End(TrialNumber trial, std::optional<double> loss, bool stopped) {
  auto ran = running_.extract(trial);
  if (!ran) {
    return Fail(Code::kInternal, "trial " + std::to_string(trial) + " ended before its proposal");
  }
  with_loss_ += loss ? 1 : 0;
  results_.push_back({std::move(ran.mapped()), loss, stopped});
  return {};
}

Status ForestSearch::Forget(TrialNumber trial) {
  if (const auto ran = running_.extract(trial)) {
    tried_.erase(tried_.find(ran.mapped()));
  }
  return {};
}

/// Of all results: what failed has the worst, what was stopped is no better than the worst that
/// came to its end.
VectorXd ForestSearch::Losses() const {
  double worst = -std::numeric_limits<double>::infinity();
  double worst_of_ended = worst;
  for (const Observed& result : results_) {
    const double loss = result.loss.value_or(worst);
    worst = std::max(worst, loss);
    worst_of_ended = result.stopped ? worst_of_ended : std::max(worst_of_ended, loss);
  }
  VectorXd losses(std::ssize(results_));
  for (Index i = 0; i < losses.size(); ++i) {
    const Observed& result = results_[static_cast<std::size_t>(i)];
    losses[i] = result.loss.value_or(worst);
    if (result.stopped) {
      losses[i] = std::max(losses[i], worst_of_ended);
    }
  }
  return losses;
}

/// Categories as their numbers, what plays no role as NaN.
VectorXd ForestSearch::ForTrees(VectorXd point) const {
  const std::vector<bool> active = gp::ActiveAt(space_.dimensions(), point);
  for (std::size_t d = 0; d < active.size(); ++d) {
    double& u = point[static_cast<Index>(d)];
    if (!active[d]) {
      u = std::numeric_limits<double>::quiet_NaN();
    } else if (features_[d].choices > 0) {
      u = static_cast<double>(gp::NearestValue(space_.dimensions()[d], u));
    }
  }
  return point;
}

/// A neighbour: one coordinate, now and then more of them, moves a little or takes another value.
VectorXd ForestSearch::Varied(VectorXd point, Rng& rng) const {
  const auto count = static_cast<std::uint32_t>(space_.size());
  const std::uint32_t changes = rng.Uniform() < kAnyStep ? 1 + rng.Below(count) : 1;
  for (std::uint32_t i = 0; i < changes; ++i) {
    const std::uint32_t d = rng.Below(count);
    double& u = point[static_cast<Index>(d)];
    u = space_.dimensions()[d].categorical ? rng.Uniform()
                                           : std::clamp(u + kStep * rng.Normal(), 0.0, 1.0);
  }
  return space_.Canonical(std::move(point));
}

MatrixXd ForestSearch::Candidates(const VectorXd& outputs, const PointSet& taken, Rng& rng) const {
  std::vector<VectorXd> found;
  const auto keep = [&](VectorXd point) {
    if (!taken.contains(point) && space_.IsFeasible(point)) {
      found.push_back(std::move(point));
    }
  };
  const MatrixXd spread = gp::ShiftedSobol(space_.size(), 0, kSobolPoints, rng);
  for (const auto& point : spread.colwise()) {
    keep(space_.Canonical(space_.FromUniform(point)));
  }
  std::vector<Index> order(results_.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, {}, [&](Index i) { return outputs[i]; });
  order.resize(std::min(order.size(), kParents));
  for (const Index parent : order) {
    for (Index child = 0; child < kChildren; ++child) {
      keep(Varied(results_[static_cast<std::size_t>(parent)].point, rng));
    }
  }
  MatrixXd candidates(space_.size(), std::ssize(found));
  for (Index i = 0; i < candidates.cols(); ++i) {
    candidates.col(i) = found[static_cast<std::size_t>(i)];
  }
  return candidates;
}

ForestSearch::Round ForestSearch::MakeRound(const std::vector<VectorXd>& pending,
                                            const PointSet& taken, Rng rng) const {
  const VectorXd outputs = gp::TransformedOutputs(Losses());
  const Index ended = outputs.size();
  MatrixXd points(space_.size(), ended + std::ssize(pending));
  for (Index i = 0; i < points.cols(); ++i) {
    const auto at = static_cast<std::size_t>(i < ended ? i : i - ended);
    points.col(i) = ForTrees(i < ended ? results_[at].point : pending[at]);
  }
  const std::uint64_t seed = (static_cast<std::uint64_t>(rng()) << 32U) | rng();
  forest::Forest forest(features_, points.leftCols(ended), outputs, options_, seed);
  if (!pending.empty()) {
    VectorXd all(points.cols());
    all.head(ended) = outputs;
    for (Index i = ended; i < all.size(); ++i) {
      all[i] = forest.Predict(points.col(i));
    }
    forest = forest::Forest(features_, points, all, options_, seed);
  }
  return {std::move(forest), outputs.minCoeff(), Candidates(outputs, taken, rng)};
}

/// @returns  nothing: there is no candidate
std::optional<Index> ForestSearch::Chosen(const Round& round, Rng& rng) const {
  std::vector<std::string> names{acquisition_};
  if (acquisition_ == "gp_hedge") {
    names = {"EI", "LCB", "PI"};
  }
  if (round.candidates.cols() == 0) {
    return std::nullopt;
  }
  std::vector<forest::Forest::Spread> spreads(static_cast<std::size_t>(round.candidates.cols()));
  for (std::size_t i = 0; i < spreads.size(); ++i) {
    const auto column = static_cast<Index>(i);
    spreads[i] = round.forest.PredictSpread(ForTrees(round.candidates.col(column)));
  }
  std::vector<Index> nominees(names.size());
  // Of a portfolio, one at random, the likelier the lower the mean where it would go.
  std::vector<double> weights(names.size());
  for (std::size_t n = 0; n < names.size(); ++n) {
    const auto gain = [&](const forest::Forest::Spread& spread) {
      return Gain(names[n], spread, round.best, xi_);
    };
    const auto best = std::ranges::max_element(spreads, {}, gain);
    nominees[n] = best - spreads.begin();
    weights[n] = std::exp(round.best - best->mean);
  }
  double draw = rng.Uniform() * std::accumulate(weights.begin(), weights.end(), 0.0);
  std::size_t chosen = 0;
  while (chosen + 1 < weights.size() && draw >= weights[chosen]) {
    draw -= weights[chosen++];
  }
  return nominees[chosen];
}

/// The middle of the space, then Sobol points, the branches in turn. @returns  nothing: it is
/// taken, or not feasible
std::optional<VectorXd> ForestSearch::Initial(std::size_t index, const PointSet& taken) const {
  VectorXd point = VectorXd::Constant(space_.size(), 0.5);
  if (index > 0) {
    const Rng shift(seed_, Scope::Experiment(), Purpose::kScramble);
    point = space_.FromUniform(
        gp::ShiftedSobol(space_.size(), static_cast<std::uint32_t>(index), 1, shift));
  }
  point = space_.Canonical(space_.WithBranches(std::move(point), index));
  const bool fits = space_.IsFeasible(point) && !taken.contains(point);
  return fits ? std::optional(std::move(point)) : std::nullopt;
}

std::optional<VectorXd> ForestSearch::ByModel(const std::vector<VectorXd>& pending,
                                              const PointSet& taken, TrialNumber number) const {
  const Rng rng(seed_, Scope::Trial(number), Purpose::kAcquisition);
  const Round round = MakeRound(pending, taken, rng);
  Rng of_choice(seed_, Scope::Trial(number), Purpose::kShuffle);
  const std::optional<Index> chosen = Chosen(round, of_choice);
  return chosen ? std::optional<VectorXd>(round.candidates.col(*chosen)) : std::nullopt;
}

/// @param index  of this answer among all proposals. @returns  nothing: all were tried
Result<std::optional<VectorXd>> ForestSearch::Next(std::size_t index,
                                                   const std::vector<VectorXd>& pending,
                                                   const PointSet& taken,
                                                   TrialNumber number) const {
  constexpr std::size_t kLeastResults = 2;
  std::optional<VectorXd> point;
  if (space_.size() > 0) {
    const bool models = proposed_ >= initial_ && with_loss_ >= kLeastResults;
    point = models ? ByModel(pending, taken, number) : Initial(index, taken);
  }
  if (point) {
    return point;
  }
  return AnyNewPoint(space_, taken, Rng(seed_, Scope::Trial(number), Purpose::kSample));
}

Result<std::vector<Proposal>> ForestSearch::Propose(const ProposeRequest& request) const {
  PointSet taken(tried_.begin(), tried_.end());
  std::vector<VectorXd> pending(running_.size());
  std::ranges::copy(running_ | std::views::values, pending.begin());
  std::vector<Proposal> answers;
  for (std::size_t i = 0; i < request.numbers.size(); ++i) {
    const TrialNumber number = request.numbers[i];
    HONE_ASSIGN_OR_RETURN(std::optional<VectorXd> point,
                          Next(proposed_ + i, pending, taken, number));
    if (!point) {
      answers.emplace_back(proposal::Exhausted{"every configuration of the space was tried"});
      continue;
    }
    proposal::Start start;
    start.values = space_.Decode(*point);
    answers.emplace_back(std::move(start));
    taken.insert(*point);
    pending.push_back(std::move(*point));
  }
  return answers;
}

}  // namespace

bool UsesForest(const Settings& settings) {
  return settings.Text("base_estimator") != "GP";
}

Result<std::unique_ptr<Searcher>> CreateForestSearch(const SearchContext& context) {
  HONE_ASSIGN_OR_RETURN(SpaceEncoder encoder, SpaceEncoder::Create(context.space));
  return std::make_unique<ForestSearch>(UnitSpace(context.space, std::move(encoder)), context);
}

void CheckForestSearch(const SearchContext& context, Problems& problems) {
  const std::string& estimator = context.settings.Text("base_estimator");
  if (context.objectives > 1) {
    problems.Refuse(kSettings, "base_estimator " + estimator +
                                   " models one objective; leave it out, or leave out "
                                   "spec.objective.additionalObjectives");
  }
  if (context.settings.Has("acq_func") && context.settings.Text("acq_func").ends_with("ps")) {
    problems.Refuse(kSettings, "acq_func " + context.settings.Text("acq_func") +
                                   " needs a model of durations, which base_estimator " +
                                   estimator + " has not; use EI or PI, or base_estimator GP");
  }
  if (context.settings.Text("acq_optimizer") == "lbfgs") {
    problems.Refuse(kSettings, "acq_optimizer lbfgs needs a gradient, which base_estimator " +
                                   estimator + " has not; use auto or sampling");
  }
  for (const auto& [name, unset] :
       {std::pair("each_fourth", "front"), std::pair("priors", "broad")}) {
    if (context.settings.Text(name) != unset) {
      problems.Refuse(kSettings,
                      std::string(name) + " is of the Gaussian process; use base_estimator GP");
    }
  }
  if (context.settings.Real("least_gain") != 0) {
    problems.Refuse(kSettings, "least_gain is of the Gaussian process; use base_estimator GP");
  }
  if (estimator == "GBRT") {
    problems.Warn(kSettings, "base_estimator GBRT is taken as RF, a random forest");
  }
}

}  // namespace hone
