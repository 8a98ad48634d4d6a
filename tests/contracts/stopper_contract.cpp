// SPDX-License-Identifier: Apache-2.0
#include "tests/contracts/stopper_contract.h"

#include <chrono>
#include <cmath>

#include "base/rng.h"
#include "base/text.h"
#include "tests/catch.h"

namespace hone {
namespace {

using Reports = std::vector<std::optional<double>>;

Objective LossWith(Direction direction) {
  Objective objective;
  objective.direction = direction;
  objective.metric = "loss";
  return objective;
}

/// A made-up life: curves of different ends, with noise, some short, some with gaps, some hopeless.
std::vector<Reports> Life(std::uint64_t seed, std::size_t trials) {
  Rng rng(seed, Scope::Experiment(), Purpose::kSample);
  std::vector<Reports> life;
  for (std::size_t t = 0; t < trials; ++t) {
    const double end = rng.Uniform();
    const auto length = std::size_t{5} + rng.Below(35);
    Reports reports;
    for (const double value : Falling(2, end, length)) {
      const bool gap = rng.Uniform() < 0.1;
      reports.push_back(gap ? std::nullopt : std::optional(value + 0.1 * rng.Uniform()));
    }
    if (t % 6 == 5) {
      reports.assign(40, 5.0);
    }
    life.push_back(std::move(reports));
  }
  return life;
}

void CheckThatItIsAFunctionOfWhatItWasTold(const StopperInfo& info) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    StopperLab one(info, {});
    StopperLab other(info, {});
    std::size_t stopped = 0;
    for (const Reports& reports : Life(seed, 60)) {
      const auto fate = one.Run(reports);
      CHECK(fate == other.Run(reports));
      stopped += fate.stop ? 1 : 0;
    }
    CHECK(stopped > 0);
    CHECK(stopped < 60);
  }
}

void CheckThatDirectionsAreMirrors(const StopperInfo& info) {
  StopperLab down(info, {});
  StopperLab up(info, {.direction = Direction::kMaximize, .settings = {}});
  for (const Reports& reports : Life(3, 60)) {
    Reports mirrored = reports;
    for (std::optional<double>& value : mirrored) {
      value = value ? std::optional(-*value) : std::nullopt;
    }
    const auto fate = down.Run(reports);
    const auto twin = up.Run(mirrored);
    CHECK(fate.reports == twin.reports);
    REQUIRE(fate.stop.has_value() == twin.stop.has_value());
    if (fate.stop && info.name != "wilcoxon") {  // its value is a probability
      CHECK(fate.stop->value == -twin.stop->value);
      CHECK(fate.stop->bar == -twin.stop->bar);
    }
  }
}

void CheckThatReasonsTellValueAndBar(const StopperInfo& info) {
  StopperLab lab(info, {.direction = Direction::kMaximize, .settings = {}});
  for (const Reports& reports : Life(4, 60)) {
    const auto fate = lab.Run(reports);
    if (fate.stop) {
      INFO(fate.stop->reason);
      CHECK(fate.stop->reason.find("loss") != std::string::npos);
      CHECK(fate.stop->reason.find(FormatDouble(fate.stop->value)) != std::string::npos);
      CHECK(fate.stop->reason.find(FormatDouble(fate.stop->bar)) != std::string::npos);
    }
  }
}

void CheckThatRungsComeOnce(const StopperInfo& info) {
  StopperLab lab(info, {});
  Curve curve;
  double last = 0;
  for (std::size_t report = 1; report <= 100; ++report) {
    curve.Add(1.0 / static_cast<double>(report));
    for (const Rung& rung : lab.stopper().Judge(1, curve).rungs) {
      CHECK(rung.level > last);
      CHECK(rung.level <= static_cast<double>(report));
      last = rung.level;
      lab.stopper().Reached(1, rung);
    }
    CHECK(lab.stopper().Judge(1, curve).rungs.empty());
  }
}

