// SPDX-License-Identifier: Apache-2.0
#include "suggestion/inprocess/replay.h"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>
#include <vector>

#include "base/text.h"
#include "core/given_value.h"
#include "core/remote_service.h"
#include "core/transitions.h"
#include "suggestion/pupil.h"

namespace hone {
namespace {

using Why = event::TrialsWithdrawn::Why;

/// What the ledger says about one question.
struct Group {
  event::TrialsReserved reserved;
  std::optional<Version> based_on;  // nothing: no answer became a trial
  std::map<TrialNumber, const event::TrialProposed*> started;
  std::vector<const event::TrialResumed*> resumed;
  std::vector<TrialNumber> resumed_numbers;  // their numbers, in the same order
  std::vector<TrialNumber> exhausted;
};

using Groups = std::map<Version, Group>;  // by seq of the reservation

/// Sorts a ledger into its questions.
class Collector {
 public:
  void Add(const Recorded& recorded) {
    seq_ = recorded.seq;
    std::visit(*this, recorded.event);
  }

  void operator()(const event::TrialsReserved& e) { groups_[seq_].reserved = e; }
  void operator()(const event::TrialProposed& e) {
    if (e.labels.contains(kImportedLabel)) {
      return;  // a result that a person brought
    }
    Group& group = groups_[e.reservation];
    group.based_on = e.based_on;
    group.started[e.trial] = &e;
  }
  void operator()(const event::TrialResumed& e) {
    Group& group = groups_[e.reservation];
    group.based_on = e.based_on;
    group.resumed.push_back(&e);
  }
  void operator()(const event::TrialsWithdrawn& e) {
    for (const TrialNumber number : e.trials) {
      // Only one reservation stands at a time, so these are of the last one.
      if (groups_.empty()) {
        return;
      }
      Group& group = groups_.rbegin()->second;
      if (e.why == Why::kResumedOther) {
        group.resumed_numbers.push_back(number);
      } else if (e.why == Why::kExhausted) {
        group.exhausted.push_back(number);
      }
    }
  }
  template <class Other>
  void operator()(const Other& /*event*/) {}

  [[nodiscard]] const Groups& Found() const { return groups_; }

 private:
  Version seq_ = 0;
  Groups groups_;
};

std::string Shown(const std::optional<double>& budget) {
  return budget ? FormatDouble(*budget) : "none";
}

std::string Shown(const Value& value) {
  return value.active ? value.text : value.text + " (inactive)";
}

std::string_view KindOf(const Proposal& answer) {
  static constexpr std::string_view kWords[] = {"start", "resume", "wait", "exhausted"};
  return kWords[answer.index()];
}

/// Compares answers and keeps the score.
class ReplayComparison {
 public:
  explicit ReplayComparison(const Space& space) : space_(space) {}

  void Start(const event::TrialProposed& recorded, const Proposal& answer) {
    Begin(recorded.trial);
    const auto* start = std::get_if<proposal::Start>(&answer);
    if (start == nullptr) {
      return Differ("answer", "start", KindOf(answer));
    }
    Values(recorded.values, start->values);
    Rest(recorded.tag, start->tag, recorded.budget, start->budget);
    Pauses(recorded.pauses, start->pauses);
    if (recorded.parent != 0 && recorded.parent != start->parent) {  // older ledgers have none
      Differ("parent", std::to_string(recorded.parent), std::to_string(start->parent));
    }
    if (recorded.start_from != start->start_from) {
      Differ("checkpoint", recorded.start_from.value_or("none"),
             start->start_from.value_or("none"));
    }
  }

  void Resume(TrialNumber number, const event::TrialResumed& recorded, const Proposal& answer) {
    Begin(number);
    const auto* resume = std::get_if<proposal::Resume>(&answer);
    if (resume == nullptr) {
      return Differ("answer", "resume", KindOf(answer));
    }
    if (recorded.trial != resume->trial) {
      Differ("resumed trial", std::to_string(recorded.trial), std::to_string(resume->trial));
    }
    Values(recorded.values, resume->values);
    Rest(recorded.tag, resume->tag, recorded.budget, resume->budget);
    Pauses(recorded.pauses, resume->pauses);
  }

  void Exhausted(TrialNumber number, const Proposal& answer) {
    Begin(number);
    if (!std::holds_alternative<proposal::Exhausted>(answer)) {
      Differ("answer", "exhausted", KindOf(answer));
    }
  }

  [[nodiscard]] const ReplayReport& Report() const { return report_; }

 private:
  void Begin(TrialNumber number) {
    number_ = number;
    counted_ = false;
    ++report_.compared;
  }

  void Values(const Assignment& recorded, const Assignment& values) {
    const std::size_t count = std::min(recorded.size(), values.size());
    for (std::size_t i = 0; i < count; ++i) {
      if (recorded[i] != values[i]) {
        Differ("parameter " + space_.parameters[i].name, Shown(recorded[i]), Shown(values[i]));
      }
    }
    if (recorded.size() != values.size()) {
      Differ("number of values", std::to_string(recorded.size()), std::to_string(values.size()));
    }
  }

  void Pauses(bool recorded, bool pauses) {
    if (recorded != pauses) {
      Differ("pause at its end", recorded ? "yes" : "no", pauses ? "yes" : "no");
    }
  }

  void Rest(const std::string& recorded_tag, const std::string& tag,
            const std::optional<double>& recorded_budget, const std::optional<double>& budget) {
    if (recorded_tag != tag) {
      Differ("tag", recorded_tag, tag);
    }
    if (recorded_budget != budget) {
      Differ("budget", Shown(recorded_budget), Shown(budget));
    }
  }

