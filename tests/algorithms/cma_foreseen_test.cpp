// SPDX-License-Identifier: Apache-2.0
// cmaes where its tags get lost, as they do over Katib's wire.
#include "algorithms/cma_foreseen.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <numeric>

#include "algorithms/check.h"
#include "base/rng.h"
#include "base/text.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"

namespace hone {
namespace {

constexpr TrialNumber kTogether = 8;

double Number(const Assignment& values, std::size_t i) {
  return ParseDouble(values[i].text).value();
}

double Ellipsoid(const Assignment& values) {
  double sum = 0;
  for (std::size_t d = 0; d < values.size(); ++d) {
    sum += std::pow(10.0, static_cast<double>(d)) * std::pow(Number(values, d) - 1.7, 2);
  }
  return sum;
}

ExperimentSpec Experiment(std::size_t dimensions, std::vector<Setting> settings) {
  ExperimentSpec spec;
  spec.name = "cmaes";
  spec.parallel_trial_count = kTogether;
  spec.algorithm = {"cmaes", std::move(settings)};
  for (std::size_t d = 0; d < dimensions; ++d) {
    spec.space.parameters.push_back(spaces::Real("x" + std::to_string(d), -5, 5));
  }
  return spec;
}

/// Two searchers of one experiment that are told of the same trials in the same order. One answers,
/// and sees what a request of Katib's shows: trials numbered by their start, without tags. The
/// other one is told with tags, and would have answered the same.
class Twins {
 public:
  explicit Twins(const ExperimentSpec& spec) {
    Problems problems;
    const auto choice = CheckAlgorithm(spec, problems);
    for (auto& searcher : searchers_) {
      searcher = choice->info->create(ContextOf(spec, choice->settings, 5)).value();
    }
  }

  /// @returns the greatest difference between their answers
  double Ask(TrialNumber count) {
    ProposeRequest request;
    for (TrialNumber i = 0; i < count; ++i) {
      request.numbers.push_back(asked_ + 1 + i);
    }
    asked_ += count;
    const auto own = searchers_[0]->Propose(request).value();
    const auto other = searchers_[1]->Propose(request).value();
    double most = 0;
    for (std::size_t i = 0; i < own.size(); ++i) {
      const auto& with_tag = std::get<proposal::Start>(own[i]);
      const Assignment& values = std::get<proposal::Start>(other[i]).values;
      waiting_[request.numbers[i]] = {values, with_tag.tag};
      for (std::size_t d = 0; d < values.size(); ++d) {
        most = std::max(most, std::abs(Number(with_tag.values, d) - Number(values, d)));
      }
    }
    return most;
  }

  void Start(TrialNumber question) {
    const Waiting& trial = waiting_.at(question);
    const auto number = static_cast<TrialNumber>(shown_.size() + 1);
    shown_[question] = number;
    Tell(history::Proposed{question, trial.values, trial.tag, {}},
         history::Proposed{number, trial.values, "", {}});
  }
  void End(TrialNumber question) {
    const double value = Ellipsoid(waiting_.at(question).values);
    Tell(history::Completed{question, {value}, std::chrono::seconds(1)},
         history::Completed{shown_.at(question), {value}, std::chrono::seconds(1)});
  }

  [[nodiscard]] TrialNumber asked() const { return asked_; }

 private:
  void Tell(decltype(HistoryItem::what) own, decltype(HistoryItem::what) other) {
    ++seq_;
    const HistoryItem items[] = {{seq_, std::move(own)}, {seq_, std::move(other)}};
    for (std::size_t i = 0; i < 2; ++i) {
      REQUIRE(searchers_[i]->Observe({&items[i], 1}).has_value());
    }
  }

  std::unique_ptr<Searcher> searchers_[2];
  struct Waiting {
    Assignment values;
    std::string tag;
  };

  std::map<TrialNumber, Waiting> waiting_;
  std::map<TrialNumber, TrialNumber> shown_;  // number of the trial by that of its question
  TrialNumber asked_ = 0;
  Version seq_ = 0;
};

/// The questions of the last batch, in an order of their own.
std::vector<TrialNumber> Mixed(TrialNumber last, TrialNumber count, std::uint32_t salt) {
  std::vector<TrialNumber> questions(count);
  std::iota(questions.begin(), questions.end(), last - count + 1);
  Rng rng(3, Scope::Experiment(), Purpose::kSimulation, salt);
  Shuffle(std::span(questions), rng);
  return questions;
}

// They differ in the last bits, which in a full covariance can turn eigenvectors around. Of
// strangers' points the difference is 0.1 after one update.
const std::vector<Setting> kSettings = {{"separable", "true"}};
constexpr double kSame = 1e-6;
constexpr std::uint32_t kBatches = 10;

TEST_CASE("cmaes: without tags it learns as with them, whatever the order of starts and ends",
          "[algorithms]") {
  for (const std::size_t dimensions : {2U, 5U, 10U}) {
    Twins twins(Experiment(dimensions, kSettings));
    for (std::uint32_t batch = 0; batch < kBatches; ++batch) {
      INFO(dimensions << " numbers, batch " << batch);
      REQUIRE(twins.Ask(kTogether) < kSame);
      for (const TrialNumber question : Mixed(twins.asked(), kTogether, 2 * batch)) {
        twins.Start(question);
      }
      for (const TrialNumber question : Mixed(twins.asked(), kTogether, 2 * batch + 1)) {
        twins.End(question);
      }
    }
  }
}

TEST_CASE("cmaes: without tags, trials that start after the update that follows their question",
          "[algorithms]") {
  Twins twins(Experiment(5, kSettings));
  REQUIRE(twins.Ask(kTogether) < kSame);
  for (TrialNumber question = 1; question <= kTogether; ++question) {
    twins.Start(question);
  }
  for (std::uint32_t round = 0; round < kBatches; ++round) {
    INFO("round " << round);
    const std::vector<TrialNumber> running = Mixed(twins.asked(), kTogether, round);
    REQUIRE(twins.Ask(kTogether) < kSame);
    std::ranges::for_each(running, [&](TrialNumber question) { twins.End(question); });
    for (const TrialNumber question : Mixed(twins.asked(), kTogether, 100 + round)) {
      twins.Start(question);
    }
  }
}

TEST_CASE("cmaes: without tags, suggestions that never became trials", "[algorithms]") {
  Twins twins(Experiment(5, kSettings));
  for (std::uint32_t batch = 0; batch < kBatches; ++batch) {
    INFO("batch " << batch);
    REQUIRE(twins.Ask(kTogether) < kSame);
    const std::vector<TrialNumber> kept = Mixed(twins.asked(), kTogether, batch);
    for (std::size_t i = 0; i < kTogether - batch % 3; ++i) {
      twins.Start(kept[i]);
    }
    for (std::size_t i = 0; i < kTogether - batch % 3; ++i) {
      twins.End(kept[i]);
    }
  }
}

TEST_CASE("cmaes: what was foreseen is known once, and forgotten after some updates",
          "[algorithms]") {
  CmaForeseen foreseen;
  foreseen.Add("a", {7, {1, 3}, {}});
  foreseen.Add("b", {8, {1, 3}, {}});
  foreseen.Add("c", {9, {0, 9}, {}});
  foreseen.Forget({1, 5});
  CHECK(foreseen.Take("a")->number == 7);
  CHECK_FALSE(foreseen.Take("a"));
  CHECK_FALSE(foreseen.Take("c"));  // of another run
  foreseen.Forget({1, 9});
  CHECK_FALSE(foreseen.Take("b"));
}

}  // namespace
}  // namespace hone