/// 100,000 verdicts over 1,000 curves. The bound is for a loaded machine with sanitizers.
void CheckThatItKeepsUp(const StopperInfo& info) {
  const auto start = std::chrono::steady_clock::now();
  StopperLab lab(info, {});
  for (int i = 0; i < 1000; ++i) {
    lab.Run(Falling(2, 1.0 / (1 + i), 100));
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

}  // namespace

StopperLab::StopperLab(const StopperInfo& info, const Options& options)
    : sign_(options.direction == Direction::kMinimize ? 1.0 : -1.0) {
  Problems problems;
  const Settings settings = CheckSettings(info.settings, options.settings, "settings", problems);
  REQUIRE_FALSE(problems.HasErrors());
  const Objective objective = LossWith(options.direction);
  auto made = info.create({settings, objective});
  REQUIRE(made.has_value());
  stopper_ = std::move(*made);
}

StopperLab::Fate StopperLab::Run(std::span<const std::optional<double>> reports) {
  const TrialNumber trial = next_++;
  Curve curve;
  for (const std::optional<double>& value : reports) {
    curve.Add(value ? std::optional(sign_ * *value) : std::nullopt);
    const Judgement judgement = stopper_->Judge(trial, curve);
    CHECK(judgement == stopper_->Judge(trial, curve));
    for (const Rung& rung : judgement.rungs) {
      stopper_->Reached(trial, rung);
    }
    if (judgement.stop) {
      return {curve.count(), judgement.stop};
    }
  }
  stopper_->Finished(trial, curve);
  return {curve.count(), std::nullopt};
}

StopperLab::Fate StopperLab::Run(const std::vector<double>& reports) {
  return Run(Reports(reports.begin(), reports.end()));
}

void StopperLab::Finish(const std::vector<double>& reports) {
  Curve curve;
  for (const double value : reports) {
    curve.Add(sign_ * value);
  }
  stopper_->Finished(next_++, curve);
}

std::vector<double> Falling(double from, double to, std::size_t reports) {
  std::vector<double> curve;
  for (std::size_t i = 1; i <= reports; ++i) {
    curve.push_back(to + (from - to) * std::exp(-0.1 * static_cast<double>(i)));
  }
  return curve;
}

void CheckStopperContract(const StopperInfo& info) {
  SECTION("the same history gives the same verdicts") {
    CheckThatItIsAFunctionOfWhatItWasTold(info);
  }
  SECTION("maximising is minimising the negated") {
    CheckThatDirectionsAreMirrors(info);
  }
  SECTION("the reason tells the value and the bar") {
    CheckThatReasonsTellValueAndBar(info);
  }
  SECTION("a rung is told once, ascending") {
    CheckThatRungsComeOnce(info);
  }
  SECTION("trials that are equal are not stopped") {
    StopperLab lab(info, {});
    for (int i = 0; i < 20; ++i) {
      CHECK_FALSE(lab.Run(Falling(2, 1, 40)).stop);
    }
  }
  SECTION("a trial that is always the best is not stopped, a hopeless one is") {
    StopperLab lab(info, {});
    for (int i = 0; i < 10; ++i) {
      CHECK_FALSE(lab.Run(Falling(2, 1 - 0.05 * i, 40)).stop);
    }
    CHECK(lab.Run(std::vector<double>(40, 5.0)).stop);
  }
  SECTION("reports that are no numbers are never a reason") {
    StopperLab lab(info, {});
    for (int i = 0; i < 10; ++i) {
      CHECK_FALSE(lab.Run(Reports(40, std::nullopt)).stop);
    }
  }
  SECTION("a finished trial without reports is no harm") {
    StopperLab lab(info, {});
    lab.Finish({});
    CHECK_FALSE(lab.Run(Falling(2, 1, 5)).stop);
  }
  SECTION("100,000 verdicts over 1,000 curves in bounded time") {
    CheckThatItKeepsUp(info);
  }
}

}  // namespace hone
