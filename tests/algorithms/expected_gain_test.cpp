// SPDX-License-Identifier: Apache-2.0
#include "algorithms/expected_gain.h"

#include <cmath>

#include "algorithms/encoder.h"
#include "base/rng.h"
#include "base/text.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"

namespace hone {
namespace {

const Space& Square() {
  static const Space space{{spaces::Real("x", -1, 1), spaces::Real("y", -1, 1)}};
  return space;
}

double LossOf(const Assignment& v) {
  const double x = ParseDouble(v[0].text).value();
  const double y = ParseDouble(v[1].text).value();
  return x * x + y * y;
}

/// Trials one after the other, each told at once.
class Run {
 public:
  Run() : encoder_(SpaceEncoder::Create(Square()).value()) {
    auto gain = ExpectedGain::Create(Square());
    REQUIRE(gain.has_value());
    gain_ = std::move(*gain);
  }
  void Random(int trials) {
    for (int i = 0; i < trials; ++i) {
      Rng rng(3, Scope::Trial(next_), Purpose::kSample);
      At(encoder_.Draw(rng));
    }
  }
  void At(const Assignment& values) {
    Tell(history::Proposed{next_, values, "", {}});
    Tell(history::Completed{next_, {scale * LossOf(values)}, {}});
    ++next_;
  }
  void FailAt(const Assignment& values) {
    Tell(history::Proposed{next_, values, "", {}});
    Tell(history::Infeasible{next_++, EndingKind::kOutOfMemory});
  }
  std::optional<double> Best() { return gain_->Best(); }

  double scale = 1;

 private:
  template <class What>
  void Tell(What what) {
    const HistoryItem item{++seq_, std::move(what)};
    REQUIRE(gain_->Observe({&item, 1}).has_value());
  }

  SpaceEncoder encoder_;
  std::unique_ptr<ExpectedGain> gain_;
  TrialNumber next_ = 1;
  Version seq_ = 0;
};

TEST_CASE("expected gain: nothing before there is a model, less and less near the optimum",
          "[algorithms]") {
  Run run;
  run.Random(9);
  CHECK_FALSE(run.Best().has_value());
  run.Random(1);
  const auto early = run.Best();
  REQUIRE(early.has_value());
  CHECK(*early > 1e-3);
  CHECK(*early < 1);
  run.Random(20);
  for (const double x : {-0.1, 0.0, 0.1}) {
    for (const double y : {-0.1, 0.0, 0.1}) {
      run.At({{FormatDouble(x)}, {FormatDouble(y)}});
    }
  }
  const auto late = run.Best();
  REQUIRE(late.has_value());
  CHECK(*late >= 0);
  CHECK(*late < *early / 20);
  CHECK(run.Best() == late);  // asked once more
}

TEST_CASE("expected gain: is in the unit of the objective", "[algorithms]") {
  Run small;
  Run large;
  large.scale = 1000;
  small.Random(15);
  large.Random(15);
  REQUIRE(small.Best().has_value());
  CHECK(*large.Best() == Approx(1000 * *small.Best()).epsilon(1e-6));
}

TEST_CASE("expected gain: there is little where trials fail", "[algorithms]") {
  Run free;
  Run failing;
  free.Random(15);
  failing.Random(15);
  Rng rng(8, Scope::Experiment(), Purpose::kSimulation);
  for (int i = 0; i < 20; ++i) {
    const double x = 0.6 * rng.Uniform() - 0.3;
    const double y = 0.6 * rng.Uniform() - 0.3;
    failing.FailAt({{FormatDouble(x)}, {FormatDouble(y)}});
  }
  CHECK(*failing.Best() < *free.Best());
}

}  // namespace
}  // namespace hone