  void Differ(std::string_view what, std::string_view recorded, std::string_view recomputed) {
    if (!counted_) {
      counted_ = true;
      ++report_.different;
    }
    if (!report_.first) {
      report_.first = ReplayDifference{number_, std::string(what), std::string(recorded),
                                       std::string(recomputed)};
    }
  }

  const Space& space_;
  ReplayReport report_;
  TrialNumber number_ = 0;
  bool counted_ = false;
};

/// Walks the ledger up to the moment of each question, as the engine once did.
class Walk {
 public:
  Walk(const ExperimentSpec& spec, std::span<const Recorded> ledger)
      : spec_(spec), ledger_(ledger), max_trials_(spec.max_trial_count) {}

  /// Tells the pupil everything up to and including `based_on`.
  Status TellUpTo(Version based_on, Pupil& pupil) {
    if (based_on < reached_) {
      return Fail(Code::kDataLoss, "event " + std::to_string(based_on) +
                                       " is the base of an answer that came after one based on "
                                       "event " +
                                       std::to_string(reached_));
    }
    std::vector<HistoryItem> items;
    for (; next_ < ledger_.size() && ledger_[next_].seq <= based_on; ++next_) {
      Count(ledger_[next_]);
      if (auto item = ToHistory(spec_, ledger_[next_])) {
        items.push_back(std::move(*item));
      }
    }
    reached_ = based_on;
    return pupil.Tell(items);
  }

  /// The budget as the question stated it: all that is not over, the numbers asked for included.
  [[nodiscard]] std::optional<std::uint32_t> TrialsLeft() const {
    if (spec_.cost) {
      return state_.TrialsLeft();
    }
    if (!max_trials_) {
      return std::nullopt;
    }
    return static_cast<std::uint32_t>(std::max(0, *max_trials_ - over_));
  }

 private:
  void Count(const Recorded& recorded) {
    if (spec_.cost) {
      return Evolve(state_, recorded);
    }
    const Event& event = recorded.event;
    if (const auto* edited = std::get_if<event::BudgetEdited>(&event)) {
      max_trials_ = edited->max_trial_count ? edited->max_trial_count : max_trials_;
    }
    if (std::holds_alternative<event::TrialSucceeded>(event) ||
        std::holds_alternative<event::TrialFailed>(event) ||
        std::holds_alternative<event::TrialEarlyStopped>(event) ||
        std::holds_alternative<event::TrialKilled>(event)) {
      ++over_;
    }
  }

  const ExperimentSpec& spec_;
  std::span<const Recorded> ledger_;
  std::size_t next_ = 0;
  Version reached_ = 0;
  int over_ = 0;  // trials that have ended, however
  std::optional<int> max_trials_;
  ExperimentState state_;  // of an experiment whose money bounds its trials, too
};

void Compare(const Group& group, std::span<const Proposal> answers, ReplayComparison& comparison) {
  const auto answer = [&](TrialNumber number) -> const Proposal& {
    return answers[number - group.reserved.first];
  };
  for (const auto& [number, proposed] : group.started) {
    comparison.Start(*proposed, answer(number));
  }
  const std::size_t resumed = std::min(group.resumed.size(), group.resumed_numbers.size());
  for (std::size_t i = 0; i < resumed; ++i) {
    const TrialNumber number = group.resumed_numbers[i];
    comparison.Resume(number, *group.resumed[i], answer(number));
  }
  for (const TrialNumber number : group.exhausted) {
    comparison.Exhausted(number, answer(number));
  }
}

/// Every number that is about to be looked up lies in the reservation.
bool IsSound(const Group& group) {
  const auto inside = [&](TrialNumber number) {
    return number >= group.reserved.first && number - group.reserved.first < group.reserved.count;
  };
  return std::ranges::all_of(group.started, inside, [](const auto& item) { return item.first; }) &&
         std::ranges::all_of(group.resumed_numbers, inside) &&
         std::ranges::all_of(group.exhausted, inside);
}

}  // namespace

Result<ReplayReport> ReplayExperiment(const ExperimentSpec& spec, std::uint64_t seed,
                                      std::span<const Recorded> ledger, const gp::Device* device) {
  if (RemoteSearch(spec)) {
    return ReplayReport();  // a service need not give the same answer twice
  }
  HONE_ASSIGN_OR_RETURN(const std::unique_ptr<Pupil> pupil, Pupil::Create(spec, seed, device));
  Collector collector;
  for (const Recorded& recorded : ledger) {
    collector.Add(recorded);
  }
  ReplayComparison comparison(spec.space);
  Walk walk(spec, ledger);
  for (const auto& [seq, group] : collector.Found()) {
    if (!group.based_on) {
      continue;
    }
    if (!IsSound(group)) {
      return Fail(Code::kDataLoss, "an answer does not belong to reservation " +
                                       std::to_string(seq) + " that it names");
    }
    HONE_RETURN_IF_ERROR(walk.TellUpTo(*group.based_on, *pupil));
    ProposeRequest request{{}, walk.TrialsLeft()};
    for (std::uint32_t i = 0; i < group.reserved.count; ++i) {
      request.numbers.push_back(group.reserved.first + i);
    }
    HONE_ASSIGN_OR_RETURN(const std::vector<Proposal> answers, pupil->Ask(request));
    Compare(group, answers, comparison);
  }
  return comparison.Report();
}

}  // namespace hone
