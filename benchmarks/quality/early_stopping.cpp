// SPDX-License-Identifier: Apache-2.0
// What each rule of early stopping saves, and what it costs, on made-up learning curves in virtual
// time: four trials at a time, an epoch takes one step. docs/early-stopping.md shows its table.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "earlystop/registry.h"

namespace hone {
namespace {

constexpr std::size_t kEpochs = 81;
constexpr std::size_t kTrials = 100;
constexpr std::size_t kParallel = 4;
constexpr std::uint64_t kSeeds = 30;

using Losses = std::vector<double>;

/// A loss that falls from 2.3 to an end of its own at a speed of its own, with noise. End and speed
/// are independent, so that curves cross: some of the best start slowly. @param crossing  false:
/// all fall at the same speed
std::vector<Losses> MakeCurves(std::uint64_t seed, bool crossing) {
  Rng rng(seed, Scope::Experiment(), Purpose::kSimulation);
  std::vector<Losses> curves;
  for (std::size_t t = 0; t < kTrials; ++t) {
    const double u = rng.Uniform();
    const double end = 0.1 + 2 * u * u;
    const double speed = crossing ? 0.03 * std::pow(10, rng.Uniform()) : 0.1;
    Losses losses;
    for (std::size_t epoch = 1; epoch <= kEpochs; ++epoch) {
      const double noise = 0.02 * (rng.Uniform() + rng.Uniform() - 1);
      losses.push_back(end + (2.3 - end) * std::exp(-speed * static_cast<double>(epoch)) + noise);
    }
    curves.push_back(std::move(losses));
  }
  return curves;
}

struct Outcome {
  double epochs = 0;  // share of all
  double best = 0;    // loss
  double stopped = 0;
};

struct Running {
  std::size_t trial = 0;
  Curve curve;
  bool over = false;
};

/// One epoch of a trial. @param stopper  null: nothing is stopped
void Train(Running& running, const Losses& losses, Stopper* stopper, Outcome& outcome) {
  running.curve.Add(losses[running.curve.count()]);
  outcome.epochs += 1.0 / (kTrials * kEpochs);
  outcome.best = std::min(outcome.best, running.curve.Best().value_or(outcome.best));
  running.over = running.curve.count() == kEpochs;
  if (stopper == nullptr) {
    return;
  }
  const auto number = static_cast<TrialNumber>(running.trial + 1);
  const Judgement judgement = stopper->Judge(number, running.curve);
  for (const Rung& rung : judgement.rungs) {
    stopper->Reached(number, rung);
  }
  if (running.over) {
    stopper->Finished(number, running.curve);
  } else if (judgement.stop) {
    running.over = true;
    outcome.stopped += 1;
  }
}

Outcome Play(const std::vector<Losses>& curves, Stopper* stopper) {
  Outcome outcome{.epochs = 0, .best = 1e9, .stopped = 0};
  std::vector<Running> all;
  std::size_t next = 0;
  while (next < curves.size() || !all.empty()) {
    while (all.size() < kParallel && next < curves.size()) {
      all.push_back({next++, {}, false});
    }
    for (Running& running : all) {
      Train(running, curves[running.trial], stopper, outcome);
    }
    std::erase_if(all, [](const Running& running) { return running.over; });
  }
  return outcome;
}

std::unique_ptr<Stopper> Make(const std::string& rule) {
  const StopperInfo* info = StopperRegistry::Instance().Find(rule);
  if (info == nullptr) {
    return nullptr;
  }
  Problems problems;
  const Settings settings = CheckSettings(info->settings, {}, "settings", problems);
  Objective objective;
  objective.direction = Direction::kMinimize;
  objective.metric = "loss";
  auto made = info->create({settings, objective});
  return made.has_value() ? std::move(*made) : nullptr;
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return (values[values.size() / 2] + values[(values.size() - 1) / 2]) / 2;
}

void PrintRow(const std::string& rule, bool crossing) {
  std::vector<double> epochs;
  std::vector<double> lost;
  std::vector<double> stopped;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const std::vector<Losses> curves = MakeCurves(seed, crossing);
    const std::unique_ptr<Stopper> stopper = Make(rule);
    const Outcome outcome = Play(curves, stopper.get());
    epochs.push_back(outcome.epochs);
    lost.push_back(outcome.best - Play(curves, nullptr).best);
    stopped.push_back(outcome.stopped);
  }
  std::printf("| %s | %.0f %% | %.0f | %.4f | %.4f |\n", rule.c_str(), 100 * Median(epochs),
              Median(stopped), Median(lost), *std::ranges::max_element(lost));
}

void PrintTable(const char* title, bool crossing) {
  std::printf(
      "\n%s\n\n| rule | epochs spent | trials stopped | best loss, worse by | at most |\n"
      "|---|---|---|---|---|\n",
      title);
  for (const char* rule : {"none", "medianstop", "percentile", "asha", "plateau"}) {
    PrintRow(rule, crossing);
  }
}

}  // namespace
}  // namespace hone

int main() {
  hone::PrintTable("Curves that do not cross", false);
  hone::PrintTable("Curves that cross", true);
  return 0;
}
