// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <set>

#include "base/text.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"
#include "tests/contracts/searcher_contract.h"

namespace hone {
namespace {

constexpr int kTrials = 30000;
// Two-sided tail beyond 5.5 standard deviations: 4e-8 a comparison, and a test makes at most 20.
constexpr double kDeviations = 5.5;

const SearcherInfo& Random() {
  return *SearcherRegistry::Instance().Find("random");
}

ExperimentSpec SpecOf(std::vector<Parameter> parameters, std::vector<Setting> settings = {}) {
  ExperimentSpec spec;
  spec.space = Space{std::move(parameters)};
  spec.algorithm = {"random", std::move(settings)};
  return spec;
}

std::vector<std::string> FirstTexts(const ExperimentSpec& spec, std::uint64_t seed,
                                    std::uint32_t count) {
  std::vector<std::string> texts;
  for (const Proposal& answer : SearcherLab(Random(), spec, seed).Peek(count)) {
    texts.push_back(std::get<proposal::Start>(answer).values[0].text);
  }
  return texts;
}

void CheckShare(double seen, double expected) {
  const double sd = std::sqrt(kTrials * expected * (1 - expected));
  INFO("seen " << seen << " expected " << expected * kTrials);
  CHECK(std::abs(seen - expected * kTrials) < kDeviations * sd);
}

TEST_CASE("random: every trial number has a point of its own", "[algorithms]") {
  const auto texts = FirstTexts(SpecOf({spaces::Real("x", 0, 1)}), 1, 1000);
  CHECK(std::set(texts.begin(), texts.end()).size() == texts.size());
}

TEST_CASE("random: a point depends on seed and trial number only", "[algorithms]") {
  const ExperimentSpec spec = SpecOf({spaces::Real("x", 0, 1)});
  SearcherLab a(Random(), spec, 1);
  SearcherLab b(Random(), spec, 1);
  a.Ask(5);
  b.AskInVain(5);
  CHECK(a.Peek(2) == b.Peek(2));
  CHECK(FirstTexts(spec, 1, 3) != FirstTexts(spec, 2, 3));
}

TEST_CASE("random: random_state wins over the seed", "[algorithms]") {
  const auto x = spaces::Real("x", 0, 1);
  const auto with_state = [&](const char* state) { return SpecOf({x}, {{"random_state", state}}); };
  CHECK(FirstTexts(with_state("7"), 1, 3) == FirstTexts(with_state("7"), 2, 3));
  CHECK(FirstTexts(with_state("7"), 1, 3) == FirstTexts(SpecOf({x}), 7, 3));
  CHECK(FirstTexts(with_state("7"), 1, 3) != FirstTexts(with_state("8"), 1, 3));
}

TEST_CASE("random: values of a list and of a step are equally likely", "[algorithms]") {
  struct Case {
    const char* name;
    Parameter parameter;
    std::size_t values;
  };
  const Case cases[] = {
      {"words", spaces::Words("x", {"a", "b", "c"}), 3},
      {"discrete", spaces::Discrete("x", {"3", "1", "2", "9"}), 4},
      {"whole with step, end off the grid", spaces::Whole("x", 1, 6, 2), 3},
      {"stepped real", spaces::Stepped("x", 0, 0.3, 0.1), 4},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      std::map<std::string, int> count;
      for (const std::string& text : FirstTexts(SpecOf({c.parameter}), 11, kTrials)) {
        ++count[text];
      }
      REQUIRE(count.size() == c.values);
      for (const auto& [text, seen] : count) {
        INFO(text);
        CheckShare(seen, 1.0 / static_cast<double>(c.values));
      }
    }
  }
}

TEST_CASE("random: distributions have their quantiles", "[algorithms]") {
  // Share of values below the bound that splits the range in the middle and at one deviation.
  const double tail = 0.5 * std::erfc(3 / std::sqrt(2.0));  // beyond three deviations, cut off
  const double below_one_sd = (0.5 * std::erfc(-1 / std::sqrt(2.0)) - tail) / (1 - 2 * tail);
  struct Case {
    const char* name;
    Parameter parameter;
    double bound;
    double share;
  };
  const Case cases[] = {
      {"uniform", spaces::Real("x", 2, 4), 2.5, 0.25},
      {"logUniform", spaces::Real("x", 1e-4, 1, Distribution::kLogUniform), 1e-3, 0.25},
      {"normal, middle", spaces::Real("x", 0, 6, Distribution::kNormal), 3, 0.5},
      {"normal, one deviation", spaces::Real("x", 0, 6, Distribution::kNormal), 4, below_one_sd},
      {"logNormal", spaces::Real("x", 1, 1e6, Distribution::kLogNormal), 1e4, below_one_sd},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      int below = 0;
      for (const std::string& text : FirstTexts(SpecOf({c.parameter}), 12, kTrials)) {
        below += *ParseDouble(text) < c.bound ? 1 : 0;
      }
      CheckShare(below, c.share);
    }
  }
}

TEST_CASE("random: parameters are independent of each other", "[algorithms]") {
  const auto spec = SpecOf({spaces::Words("a", {"0", "1"}), spaces::Words("b", {"0", "1"})});
  std::map<std::string, int> count;
  for (const Proposal& answer : SearcherLab(Random(), spec, 3).Peek(kTrials)) {
    const auto& values = std::get<proposal::Start>(answer).values;
    ++count[values[0].text + values[1].text];
  }
  REQUIRE(count.size() == 4);
  for (const auto& [pair, seen] : count) {
    CheckShare(seen, 0.25);
  }
}

}  // namespace
}  // namespace hone
