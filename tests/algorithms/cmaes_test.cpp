// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "algorithms/check.h"
#include "base/rng.h"
#include "base/text.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"
#include "tests/contracts/searcher_contract.h"

namespace hone {
namespace {

using Objective = std::function<double(const Assignment&)>;

const SearcherInfo& Info() {
  return *SearcherRegistry::Instance().Find("cmaes");
}

ExperimentSpec SpecOf(Space space, std::vector<Setting> settings = {}) {
  ExperimentSpec spec;
  spec.name = "cmaes";
  spec.space = std::move(space);
  spec.algorithm = {"cmaes", std::move(settings)};
  return spec;
}

Space Cube(std::size_t dimensions) {
  Space space;
  for (std::size_t d = 0; d < dimensions; ++d) {
    space.parameters.push_back(spaces::Real("x" + std::to_string(d), -5, 5));
  }
  return space;
}

const Assignment& ValuesOf(const Proposal& answer) {
  return std::get<proposal::Start>(answer).values;
}

double Number(const Assignment& values, std::size_t i) {
  return ParseDouble(values[i].text).value();
}

/// Trials until a value is at most `target`; `most` if none is.
/// @param parallel  trials that run at a time; they end in another order than they began
int TrialsTo(SearcherLab& lab, const Objective& objective, double target, int most,
             std::uint32_t parallel = 1) {
  std::map<TrialNumber, double> results;
  Rng rng(99, Scope::Experiment(), Purpose::kSimulation);
  for (int used = 0; used < most; ++used) {
    while (lab.running().size() < parallel) {
      const auto answers = lab.Ask(1);
      results[lab.running().back()] = objective(ValuesOf(answers[0]));
    }
    const auto among = static_cast<std::uint32_t>(lab.running().size());
    const TrialNumber ended = lab.running()[rng.Below(among)];
    if (results[ended] <= target) {
      return used + 1;
    }
    lab.Complete(ended, results[ended]);
  }
  return most;
}

double Sphere(const Assignment& values) {
  double sum = 0;
  for (std::size_t d = 0; d < values.size(); ++d) {
    sum += std::pow(Number(values, d) - 1.7, 2);
  }
  return sum;
}

double Rastrigin(const Assignment& values) {
  double sum = 0;
  for (std::size_t d = 0; d < values.size(); ++d) {
    const double x = Number(values, d) - 1.7;
    sum += x * x + 10 * (1 - std::cos(2 * 3.141592653589793 * x));
  }
  return sum;
}

TEST_CASE("cmaes: reaches 1e-8, one by one, in parallel and in one dimension", "[algorithms]") {
  struct Case {
    const char* name;
    std::size_t d;
    std::vector<Setting> settings;
    std::uint32_t parallel;
    int most;
  };
  const Case cases[] = {
      {"one dimension", 1, {}, 1, 400},
      {"five, one by one", 5, {}, 1, 1500},
      {"five, eight at a time", 5, {}, 8, 2000},
      {"five, forty at a time", 5, {}, 40, 4500},
      {"five, separable", 5, {{"separable", "true"}}, 1, 1500},
      {"five, population of 30", 5, {{"population_size", "30"}}, 1, 4000},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      ExperimentSpec spec = SpecOf(Cube(c.d), c.settings);
      spec.parallel_trial_count = static_cast<int>(c.parallel);
      SearcherLab lab(Info(), spec, 3);
      CHECK(TrialsTo(lab, Sphere, 1e-8, c.most, c.parallel) < c.most);
    }
  }
}

TEST_CASE("cmaes: restarts leave a local optimum behind", "[algorithms][slow]") {
  const auto solved = [](const char* strategy) {
    int count = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      SearcherLab lab(Info(), SpecOf(Cube(2), {{"restart_strategy", strategy}}), seed);
      count += TrialsTo(lab, Rastrigin, 1e-6, 3000) < 3000 ? 1 : 0;
    }
    return count;
  };
  const int without = solved("none");
  const int ipop = solved("ipop");
  const int bipop = solved("bipop");
  INFO("none " << without << ", ipop " << ipop << ", bipop " << bipop);
  CHECK(ipop > without);
  CHECK(bipop > without);
}

