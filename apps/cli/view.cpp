// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/view.h"

#include <algorithm>
#include <cmath>
#include <variant>

#include "apps/cli/format.h"
#include "apps/cli/removed.h"
#include "base/text.h"
#include "core/cost.h"

namespace hone::cli {
namespace {

constexpr std::size_t kLongestReason = 300;
constexpr std::size_t kLongestLineage = 30;

/// "7/16": trials that are over, of those there will be.
std::string Progress(const ExperimentState& state) {
  std::string text = std::to_string(state.Completed());
  if (state.max_trial_count) {
    text += "/" + std::to_string(*state.max_trial_count);
  }
  return text;
}

/// To four digits behind the point.
double Rounded(double amount) {
  constexpr double kParts = 1e4;
  return std::round(amount * kParts) / kParts;
}

std::uint32_t Failed(const ExperimentState& state) {
  return state.Count(TrialPhase::kFailed) + state.Count(TrialPhase::kMetricsUnavailable);
}

void AddCount(std::string& line, std::uint32_t count, std::string_view what) {
  if (count > 0) {
    line += ", " + std::to_string(count) + " " + std::string(what);
  }
}

Duration TimeOf(const TrialState& trial) {
  return trial.started_at == Timestamp() ? Duration(0) : trial.ended_at - trial.started_at;
}

/// The event's line; one overload for each kind that has one.
class Teller {
 public:
  explicit Teller(const ExperimentState& state) : state_(state) {}

  std::string operator()(const event::TrialRunning& e) const {
    const TrialState& trial = *state_.Find(e.trial);
    return Name(e.trial) + " runs: " + FormatParameters(state_.spec->space, trial.values);
  }
  std::string operator()(const event::TrialSucceeded& e) const {
    const TrialState& trial = *state_.Find(e.outcome.trial);
    return Name(trial.number) + " succeeded after " + FormatDuration(TimeOf(trial)) + ": " +
           state_.spec->objective.metric + "=" + ObjectiveText(state_, trial) + Done();
  }
  std::string operator()(const event::TrialFailed& e) const {
    const TrialState& trial = *state_.Find(e.outcome.trial);
    return Name(trial.number) + " failed after " + FormatDuration(TimeOf(trial)) + ": " +
           Reason(trial.message) + Done();
  }
  std::string operator()(const event::TrialEarlyStopped& e) const {
    return Name(e.outcome.trial) + " stopped early: " + Reason(e.reason) + Done();
  }
  std::string operator()(const event::TrialKilled& e) const {
    return Name(e.outcome.trial) + " killed: " + Reason(e.reason) + Done();
  }
  std::string operator()(const event::TrialPaused& e) const {
    const TrialState& trial = *state_.Find(e.outcome.trial);
    return Name(trial.number) + " paused" + BudgetText(trial) + ": " +
           state_.spec->objective.metric + "=" + ObjectiveText(state_, trial);
  }
  std::string operator()(const event::TrialResumed& e) const {
    return Name(e.trial) + " goes on" + BudgetText(*state_.Find(e.trial));
  }
  std::string operator()(const event::TrialRequeued& e) const {
    return Name(e.trial) + " waits to be started again: " + Reason(e.message);
  }
  std::string operator()(const event::BestChanged& /*e*/) const { return BestText(state_); }
  std::string operator()(const event::SearchExhausted& e) const {
    return "the search algorithm has nothing more to propose" +
           (e.reason.empty() ? "" : ": " + Reason(e.reason));
  }
  std::string operator()(const event::ExperimentSuspended& e) const {
    return "suspended: " + Reason(e.reason);
  }
  std::string operator()(const event::ExperimentResumed& /*e*/) const { return "resumed"; }
  std::string operator()(const event::ExperimentRestarted& /*e*/) const { return "restarted"; }
  std::string operator()(const event::ExperimentEnded& e) const {
    return std::string(state_.phase == ExperimentPhase::kSucceeded ? "succeeded: " : "failed: ") +
           Reason(e.message);
  }
  std::string operator()(const event::ExperimentDeleted& /*e*/) const { return "deleted"; }
  std::string operator()(const event::RecordsRemoved& e) const { return RemovalText(e); }
  template <class Detail>
  std::string operator()(const Detail& /*e*/) const {
    return "";
  }

 private:
  [[nodiscard]] std::string Name(TrialNumber number) const {
    return state_.NameOf(*state_.Find(number));
  }
  static std::string BudgetText(const TrialState& trial) {
    return trial.budget ? " with budget " + FormatDouble(*trial.budget) : "";
  }
  [[nodiscard]] std::string Done() const { return " (" + Progress(state_) + ")"; }
  static std::string Reason(const std::string& text) { return Printable(text, kLongestReason); }

