// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/check.h"
#include "algorithms/encoder.h"
#include "base/rng.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"

namespace hone {
namespace {

using spaces::Real;
using spaces::Whole;
using spaces::Words;

struct Run {
  int budget = 0;  ///< 0: not given
  int parallel = 1;
  int objectives = 1;
};

/// `auto` after this many results of random points, told in batches.
class Chooser {
 public:
  Chooser(Space space, const Run& run) : space_(std::move(space)) {
    spec_.space = space_;
    spec_.algorithm.name = "auto";
    spec_.parallel_trial_count = run.parallel;
    if (run.budget > 0) {
      spec_.max_trial_count = run.budget;
    }
    for (int i = 1; i < run.objectives; ++i) {
      spec_.objective.further.push_back({"m" + std::to_string(i), Direction::kMinimize, {}});
    }
    Problems problems;
    const auto choice = CheckAlgorithm(spec_, problems);
    REQUIRE_FALSE(problems.HasErrors());
    searcher_ = choice->info->create(ContextOf(spec_, choice->settings, 3)).value();
  }

  void Tell(TrialNumber results, const std::string& tag = "") {
    const SpaceEncoder encoder = SpaceEncoder::Create(space_).value();
    std::vector<double> u(encoder.dimensions());
    for (; told_ < results; ++told_) {
      Rng rng(1, Scope::Trial(told_), Purpose::kSimulation);
      std::ranges::generate(u, [&] { return rng.Uniform(); });
      items_.push_back(
          {items_.size() + 1, history::Proposed{told_ + 1, encoder.Decode(u), tag, std::nullopt}});
      items_.push_back({items_.size() + 1,
                        history::Completed{told_ + 1, std::vector(spec_.objective.Count(), u[0]),
                                           std::chrono::seconds(1)}});
    }
    REQUIRE(searcher_->Observe(items_).has_value());
    items_.clear();
  }

  [[nodiscard]] proposal::Start Ask() const {
    const auto answers = searcher_->Propose({{told_ + 1}, std::nullopt}).value();
    return std::get<proposal::Start>(answers.front());
  }

 private:
  Space space_;
  ExperimentSpec spec_;
  std::unique_ptr<Searcher> searcher_;
  std::vector<HistoryItem> items_;
  TrialNumber told_ = 0;
};

TEST_CASE("auto: chooses by space, budget and parallelism, and says why", "[algorithms]") {
  const Space box{{Real("x", 0, 1), Real("y", 0, 1)}};
  const Space mixed{{Real("x", 0, 1), Words("kind", {"a", "b", "c"})}};
  const Space small{{Whole("n", 1, 30), Words("kind", {"a", "b", "c", "d", "e", "f", "g", "h", "i",
                                                       "j", "k", "l", "m", "n", "o"})}};
  const Space conditional{
      {Words("kind", {"a", "b"}), spaces::When(Real("x", 0, 1), "kind", {"a"}, "0")}};
  struct Case {
    std::string name;
    Space space;
    Run run;
    TrialNumber results;
    std::string tag;
    std::string why;
  };
  const Case cases[] = {
      {"few results", mixed, {64, 4}, 0, "auto/bayesianoptimization/few-results/", "fewer than"},
      {"a budget that is not given", box, {}, 20, "auto/bayesianoptimization/few-results/", ""},
      {"all at once", box, {16, 16}, 0, "auto/sobol/one-batch/", "all trials run at once"},
      {"many, numbers", box, {2000, 8}, 400, "auto/cmaes/many-numbers/", "after 200 results"},
      {"many, mixed", mixed, {2000, 8}, 400, "auto/multivariate-tpe/many-mixed/", "mixed"},
      {"many, conditional", conditional, {}, 400, "auto/multivariate-tpe/many-mixed/", ""},
      {"few, several objectives",
       mixed,
       {64, 4, 2},
       9,
       "auto/bayesianoptimization/few-results/",
       ""},
      {"many, several objectives",
       box,
       {2000, 8, 3},
       400,
       "auto/nsga2/several-objectives/",
       "a population covers a front"},
      {"all fit", small, {2000, 8}, 400, "auto/grid/all-fit/", "all 450 configurations"},
      {"all do not fit", small, {449, 8}, 400, "auto/multivariate-tpe/many-mixed/", ""},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      Chooser chooser(c.space, c.run);
      chooser.Tell(c.results);
      const proposal::Start start = chooser.Ask();
      CHECK(start.tag.starts_with(c.tag));
      CHECK(start.note.find("chosen because") != std::string::npos);
      CHECK(start.note.find(c.why) != std::string::npos);
      CHECK(chooser.Ask() == start);
    }
  }
}

TEST_CASE("auto: an algorithm gets its own tags back, and none of another's", "[algorithms]") {
  const Space box{{Real("x", 0, 1), Real("y", 0, 1), Real("z", 0, 1)}};
  Chooser first(box, {});
  first.Tell(400);
  const std::string tag = first.Ask().tag;
  // cmaes tells its points from others' by the tag, so it learns something else from them.
  Chooser own(box, {});
  own.Tell(400);
  own.Tell(440, tag);
  Chooser foreign(box, {});
  foreign.Tell(400);
  foreign.Tell(440, "auto/bayesianoptimization/few-results/" + tag.substr(tag.rfind('/') + 1));
  Chooser none(box, {});
  none.Tell(440);
  CHECK(own.Ask().values != none.Ask().values);
  CHECK(foreign.Ask().values == none.Ask().values);
}

TEST_CASE("auto: the first configuration is the one of the algorithm it chose", "[algorithms]") {
  const Space box{{Real("x", 0, 1), Words("kind", {"a", "b"})}};
  Chooser chooser(box, {64, 1});
  ExperimentSpec spec;
  spec.space = box;
  spec.algorithm.name = "bayesianoptimization";
  spec.max_trial_count = 64;
  Problems problems;
  const auto choice = CheckAlgorithm(spec, problems);
  const auto alone = choice->info->create(ContextOf(spec, choice->settings, 3)).value();
  const auto answers = alone->Propose({{1}, std::nullopt}).value();
  CHECK(std::get<proposal::Start>(answers.front()).values == chooser.Ask().values);
}

}  // namespace
}  // namespace hone
