// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/transitions.h"
#include "tests/core/example_spec.h"

namespace hone::test {

/// Tells an experiment's story event by event, as a ledger would: what the views are shown.
/// The example minimises loss over lr and opt, with at most 10 trials, and begins at second 0.
class Story {
 public:
  Story() : Story(ExampleDocument()) {}
  explicit Story(const nlohmann::json& document) {
    state_.id = {"00000000-0000-4000-8000-000000000000"};
    At(0).Tell(event::ExperimentCreated{DecodeExample(document).document, 7, "test", "test"});
  }

  /// The next events happen then.
  Story& At(int seconds) {
    now_ = Timestamp(std::chrono::hours(24) + std::chrono::seconds(seconds));
    return *this;
  }
  Story& Tell(Event event) {
    last_ = {state_.version + 1, now_, std::move(event)};
    Evolve(state_, last_);
    return *this;
  }

  /// The next number, proposed and launched.
  Story& Launch(const std::string& lr = "0.05", const std::string& opt = "sgd",
                std::optional<double> budget = std::nullopt) {
    const auto number = static_cast<TrialNumber>(state_.trials.size() + 1);
    Tell(event::TrialsReserved{number, 1});
    event::TrialProposed proposed;
    proposed.trial = number;
    proposed.reservation = state_.version;
    proposed.values = {{lr, true}, {opt, true}};
    proposed.budget = budget;
    Tell(std::move(proposed));
    return Tell(event::TrialLaunched{number, 1, "here"});
  }
  Story& Run(TrialNumber number) {
    return Tell(event::TrialRunning{number, state_.Find(number)->attempt, now_, "pid 4711"});
  }
  Story& Succeed(TrialNumber number, const std::string& loss) {
    return Tell(event::TrialSucceeded{Outcome(number, loss)});
  }
  /// At its rung.
  Story& Pause(TrialNumber number, const std::string& loss) {
    return Tell(event::TrialPaused{Outcome(number, loss)});
  }
  Story& Fail(TrialNumber number, const std::string& message) {
    return Tell(event::TrialFailed{Outcome(number, ""), {EndingKind::kExitCode, 1, 0, message}});
  }

  [[nodiscard]] const ExperimentState& state() const { return state_; }
  [[nodiscard]] const Recorded& last() const { return last_; }
  [[nodiscard]] Timestamp now() const { return now_; }
  [[nodiscard]] std::string NameOf(TrialNumber number) const {
    return state_.NameOf(*state_.Find(number));
  }

 private:
  [[nodiscard]] event::TrialOutcome Outcome(TrialNumber number, const std::string& loss) const {
    const TrialState& trial = *state_.Find(number);
    Observation observation;
    if (!loss.empty()) {
      observation.push_back({"loss", loss, loss, loss, true});
    }
    return {number, trial.attempt, trial.started_at, now_, observation};
  }

  ExperimentState state_;
  Recorded last_;
  Timestamp now_;
};

}  // namespace hone::test
