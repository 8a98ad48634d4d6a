// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/guarded.h"
#include "controller/dispatcher.h"
#include "controller/ports.h"
#include "controller/question.h"
#include "controller/recorded.h"
#include "controller/scheduler.h"
#include "controller/strand_step.h"
#include "controller/trial_end.h"
#include "controller/trial_watch.h"
#include "core/history.h"
#include "core/transitions.h"
#include "earlystop/early_stop.h"

namespace hone {

/// One experiment being driven: takes inputs in order, decides, commits, and lets adapters act
/// after the commit.
///
/// The state here runs ahead of the store: further inputs are decided while commits are under way.
/// When a commit fails, everything here is thrown away and read again from the ledger; the outside
/// world is then observed anew, so nothing is lost by that.
/// @threads  all calls are thread-safe and return at once
/// Life: Start once; Close, or the loss of the lease, ends it for good.
class ExperimentStrand : public std::enable_shared_from_this<ExperimentStrand> {
 public:
  using Done = std::function<void(Status)>;
  struct Options {
    OwnerEpoch epoch = 0;
    /// How long after taking the experiment up an attempt that another machine launched is called
    /// lost; nothing: there is one machine, and what is not seen on it is lost at once.
    std::optional<Duration> lost_after;
    /// Called on the strand whenever all that was decided is durable.
    std::function<void(const ExperimentState&)> on_durable;
    /// Called on the strand: it drives no more, since somebody else does, or nobody needs to.
    std::function<void()> on_given_up;
  };

  ExperimentStrand(const EnginePorts& ports, SlotScheduler& slots, ExperimentId id,
                   Options options);

  /// Reads the ledger and takes up the work. @param done  once it is loaded, or why it could not be
  void Start(Done done);
  /// Gives an input. @param done  may be empty; called when what was decided is durable, or refused
  void Post(Input input, Done done = {});
  /// Something may have changed outside. @param trial  0: the room for trials
  void Hint(TrialNumber trial);
  /// Nothing of it runs at this instance of a runner any more, which is not this process's.
  void Gone(const std::string& runner);
  /// Drives no more; trials that run go on running. @param done  nothing of it is under way any
  /// more
  void Close(std::function<void()> done);

 private:
  struct Item {
    std::variant<Input, TrialReports, TrialEnd> what;
    Done done;
  };

  /// Who launched an attempt.
  struct Launched {
    Attempt attempt = 0;
    std::string runner;
  };

  void Put(Item item);
  void Load(Done done);
  void OnLoaded(Result<WhatIsRecorded> recorded, const Done& done);
  using Told = std::pair<HistoryItem, Timestamp>;  // with the time at which it was recorded
  Status Replay(const WhatIsRecorded& recorded, std::vector<Told>& history);
  Status Observe(const Recorded& recorded, const StoredCurves& curves);
  Status BeginWatching();
  TrialWatch::Listener Listening();
  void Recover(std::vector<OutboxItem> outbox, const Done& done);
  void OnObserved(const std::vector<OutboxItem>& outbox, const std::vector<Sighting>& seen);
  std::set<TrialNumber> CarryOutbox(const std::vector<OutboxItem>& outbox);
  void StopStrays(const std::vector<Sighting>& seen);
  void FindElsewhere(const std::vector<Recorded>& events);
  [[nodiscard]] bool IsElsewhere(TrialNumber number) const;
  [[nodiscard]] std::uint32_t SlotsElsewhere() const;
  void WaitForElsewhere();
  void LoseElsewhere(const std::string& runner, const std::string& why);
  void Drain();
  bool TakeAll(StrandStep& step);
  void AskAll(StrandStep& step);
  void Take(Item item, StrandStep& step);
  void Decide(const Input& input, Done done, StrandStep& step);
  void Judge(const TrialReports& reports, StrandStep& step);
  void End(TrialEnd end, StrandStep& step);
  void Apply(Decision decision, StrandStep& step);
  void Commit(StrandStep step);
  void OnCommitted(std::uint64_t generation, const StrandStep& step, const Status& status);
  void Act(const StrandStep& step);
  void DropCheckpoints(Version durable);
  void Reload(const Error& why);
  void LoadAgain();
  [[nodiscard]] Demand DemandNow() const;
  void Report();
  void WaitForDeadline();

  EnginePorts ports_;
  TrialRunner* runner_ = nullptr;  // of its kind of trials; set by loading
  Demand demand_;                  // of one trial, as the template says; likewise
  SlotScheduler& slots_;
  ExperimentId id_;
  const Options options_;
  std::shared_ptr<Executor> strand_;
  Guarded<std::deque<Item>> inbox_;

  // Below: touched on the strand only.
  ExperimentState state_;
  std::uint64_t generation_ = 0;  // of the state: answers to questions of older ones are dropped
  bool loaded_ = false;
  bool closed_ = false;
  bool offer_answered_ = false;
  int commits_under_way_ = 0;
  std::optional<Timestamp> awaited_;           // the deadline that a timer is set for
  int reloads_ = 0;                            // in a row, for the back-off
  std::map<TrialNumber, Launched> elsewhere_;  // attempts of other machines, as of loading
  std::optional<Timestamp> elsewhere_since_;   // when they were first seen to be there
  std::shared_ptr<TrialWatch> watch_;          // shared with its own callbacks
  std::shared_ptr<Dispatcher> dispatcher_;     // shared with its own callbacks
  std::shared_ptr<Question> question_;         // shared with its own callbacks
  std::set<TrialNumber> released_;             // checkpoints that nobody but people needs
  std::unique_ptr<EarlyStop> early_stop_;      // null: the experiment has no rule
};

}  // namespace hone