TEST_CASE("cmaes: integers, steps, choices of two and of more are solved together",
          "[algorithms]") {
  Space space = Cube(3);
  for (int i = 0; i < 3; ++i) {
    space.parameters.push_back(spaces::Whole("k" + std::to_string(i), 0, 20));
  }
  space.parameters.push_back(spaces::Words("flag", {"off", "on"}));
  space.parameters.push_back(spaces::Words("kind", {"a", "b", "c", "d"}));
  space.parameters.push_back(spaces::Stepped("step", 0, 1, 0.125));
  space.parameters.push_back(spaces::Whole("rate", 1, 1000, 1, Distribution::kLogUniform));
  const Objective objective = [](const Assignment& v) {
    double sum = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      sum += std::pow(Number(v, i) - 1.7, 2) + std::pow(Number(v, i + 3) - 13, 2);
    }
    return sum + (v[6].text == "on" ? 0 : 3) + (v[7].text == "c" ? 0 : 4) +
           10 * std::pow(Number(v, 8) - 0.625, 2) + std::pow(std::log(Number(v, 9) / 17), 2);
  };
  std::vector<int> used;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SearcherLab lab(Info(), SpecOf(space), seed);
    used.push_back(TrialsTo(lab, objective, 1e-6, 4000));
  }
  std::ranges::sort(used);
  INFO("median " << used[2] << ", most " << used[4]);
  CHECK(used[2] < 4000);
}

TEST_CASE("cmaes: failures rank last, and a region of them is left", "[algorithms]") {
  SearcherLab lab(Info(), SpecOf(Cube(2)), 5);
  int failed = 0;
  double best = 1e9;
  for (int i = 0; i < 300; ++i) {
    const Assignment values = ValuesOf(lab.Ask(1).front());
    if (Number(values, 0) < 1) {
      failed += i >= 150 ? 1 : 0;
      lab.Fail(lab.running().front());
    } else {
      best = std::min(best, Sphere(values));
      lab.Complete(lab.running().front(), Sphere(values));
    }
  }
  CHECK(best < 1e-3);
  CHECK(failed < 50);  // of 150
}

TEST_CASE("cmaes: with constraints every point is feasible and the optimum on them is found",
          "[algorithms]") {
  const Space space = spaces::Constrained(Cube(2), {"x0 + x1 <= 2"});
  SearcherLab lab(Info(), SpecOf(space), 2);
  // The nearest feasible point to (1.7, 1.7) is (1, 1).
  CHECK(TrialsTo(lab, Sphere, 2 * 0.7 * 0.7 + 1e-3, 600) < 600);
}

TEST_CASE("cmaes: parameters that are not active do no harm", "[algorithms]") {
  const Space space{{spaces::Words("model", {"svm", "tree", "forest"}),
                     spaces::When(spaces::Real("gamma", 0, 1), "model", {"svm"}, "0"),
                     spaces::When(spaces::Whole("depth", 1, 20), "model", {"tree"}, "0"),
                     spaces::When(spaces::Words("rule", {"x", "y", "z"}), "model", {"tree"}, "x")}};
  SearcherLab lab(Info(), SpecOf(space), 4);
  const Objective objective = [](const Assignment& v) {
    return v[1].active ? std::abs(Number(v, 1) - 0.31) : 0.5;
  };
  CHECK(TrialsTo(lab, objective, 1e-4, 600) < 600);
}

TEST_CASE("cmaes: a finite space is used up before anything is tried twice", "[algorithms]") {
  const Space space{{spaces::Whole("a", 0, 5), spaces::Words("b", {"x", "y"})}};
  SearcherLab lab(Info(), SpecOf(space), 3);
  std::set<std::string> seen;
  for (int i = 0; i < 12; ++i) {
    const Assignment values = ValuesOf(lab.Ask(1).front());
    seen.insert(values[0].text + values[1].text);
    lab.Complete(lab.running().front(), Number(values, 0));
  }
  CHECK(seen.size() == 12);
}

TEST_CASE("cmaes: trials of others and tags of others are learned from", "[algorithms]") {
  const ExperimentSpec spec = SpecOf(Cube(2));
  for (const char* tag : {"", "0.0.", "0.0.AAAA", "0.0.????????", "x.y.z", "9.9.AAAAAAAA",
                          "0.0.________", "99999999999999999999.0.AAAAAAAA"}) {
    Problems problems;
    const auto choice = CheckAlgorithm(spec, problems);
    const auto searcher = Info().create(ContextOf(spec, choice->settings, 1)).value();
    Version seq = 0;
    for (TrialNumber trial = 1; trial <= 60; ++trial) {
      const double x = -5 + 0.15 * trial;
      const HistoryItem items[] = {
          {++seq, history::Proposed{trial, {{FormatDouble(x), true}, {"2", true}}, tag, {}}},
          {++seq, history::Completed{trial, {x}, std::chrono::seconds(1)}}};
      REQUIRE(searcher->Observe(items).has_value());
    }
    const auto answers = searcher->Propose({{61}, std::nullopt});
    REQUIRE(answers.has_value());
    CHECK(std::abs(Number(ValuesOf(answers->at(0)), 0)) <= 5);
  }
}

const std::string& TagOf(const Proposal& answer) {
  return std::get<proposal::Start>(answer).tag;
}

