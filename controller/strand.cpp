// SPDX-License-Identifier: Apache-2.0
#include "controller/strand.h"

#include <algorithm>

#include "base/check.h"
#include "base/crash.h"
#include "base/log.h"
#include "core/larger_memory.h"

namespace hone {
namespace {

constexpr int kMostTurns = 8;  // of one step, so that it is committed however much comes in

}  // namespace

ExperimentStrand::ExperimentStrand(const EnginePorts& ports, SlotScheduler& slots, ExperimentId id,
                                   Options options)
    : ports_(ports),
      slots_(slots),
      id_(std::move(id)),
      options_(std::move(options)),
      strand_(ports.control.MakeStrand()) {}

void ExperimentStrand::Post(Input input, Done done) {
  Put({std::move(input), std::move(done)});
}

void ExperimentStrand::Put(Item item) {
  const bool first = inbox_.WithLock([&](std::deque<Item>& inbox) {
    inbox.push_back(std::move(item));
    return inbox.size() == 1;
  });
  if (first) {  // one wake-up takes all that has gathered by then
    strand_->Post([self = shared_from_this()] { self->Drain(); });
  }
}

void ExperimentStrand::Hint(TrialNumber trial) {
  strand_->Post([self = shared_from_this(), trial] {
    if (self->loaded_ && !self->closed_ && trial == 0) {
      self->Report();
    } else if (self->watch_ != nullptr) {
      self->watch_->Hint(trial);
    }
  });
}

void ExperimentStrand::Close(std::function<void()> done) {
  strand_->Post([self = shared_from_this(), done = std::move(done)] {
    self->closed_ = true;
    ++self->generation_;
    self->slots_.Unregister(self->id_);
    if (self->watch_ != nullptr) {
      self->watch_->Close();
    }
    self->watch_.reset();
    self->dispatcher_.reset();
    self->question_.reset();
    done();
  });
}

void ExperimentStrand::Drain() {
  const CrashLabel label(id_.text);
  StrandStep step;
  step.ledger.experiment = id_;
  step.ledger.epoch = options_.epoch;
  step.ledger.expected = state_.version;
  // What is answered at once belongs to the same commit: the end of a trial, the slot that it
  // leaves and the trial that the slot is for.
  bool any = false;
  for (int turn = 0; turn < kMostTurns && TakeAll(step); ++turn) {
    any = true;
  }
  if (any && loaded_ && !closed_) {
    Commit(std::move(step));
    WaitForDeadline();
  }
}

/// Takes what is in the inbox. @returns whether there was anything
bool ExperimentStrand::TakeAll(StrandStep& step) {
  std::deque<Item> items =
      inbox_.WithLock([](std::deque<Item>& inbox) { return std::exchange(inbox, {}); });
  for (Item& item : items) {
    Take(std::move(item), step);
  }
  if (!items.empty() && loaded_ && !closed_) {
    AskAll(step);
    Report();
  }
  return !items.empty();
}

void ExperimentStrand::Take(Item item, StrandStep& step) {
  if (!loaded_ || closed_) {
    // What adapters say will be seen again after loading; a person is told.
    if (item.done) {
      item.done(Fail(Code::kUnavailable, "the experiment is being loaded or closed; try again"));
    }
    return;
  }
  if (const auto* reports = std::get_if<TrialReports>(&item.what)) {
    return Judge(*reports, step);
  }
  if (auto* end = std::get_if<TrialEnd>(&item.what)) {
    return End(std::move(*end), step);
  }
  const Input& input = std::get<Input>(item.what);
  offer_answered_ = offer_answered_ || std::holds_alternative<input::Offer>(input);
  Decide(input, std::move(item.done), step);
}

void ExperimentStrand::Decide(const Input& input, Done done, StrandStep& step) {
  auto decision = hone::Decide(state_, input, ports_.clock.Now());
  if (!decision.has_value()) {
    if (done) {
      done(tl::make_unexpected(std::move(decision).error()));
    }
    return;
  }
  if (done) {
    step.waiting.push_back(std::move(done));
  }
  Apply(std::move(*decision), step);
}

/// Each new report is judged by all that was decided before it. Those that are only told again have
/// been judged, but what the last one meant may have been lost with the engine that found it.
void ExperimentStrand::Judge(const TrialReports& reports, StrandStep& step) {
  if (early_stop_ == nullptr) {
    return;
  }
  for (std::size_t i = 0; i < reports.all.size(); ++i) {
    const bool news =
        early_stop_->Add(reports.trial, reports.attempt, reports.first + i, reports.all[i]);
    const bool last = i + 1 == reports.all.size();
    if (reports.from_store ? !last : !news) {
      continue;
    }
    for (const Input& input : early_stop_->Judge(reports.trial)) {
      Decide(input, {}, step);
    }
  }
}

/// The values are recorded with the end. If there is nothing to decide, which is so when the
/// attempt was over by another word, they are recorded by themselves.
void ExperimentStrand::End(TrialEnd end, StrandStep& step) {
  if (end.generation != generation_) {
    return;  // the log is read again
  }
  const TrialId id = end.values.trial;
  const StrandStep::Read read{id.number, end.values.attempt, end.values.offset_after};
  const std::size_t before = step.ledger.events.size();
  Decide(end.seen, {}, step);
  if (step.ledger.events.size() > before) {
    step.ledger.observations.push_back(std::move(end.values));
    step.read.push_back(read);
    return;
  }
  ports_.store.Record(std::move(end.values), [runner = runner_, id, read](const Status& status) {
    if (status) {
      runner->Recorded(id, read.attempt, read.offset);
    }
  });
}

void ExperimentStrand::Apply(Decision decision, StrandStep& step) {
  const Timestamp now = ports_.clock.Now();
  for (Event& event : decision.events) {
    step.Note(event);
    Recorded recorded{state_.version + 1, now, std::move(event)};
    Evolve(state_, recorded);
    if (early_stop_ != nullptr) {
      early_stop_->Observe(recorded);
    }
    if (auto item = ToHistory(*state_.spec, recorded)) {
      question_->Tell(std::move(*item), now);
    }
    step.ledger.events.push_back(std::move(recorded));
  }
  for (Command& command : decision.commands) {
    if (const auto* ask = std::get_if<command::AskSuggester>(&command)) {
      step.asks.push_back(*ask);
    } else {
      step.ledger.outbox.push_back(EncodeCommand(command));
      step.durable.push_back(command);
    }
  }
}

/// Asking changes nothing outside, so it need not wait for the commit.
void ExperimentStrand::AskAll(StrandStep& step) {
  for (const command::AskSuggester& ask : std::exchange(step.asks, {})) {
    question_->Ask(ask, state_.version, state_.TrialsLeft());
  }
}

void ExperimentStrand::Commit(StrandStep step) {
  if (step.ledger.events.empty()) {
    for (const Done& done : step.waiting) {
      done({});
    }
    return;
  }
  step.ledger.projection.experiment = ProjectExperiment(state_);
  for (const TrialNumber number : step.touched) {
    const TrialState& trial = *state_.Find(number);
    if (trial.phase != TrialPhase::kReserved && trial.phase != TrialPhase::kWithdrawn) {
      step.ledger.projection.trials.push_back(ProjectTrial(state_, trial));
    }
  }
  ++commits_under_way_;
  LedgerStep ledger = std::move(step.ledger);
  step.ledger.expected =
      ledger.expected + ledger.events.size();  // the seq that outbox entries have
  ports_.store.Append(std::move(ledger), [self = shared_from_this(), generation = generation_,
                                          step = std::move(step)](const Status& status) mutable {
    self->strand_->Post([self, generation, step = std::move(step), status] {
      self->OnCommitted(generation, step, status);
    });
  });
}

void ExperimentStrand::OnCommitted(std::uint64_t generation, const StrandStep& step,
                                   const Status& status) {
  for (const Done& done : step.waiting) {
    done(status);
  }
  if (generation != generation_ || closed_) {
    return;
  }
  const CrashLabel label(id_.text);
  if (!status.has_value()) {
    return Reload(status.error());
  }
  reloads_ = 0;
  Act(step);
  if (--commits_under_way_ == 0) {
    options_.on_durable(state_);
  }
}

/// What may happen outside now that the step is durable.
void ExperimentStrand::Act(const StrandStep& step) {
  for (const auto& [trial, attempt] : step.launched) {
    watch_->Watch(trial, attempt, true);
  }
  std::uint32_t n = 0;
  for (const Command& command : step.durable) {
    dispatcher_->Carry(command, {step.ledger.expected, n++}, state_);
  }
  for (const TrialNumber trial : step.running) {
    dispatcher_->StopAgain(state_, trial);
  }
  for (const StrandStep::Read& read : step.read) {
    runner_->Recorded({id_, read.trial}, read.attempt, read.offset);
  }
  for (const auto& [trial, attempt] : step.over) {
    runner_->Forget({id_, trial}, attempt);
  }
  for (const TrialNumber trial : step.stopped) {
    question_->TrialStopped(state_.NameOf(*state_.Find(trial)));
  }
  DropCheckpoints(step.ledger.expected);
}

/// Of trials that the search will not start others from. That of the best one is kept for people.
void ExperimentStrand::DropCheckpoints(Version durable) {
  const auto released = question_->TakeReleased(durable);
  released_.insert(released.begin(), released.end());
  std::erase_if(released_, [this](TrialNumber trial) {
    if (trial == state_.best) {
      return false;
    }
    runner_->DropCheckpoint({id_, trial});
    return true;
  });
}

/// Of one trial. While one is started again with more memory, all count as much: slots are of one
/// size. A machine that has less gives all it has.
Demand ExperimentStrand::DemandNow() const {
  Demand demand = demand_;
  const double bytes = static_cast<double>(demand.memory_bytes) * MemoryFactor(state_);
  const auto most = static_cast<double>(runner_->Total().memory_bytes);
  demand.memory_bytes = static_cast<std::uint64_t>(most > 0 ? std::min(bytes, most) : bytes);
  return demand;
}

void ExperimentStrand::Report() {
  const bool answered = std::exchange(offer_answered_, false);
  const std::uint32_t held = state_.SlotsHeld();
  std::uint32_t want = Want(state_);
  if (const auto room = runner_->Room(id_)) {
    want = std::min(want, *room > held ? *room - held : 0);
  }
  if (state_.spec->retry_policy && state_.spec->retry_policy->memory_factor > 1) {
    slots_.Resize(id_, DemandNow());
  }
  slots_.Report(id_, held - std::min(held, SlotsElsewhere()), want, answered);
}

/// Sees to it that the core hears when maxDuration is used up. The wall clock is what counts, and
/// it may be set, or go on while the machine sleeps: so it is looked at now and then.
void ExperimentStrand::WaitForDeadline() {
  constexpr Duration kLookEvery = std::chrono::minutes(1);
  const std::optional<Timestamp> deadline = state_.Deadline();
  if (!deadline || awaited_ == deadline) {
    return;
  }
  awaited_ = deadline;
  const Duration left = *deadline - ports_.clock.Now();
  strand_->PostAfter(std::clamp(left, Duration(0), kLookEvery),
                     [weak = weak_from_this(), generation = generation_, deadline] {
                       const auto self = weak.lock();
                       const bool stale = self == nullptr || self->closed_ ||
                                          generation != self->generation_ ||
                                          self->awaited_ != deadline;
                       if (!stale) {
                         self->awaited_.reset();
                         self->Post(input::TimeUp{});
                       }
                     });
}

}  // namespace hone
