// SPDX-License-Identifier: Apache-2.0
// What earlier experiments found, told to those that can learn from other tasks.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "base/text.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"
#include "tests/contracts/searcher_contract.h"

namespace hone {
namespace {

const char* const kLearners[] = {"tpe", "multivariate-tpe", "bayesianoptimization", "cmaes",
                                 "auto"};

using LossOf = std::function<double(const Assignment&)>;

Space SmallSpace() {
  return Space{{spaces::Real("x", 0, 1), spaces::Real("lr", 1e-5, 1, Distribution::kLogUniform),
                spaces::Whole("k", 1, 9), spaces::Words("word", {"a", "b", "c", "d"})}};
}

double NumberIn(const Assignment& values, std::size_t i) {
  return ParseDouble(values[i].text).value();
}

/// A smooth function with a good choice. @param shift  of where it is lowest
double Bowl(const Assignment& values, double shift) {
  return 4 * std::pow(NumberIn(values, 0) - 0.7 - shift, 2) +
         0.1 * std::pow(std::log10(NumberIn(values, 1)) + 3 - 5 * shift, 2) +
         0.02 * std::pow(NumberIn(values, 2) - 3, 2) + (values[3].text == "c" ? 0 : 0.3);
}

SearcherLab LabOf(const std::string& algorithm, std::uint64_t seed,
                  std::vector<EarlierTask> earlier) {
  const SearcherInfo* const info = SearcherRegistry::Instance().Find(algorithm);
  REQUIRE(info != nullptr);
  ExperimentSpec spec;
  spec.name = "earlier";
  spec.space = SmallSpace();
  spec.algorithm.name = algorithm;
  return {*info, std::move(spec), seed, std::move(earlier)};
}

/// What an algorithm comes to, trial by trial.
EarlierTask Played(const std::string& algorithm, std::uint64_t seed, int trials, const LossOf& loss,
                   std::vector<EarlierTask> earlier = {}) {
  SearcherLab lab = LabOf(algorithm, seed, std::move(earlier));
  EarlierTask task{"played", {}};
  for (int i = 0; i < trials; ++i) {
    const auto answers = lab.Ask(1);
    const auto* const start = std::get_if<proposal::Start>(&answers.front());
    REQUIRE(start != nullptr);
    task.results.push_back({start->values, loss(start->values)});
    lab.Complete(lab.running().front(), task.results.back().loss);
  }
  return task;
}

/// The median of seeds of the best loss after so many trials.
double MedianBest(const std::string& algorithm, int trials, const LossOf* earlier) {
  const LossOf here = [](const Assignment& values) { return Bowl(values, 0); };
  std::vector<double> best;
  for (std::uint64_t seed = 1; seed <= 9; ++seed) {
    std::vector<EarlierTask> tasks;
    if (earlier != nullptr) {
      tasks.push_back(Played("random", 100 + seed, 60, *earlier));
    }
    const EarlierTask found = Played(algorithm, seed, trials, here, std::move(tasks));
    best.push_back(std::ranges::min(found.results, {}, &EarlierResult::loss).loss);
  }
  std::ranges::sort(best);
  return best[4];
}

TEST_CASE("earlier tasks: one that is alike helps, whatever its scale", "[algorithms][slow]") {
  const LossOf alike = [](const Assignment& values) {
    return 1e6 - 3000 + 700 * Bowl(values, 0.02);
  };
  for (const char* name : kLearners) {
    DYNAMIC_SECTION(name) {
      constexpr int kTrials = 16;
      const double cold = MedianBest(name, kTrials, nullptr);
      const double warm = MedianBest(name, kTrials, &alike);
      INFO("cold " << cold << ", warm " << warm);
      CHECK(warm < 0.8 * cold);
    }
  }
}

TEST_CASE("earlier tasks: one that says the opposite does little harm", "[algorithms][slow]") {
  const LossOf opposite = [](const Assignment& values) { return -Bowl(values, 0); };
  for (const char* name : kLearners) {
    DYNAMIC_SECTION(name) {
      constexpr int kTrials = 40;
      const double cold = MedianBest(name, kTrials, nullptr);
      const double random = MedianBest("random", kTrials, nullptr);
      const double warm = MedianBest(name, kTrials, &opposite);
      INFO("cold " << cold << ", warm " << warm << ", random " << random);
      CHECK(warm < std::max(1.5 * cold, 0.9 * random));
    }
  }
}

TEST_CASE("earlier tasks: a search that knows some is made anew bit for bit",
          "[algorithms][slow]") {
  const LossOf alike = [](const Assignment& values) { return Bowl(values, 0.05); };
  const std::vector<EarlierTask> earlier{
      Played("random", 5, 40, alike), Played("random", 6, 3, alike), {"empty", {}}};
  for (const char* name : kLearners) {
    DYNAMIC_SECTION(name) {
      SearcherLab lab = LabOf(name, 3, earlier);
      for (int i = 0; i < 24; ++i) {
        lab.Ask(2);
        lab.Complete(lab.running().front(), std::cos(i));
        const auto answers = lab.Peek(3);
        lab.Rebuild(1 + static_cast<std::size_t>(i) % 4);
        CHECK(lab.Peek(3) == answers);
      }
    }
  }
}

TEST_CASE("earlier tasks: of their losses those that rank only see the order", "[algorithms]") {
  const LossOf here = [](const Assignment& values) { return Bowl(values, 0); };
  EarlierTask plain = Played("random", 5, 40, here);
  EarlierTask stretched = plain;
  for (EarlierResult& result : stretched.results) {
    result.loss = std::exp(20 * result.loss);
  }
  for (const char* name : {"tpe", "multivariate-tpe", "cmaes"}) {
    DYNAMIC_SECTION(name) {
      CHECK(Played(name, 3, 30, here, {plain}) == Played(name, 3, 30, here, {stretched}));
    }
  }
}

TEST_CASE("earlier tasks: their configurations are tried again", "[algorithms]") {
  const LossOf here = [](const Assignment& values) { return Bowl(values, 0); };
  const Space small{{spaces::Words("word", {"a", "b", "c", "d"})}};
  EarlierTask all{"all", {}};
  for (const char* word : {"a", "b", "c", "d"}) {
    all.results.push_back({{{word}}, word[0] == 'c' ? 0.0 : 1.0});
  }
  for (const char* name : kLearners) {
    DYNAMIC_SECTION(name) {
      ExperimentSpec spec;
      spec.name = "again";
      spec.space = small;
      spec.algorithm.name = name;
      SearcherLab lab(*SearcherRegistry::Instance().Find(name), std::move(spec), 1, {all});
      for (int i = 0; i < 4; ++i) {
        const auto answers = lab.Ask(1);
        CHECK(std::holds_alternative<proposal::Start>(answers.front()));
        lab.Complete(lab.running().front(), i);
      }
    }
  }
}

}  // namespace
}  // namespace hone