TEST_CASE("cmaes: an old result of a far place moves the search by a bounded step",
          "[algorithms]") {
  // Trials of the first distribution end when the search is a thousand times as narrow, as the best
  // there are. Their steps count as sqrt(d) + 2d / (d + 2) deviations at most (arXiv 1110.4181).
  SearcherLab lab(Info(), SpecOf(Cube(2), {{"population_size", "6"}}), 3);
  std::vector<TrialNumber> late;
  for (int i = 0; i < 4; ++i) {
    lab.Ask(1);
    late.push_back(lab.running().back());
  }
  for (int i = 0; i < 180; ++i) {
    const Assignment values = ValuesOf(lab.Ask(1).front());
    lab.Complete(lab.running().back(), Sphere(values));
  }
  const auto spread = [&] {
    double most = 0;
    for (const Proposal& answer : lab.Peek(100)) {
      most = std::max(most, Sphere(ValuesOf(answer)));
    }
    return std::sqrt(most);
  };
  const double before = spread();
  REQUIRE(before < 0.1);
  for (const TrialNumber trial : late) {
    lab.Complete(trial, -1e9 - trial);  // equal ones would begin another run
  }
  for (int i = 0; i < 2; ++i) {  // the population is full
    const Assignment values = ValuesOf(lab.Ask(1).front());
    lab.Complete(lab.running().back(), Sphere(values));
  }
  INFO("before " << before << ", after " << spread());
  CHECK(spread() < 10 * before);
}

TEST_CASE("cmaes: results of an earlier run are left out", "[algorithms]") {
  SearcherLab lab(Info(), SpecOf(Cube(2), {{"population_size", "4"}}), 3);
  lab.Ask(1);
  const TrialNumber late = lab.running().front();
  int trials = 0;
  for (; TagOf(lab.Peek(1).front()).starts_with("0.") && trials < 500; ++trials) {
    lab.Ask(1);
    lab.Complete(lab.running().back(), 1);  // nothing gets better, so another run begins
  }
  REQUIRE(trials < 500);
  for (int i = 0; i < 3; ++i) {  // one less than its population
    lab.Ask(1);
    lab.Complete(lab.running().back(), i);
  }
  const auto expected = lab.Peek(8);
  lab.Complete(late, -5);
  CHECK(lab.Peek(8) == expected);
}

TEST_CASE("cmaes: a thousand parameters fit into a tag, more are refused", "[algorithms]") {
  SearcherLab lab(Info(), SpecOf(Cube(1000), {{"separable", "true"}}), 1);
  for (int i = 0; i < 60; ++i) {
    const auto answers = lab.Ask(1);
    REQUIRE(std::get<proposal::Start>(answers[0]).tag.size() <= 4096);
    lab.Complete(lab.running().front(), Sphere(ValuesOf(answers[0])));
  }
  const auto expected = lab.Peek(1);
  lab.Rebuild(7);
  CHECK(lab.Peek(1) == expected);
  Problems problems;
  (void)CheckAlgorithm(SpecOf(Cube(1001)), problems);
  CHECK(problems.HasErrorsAt("spec.parameters"));
}

TEST_CASE("cmaes: Katib's settings are understood and checked", "[algorithms]") {
  struct Case {
    const char* name;
    const char* value;
    bool good;
  };
  const Case cases[] = {
      {"sigma", "0", true},
      {"sigma", "0.1", true},
      {"sigma", "-1", false},
      {"sigma", "nan", false},
      {"restart_strategy", "none", true},
      {"restart_strategy", "None", true},
      {"restart_strategy", "ipop", true},
      {"restart_strategy", "bipop", true},
      {"restart_strategy", "tripop", false},
      {"random_state", "3", true},
      {"random_state", "-3", false},
      {"population_size", "1", false},
      {"separable", "true", true},
      {"separable", "maybe", false},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name << " = " << c.value) {
      Problems problems;
      (void)CheckAlgorithm(SpecOf(Cube(2), {{c.name, c.value}}), problems);
      CHECK(problems.HasErrors() == !c.good);
    }
  }
}

TEST_CASE("cmaes: sigma is the spread of the first points, in units of the range", "[algorithms]") {
  const auto spread = [](std::vector<Setting> settings) {
    SearcherLab lab(Info(), SpecOf(Cube(1), std::move(settings)), 1);
    double squares = 0;
    for (const Proposal& answer : lab.Peek(400)) {
      squares += std::pow(Number(ValuesOf(answer), 0) / 10, 2);
    }
    return std::sqrt(squares / 400);
  };
  // Five standard deviations of a spread of 400 normal numbers: 18 per cent.
  CHECK(spread({{"sigma", "0.02"}}) == Approx(0.02).epsilon(0.18));
  CHECK(spread({{"sigma", "0.1"}}) == Approx(0.1).epsilon(0.18));
  CHECK(spread({{"sigma", "0"}}) == spread({}));
  CHECK(spread({{"random_state", "7"}}) != spread({}));
}

}  // namespace
}  // namespace hone