  const ExperimentState& state_;
};

/// The mean time of trials that ran to a good end.
std::optional<Duration> MeanTime(const ExperimentState& state) {
  Duration sum{};
  std::int64_t count = 0;
  for (const TrialState& trial : state.trials) {
    if (trial.phase == TrialPhase::kSucceeded) {
      sum += TimeOf(trial);
      ++count;
    }
  }
  return count == 0 ? std::nullopt : std::optional(sum / count);
}

}  // namespace

std::string BestText(const ExperimentState& state) {
  if (!state.best) {
    return "";
  }
  const TrialState& best = *state.Find(*state.best);
  return "best " + state.spec->objective.metric + "=" + ObjectiveText(state, best) + " by " +
         state.NameOf(best) + " (" + FormatParameters(state.spec->space, best.values) + ")";
}

std::string LineageText(const ExperimentState& state, TrialNumber number) {
  const std::vector<TrialNumber> lineage = state.LineageOf(number);
  if (lineage.size() < 2) {
    return "";
  }
  std::string text = Counted(lineage.size(), "segment") + ", trial numbers";
  const std::size_t shown = std::min(lineage.size(), kLongestLineage);
  if (shown < lineage.size()) {
    text += " ...";
  }
  for (std::size_t i = lineage.size() - shown; i < lineage.size(); ++i) {
    const TrialState& trial = *state.Find(lineage[i]);
    text += (i == 0 ? " " : trial.start_from ? " -> " : " | ") + std::to_string(lineage[i]);
  }
  return text;
}

std::optional<Duration> TimeLeft(const ExperimentState& state, Timestamp now) {
  const auto mean = MeanTime(state);
  // How far paused ones will go, and how long that takes, nobody knows.
  if (!mean || !state.max_trial_count || state.Count(TrialPhase::kPaused) > 0) {
    return std::nullopt;
  }
  const std::int64_t left = *state.max_trial_count - static_cast<std::int64_t>(state.Completed());
  Duration work = *mean * std::max<std::int64_t>(0, left);
  std::int64_t running = 0;
  for (const TrialNumber number : state.active) {
    const TrialState& trial = *state.Find(number);
    if (trial.phase == TrialPhase::kRunning) {
      work -= std::clamp<Duration>(now - trial.started_at, Duration(0), *mean);
      ++running;
    }
  }
  return std::max<Duration>(Duration(0), work) / std::max<std::int64_t>(1, running);
}

std::string LiveLine(const ExperimentState& state, Timestamp since, Timestamp now,
                     std::size_t width) {
  std::string line = state.spec->name + ": " + Progress(state) + " done";
  AddCount(line, state.Count(TrialPhase::kRunning), "running");
  AddCount(line, state.Count(TrialPhase::kPending) + state.Count(TrialPhase::kReserved), "waiting");
  AddCount(line, state.Count(TrialPhase::kPaused), "paused");
  AddCount(line, Failed(state), "failed");
  line += " | " + FormatDuration(std::chrono::floor<std::chrono::seconds>(now - since));
  if (state.phase == ExperimentPhase::kSuspended) {
    line += " | ending";
  } else if (const auto left = TimeLeft(state, now); left && !state.Ended()) {
    line += ", about " + FormatDuration(std::chrono::ceil<std::chrono::seconds>(*left)) + " left";
  }
  if (const std::string best = BestText(state); !best.empty()) {
    line += " | " + best;
  }
  return CutToWidth(line, width);
}

std::string ChangeLine(const ExperimentState& state, const Recorded& recorded) {
  return std::visit(Teller(state), recorded.event);
}

std::string NoBestText(const Objective& objective) {
  return "has reported the objective '" + objective.metric + "'" +
         (objective.constraints.empty() ? "" : " and kept the outcomeConstraints");
}

std::string ResultText(const ExperimentState& state) {
  std::string text = "experiment  " + state.spec->name + "\n";
  text += "status      " + std::string(PhaseWord(state.phase));
  text += (state.message.empty() ? "" : ": " + Printable(state.message, kLongestReason)) + "\n";
  std::string failed;
  AddCount(failed, Failed(state), "failed");
  text += "trials      " + Progress(state) + " done" + failed + "\n";
  if (state.spec->cost) {
    const Timestamp now = state.Ended() ? state.ended_at : SystemClock().Now();
    text += "cost        " + FormatDouble(Rounded(CostAt(state, now))) + " of " +
            FormatDouble(state.spec->cost->most) + "\n";
  }
  if (!state.best) {
    return text + "best trial  none: no trial " + NoBestText(state.spec->objective) + "\n";
  }
  const TrialState& best = *state.Find(*state.best);
  text += "best trial  " + state.NameOf(best) + "\n";
  text += "objective   " + state.spec->objective.metric + "=" + ObjectiveText(state, best) + "\n";
  text += "parameters  " + FormatParameters(state.spec->space, best.values) + "\n";
  if (const std::string lineage = LineageText(state, best.number); !lineage.empty()) {
    text += "lineage     " + lineage + "\n";
  }
  return text + "logs        hone logs " + state.NameOf(best) + "\n";
}

}  // namespace hone::cli
