// SPDX-License-Identifier: Apache-2.0
// How a strand takes up an experiment: at start, and again after a commit failed.
#include <algorithm>

#include "base/crash.h"
#include "base/log.h"
#include "controller/callback.h"
#include "controller/strand.h"
#include "core/ledger_check.h"

namespace hone {
namespace {

constexpr Duration kFirstReload = std::chrono::milliseconds(250);  // doubled each time, up to 16 s
constexpr int kMaxDoublings = 6;

TrialNumber TrialOf(const Command& command) {
  if (const auto* launch = std::get_if<command::Launch>(&command)) {
    return launch->trial;
  }
  const auto* stop = std::get_if<command::Stop>(&command);
  return stop != nullptr ? stop->trial : 0;
}

}  // namespace

void ExperimentStrand::Start(Done done) {
  strand_->Post([self = shared_from_this(), done = std::move(done)]() mutable {
    self->Load(std::move(done));
  });
}

/// Reads on an I/O thread, since a ledger may be long, and goes on on the strand.
void ExperimentStrand::Load(Done done) {
  ports_.io.Post([self = shared_from_this(), done = std::move(done)]() mutable {
    auto recorded = ReadRecorded(self->ports_.store, self->id_, self->options_.epoch);
    self->strand_->Post([self, done = std::move(done), recorded = std::move(recorded)]() mutable {
      self->OnLoaded(std::move(recorded), done);
    });
  });
}

void ExperimentStrand::OnLoaded(Result<WhatIsRecorded> recorded, const Done& done) {
  if (closed_) {
    return done(Fail(Code::kCancelled, "closed while loading"));
  }
  if (!recorded.has_value()) {
    return done(tl::make_unexpected(recorded.error()));
  }
  const CrashLabel label(id_.text);
  ++generation_;
  awaited_.reset();
  std::vector<Told> history;
  if (const Status replayed = Replay(*recorded, history); !replayed.has_value()) {
    return done(replayed);
  }
  if (const Status ready = BeginWatching(); !ready.has_value()) {
    return done(ready);
  }
  FindElsewhere(recorded->events);
  for (auto& [item, at] : history) {
    question_->Tell(std::move(item), at);
  }
  Recover(std::move(recorded->outbox), done);
}

/// Computes the state again. @param history  gets what the search algorithm is to be told
Status ExperimentStrand::Replay(const WhatIsRecorded& recorded, std::vector<Told>& history) {
  state_ = ExperimentState{};
  state_.id = id_;
  early_stop_.reset();
  for (const Recorded& event : recorded.events) {
    HONE_RETURN_IF_ERROR(CheckNext(state_, event));
    Evolve(state_, event);
    HONE_RETURN_IF_ERROR(Observe(event, recorded.curves));
    if (auto item = ToHistory(*state_.spec, event)) {
      history.emplace_back(std::move(*item), event.at);
    }
  }
  return {};
}

/// Tells the rule of early stopping, if there is one, an event that has been recorded; before the
/// end of a trial, what it had reported.
Status ExperimentStrand::Observe(const Recorded& recorded, const StoredCurves& curves) {
  if (early_stop_ == nullptr && state_.spec->early_stopping) {
    HONE_ASSIGN_OR_RETURN(early_stop_, EarlyStop::Create(*state_.spec));
  }
  if (early_stop_ == nullptr) {
    return {};
  }
  if (const auto* succeeded = std::get_if<event::TrialSucceeded>(&recorded.event)) {
    const auto found = curves.find(succeeded->outcome.trial);
    for (std::size_t i = 0; found != curves.end() && i < found->second.size(); ++i) {
      early_stop_->Add(found->first, succeeded->outcome.attempt, i + 1, found->second[i]);
    }
  }
  early_stop_->Observe(recorded);
  return {};
}

TrialWatch::Listener ExperimentStrand::Listening() {
  const auto put = [weak = weak_from_this()](auto what) {
    if (const auto self = weak.lock()) {
      self->Put({std::move(what), {}});
    }
  };
  return {.on_seen = [put](input::Seen seen) { put(Input(std::move(seen))); },
          .on_end =
              [put, generation = generation_](input::Seen seen, ObservationBatch values) {
                put(TrialEnd{std::move(seen), std::move(values), generation});
              },
          .wanted = {EarlyStopMetrics(*state_.spec),
                     [put](TrialReports reports) { put(std::move(reports)); }}};
}

/// Makes what drives the experiment: the searcher, the watch on its trials, the dispatcher.
Status ExperimentStrand::BeginWatching() {
  if (watch_ != nullptr) {
    watch_->Close();
  }
  HONE_ASSIGN_OR_RETURN(runner_, ports_.runner.For(*state_.spec));
  demand_ = runner_->DemandOf(*state_.spec);
  if (const std::string never = WhyNever(demand_, runner_->Total()); !never.empty()) {
    return Fail(Code::kFailedPrecondition, never, "spec.trialTemplate.trialSpec");
  }
  const EnginePorts ports{ports_.store, ports_.suggesters, *runner_,    ports_.control,
                          ports_.io,    ports_.clock,      ports_.lease};
  HONE_ASSIGN_OR_RETURN(
      auto suggester, ports_.suggesters.Create(id_, *state_.spec, {state_.seed, state_.cpu_level}));
  HONE_ASSIGN_OR_RETURN(auto parser, MakeParser(state_.spec->collector, state_.spec->objective));
  const auto post = [weak = weak_from_this()](Input input) {
    if (const auto self = weak.lock()) {
      self->Post(std::move(input));
    }
  };
  released_.clear();
  question_ = std::make_shared<Question>(std::move(suggester), strand_, runner_->Instance(), post);
  // One hand-over less each way where reading never waits.
  auto reads_on = runner_->OutputIsInMemory() ? strand_ : ports_.io.MakeStrand();
  watch_ = std::make_shared<TrialWatch>(ports, std::move(reads_on), id_, state_.spec,
                                        std::move(parser), Listening());
  dispatcher_ = std::make_shared<Dispatcher>(ports, id_, strand_, watch_, post);
  return {};
}

/// Asks what exists outside. Nothing is carried out before the answer: what it brings about could
/// not be taken yet.
void ExperimentStrand::Recover(std::vector<OutboxItem> outbox, const Done& done) {
  const auto go_on = [generation = generation_, outbox = std::move(outbox), done](
                         ExperimentStrand& self, const Result<std::vector<Sighting>>& seen) {
    if (generation != self.generation_ || self.closed_) {
      return done(Fail(Code::kCancelled, "closed while loading"));
    }
    if (!seen.has_value()) {
      return done(tl::make_unexpected(seen.error()));
    }
    self.OnObserved(outbox, *seen);
    done({});
  };
  runner_->Observe(id_, OnStrand(strand_, weak_from_this(), go_on));
}

/// Carries out what the outbox still holds. @returns the trials that are being launched by it
std::set<TrialNumber> ExperimentStrand::CarryOutbox(const std::vector<OutboxItem>& outbox) {
  std::set<TrialNumber> launching;
  for (const OutboxItem& item : outbox) {
    const auto command = DecodeCommand(item.payload);
    if (!command.has_value()) {
      HONE_LOG(kError, "outbox_unreadable", {"reason", command.error().Text()});
      continue;
    }
    if (IsElsewhere(TrialOf(*command))) {
      continue;  // it runs there, or will never start; an outdated entry goes with the next loading
    }
    if (const auto* launch = std::get_if<command::Launch>(&*command)) {
      launching.insert(launch->trial);
      watch_->Watch(launch->trial, launch->attempt, false);
    }
    dispatcher_->Carry(*command, {item.seq, item.n}, state_);
  }
  return launching;
}

/// Ends what runs in our name but is not in the ledger any more.
void ExperimentStrand::StopStrays(const std::vector<Sighting>& seen) {
  for (const Sighting& sighting : seen) {
    const TrialState* trial = state_.Find(sighting.trial);
    const bool ours = trial != nullptr && trial->launched && trial->attempt == sighting.attempt;
    if (ours || sighting.ending) {
      continue;
    }
    HONE_LOG(kWarn, "stray_attempt_stopped", {"experiment", id_.text}, {"trial", sighting.trial});
    runner_->Stop({id_, sighting.trial}, sighting.attempt, StopMode::kTerminate,
                  [](const Status& /*seen again at the next start if it did not work*/) {});
  }
}

/// The outside world is known: follow what runs, and take part again.
void ExperimentStrand::OnObserved(const std::vector<OutboxItem>& outbox,
                                  const std::vector<Sighting>& seen) {
  loaded_ = true;
  StopStrays(seen);
  std::erase_if(elsewhere_, [&](const auto& entry) {  // it is here after all
    return std::ranges::any_of(seen, [&](const Sighting& sighting) {
      return sighting.trial == entry.first && sighting.attempt == entry.second.attempt;
    });
  });
  for (const TrialNumber number : state_.active) {
    if (const TrialState& trial = *state_.Find(number); trial.launched && !IsElsewhere(number)) {
      runner_->Adopt({id_, number}, trial.attempt);
    }
  }
  const std::set<TrialNumber> launching = CarryOutbox(outbox);
  for (const TrialNumber number : state_.active) {
    const TrialState& trial = *state_.Find(number);
    if (!trial.launched || launching.contains(number) || IsElsewhere(number)) {
      continue;
    }
    watch_->Watch(number, trial.attempt, false);
    // Its launch was carried out: if nothing is there, it is lost.
    watch_->Confirm(number, trial.attempt);
    dispatcher_->StopAgain(state_, number);
  }
  slots_.Register(
      id_,
      {.name = state_.spec->name, .name_space = state_.spec->name_space, .demand = DemandNow()},
      [weak = weak_from_this()](std::uint32_t slots) {
        if (const auto self = weak.lock()) {
          self->Post(input::Offer{slots, self->runner_->Instance()});
        }
      });
  StrandStep step;
  for (const Command& command : PendingQuestions(state_)) {
    step.asks.push_back(std::get<command::AskSuggester>(command));
  }
  AskAll(step);
  Report();
  WaitForDeadline();
  WaitForElsewhere();
  options_.on_durable(state_);
}

void ExperimentStrand::Reload(const Error& why) {
  loaded_ = false;
  commits_under_way_ = 0;
  ++generation_;
  slots_.Unregister(id_);
  if (why.code == Code::kNotFound || (why.code == Code::kAborted && reloads_ > 0)) {
    HONE_LOG(kWarn, "experiment_given_up", {"experiment", id_.text}, {"reason", why.Text()});
    return options_.on_given_up();  // deleted, or somebody else drives it now
  }
  HONE_LOG(kWarn, "experiment_reload", {"experiment", id_.text}, {"reason", why.Text()});
  const Duration delay = kFirstReload * (1 << std::min(reloads_, kMaxDoublings));
  ++reloads_;
  strand_->PostAfter(delay, [weak = weak_from_this(), generation = generation_] {
    const auto self = weak.lock();
    if (self != nullptr && generation == self->generation_ && !self->closed_) {
      self->LoadAgain();
    }
  });
}

void ExperimentStrand::LoadAgain() {
  Load([weak = weak_from_this()](const Status& status) {
    const auto self = weak.lock();
    if (self != nullptr && !status.has_value() && !self->closed_) {
      self->Reload(status.error());
    }
  });
}

}  // namespace hone
