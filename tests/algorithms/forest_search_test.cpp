// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "algorithms/check.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"
#include "tests/contracts/searcher_contract.h"

namespace hone {
namespace {

const SearcherInfo& Registered(const std::string& name = "bayesianoptimization") {
  const SearcherInfo* info = SearcherRegistry::Instance().Find(name);
  REQUIRE(info != nullptr);
  return *info;
}

/// The algorithm as it is registered, but with this model whatever the experiment says.
template <char First, char Second>
Result<std::unique_ptr<Searcher>> CreateWith(const SearchContext& context) {
  Problems problems;
  const std::vector<Setting> given = {{"base_estimator", std::string{First, Second}}};
  const Settings settings = CheckSettings(Registered().settings, given, "", problems);
  return Registered().create({context.space, settings, context.seed, context.objectives,
                              context.parallel_trial_count, context.max_trial_count});
}

ExperimentSpec SpecOf(Space space, std::vector<Setting> settings, std::string algorithm) {
  ExperimentSpec spec;
  spec.name = "forest";
  spec.space = std::move(space);
  spec.algorithm = {std::move(algorithm), std::move(settings)};
  return spec;
}

/// A bowl whose depth hangs on a word: 0 at (0.7, 0.2) with "b".
double Loss(const Assignment& values) {
  const double word = values[2].text == "b" ? 0 : 0.5;
  return std::pow(std::stod(values[0].text) - 0.7, 2) +
         std::pow(std::stod(values[1].text) - 0.2, 2) + word;
}

double BestOf(const std::string& algorithm, const std::vector<Setting>& settings,
              std::uint64_t seed) {
  const Space space{
      {spaces::Real("x", 0, 1), spaces::Real("y", 0, 1), spaces::Words("w", {"a", "b", "c", "d"})}};
  ExperimentSpec spec = SpecOf(space, settings, algorithm);
  spec.max_trial_count = 30;
  SearcherLab lab(Registered(algorithm), spec, seed);
  double best = 1e9;
  for (int i = 0; i < 30; ++i) {
    const double loss = Loss(std::get<proposal::Start>(lab.Ask(1)[0]).values);
    best = std::min(best, loss);
    lab.Complete(lab.running().front(), loss);
  }
  return best;
}

double MedianOf(const std::string& algorithm, const std::vector<Setting>& settings) {
  std::vector<double> best;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    best.push_back(BestOf(algorithm, settings, seed));
  }
  std::ranges::sort(best);
  return best[2];
}

TEST_CASE("forest search: keeps the contract of searchers", "[algorithms]") {
  // A model takes milliseconds an answer; these lives have its design and fits after it.
  constexpr ContractEffort kEffort{.lives = 1, .rounds = 8, .rebuilds = 2};
  SearcherInfo info = Registered();
  info.supports &= ~static_cast<std::uint32_t>(kMultiObjective);
  SECTION("random forest") {
    info.create = &CreateWith<'R', 'F'>;
    CheckSearcherContract(info, kEffort);
  }
  SECTION("extremely randomised trees") {
    info.create = &CreateWith<'E', 'T'>;
    CheckSearcherContract(info, kEffort);
  }
}

TEST_CASE("forest search: far better than random search, with each acquisition", "[algorithms]") {
  // Fixed seeds: a model that is no better than random search would not come near half of it.
  const double random = MedianOf("random", {});
  const std::vector<std::vector<Setting>> rows = {
      {{"base_estimator", "RF"}},
      {{"base_estimator", "ET"}},
      {{"base_estimator", "RF"}, {"acq_func", "gp_hedge"}},
  };
  for (const std::vector<Setting>& settings : rows) {
    DYNAMIC_SECTION(settings.front().value << " " << settings.back().value) {
      const double ours = MedianOf("bayesianoptimization", settings);
      INFO(ours << " " << random);
      CHECK(ours < 0.5 * random);
    }
  }
}

TEST_CASE("forest search: what it cannot honour is refused, GBRT with a warning", "[algorithms]") {
  struct Row {
    const char* name;
    std::vector<Setting> settings;
    std::size_t objectives;
    bool fine;
  };
  const std::vector<Row> rows = {
      {"RF", {{"base_estimator", "RF"}}, 1, true},
      {"several objectives", {{"base_estimator", "RF"}}, 2, false},
      {"no durations", {{"base_estimator", "ET"}, {"acq_func", "EIps"}}, 1, false},
      {"no gradient", {{"base_estimator", "ET"}, {"acq_optimizer", "lbfgs"}}, 1, false},
      {"GBRT", {{"base_estimator", "GBRT"}}, 1, true},
      {"no fourth", {{"base_estimator", "RF"}, {"each_fourth", "LCB"}}, 1, false},
      {"no priors", {{"base_estimator", "RF"}, {"priors", "learned"}}, 1, false},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      ExperimentSpec spec =
          SpecOf({{spaces::Real("x", 0, 1)}}, row.settings, "bayesianoptimization");
      spec.objective.metric = "loss";
      for (std::size_t i = 1; i < row.objectives; ++i) {
        spec.objective.further.push_back({"time", Direction::kMinimize, {}});
      }
      Problems problems;
      (void)CheckAlgorithm(spec, problems);  // only the problems matter
      CHECK(problems.HasErrors() != row.fine);
      CHECK(problems.list().empty() == (std::string(row.name) == "RF"));
    }
  }
}

}  // namespace
}  // namespace hone
