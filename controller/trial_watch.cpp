// SPDX-License-Identifier: Apache-2.0
#include "controller/trial_watch.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "controller/callback.h"

namespace hone {
namespace {

/// How often logs are looked at for new lines: what a person calls live.
constexpr Duration kPollEvery = std::chrono::milliseconds(200);
/// Every so many polls the runner is asked about each attempt, because hints may be lost.
constexpr int kPollsPerLook = 10;
/// Batches of an experiment that may be under way to the store, or from there: while it lags, logs
/// stay on the disk, unread, and memory does not grow with the number of trials.
constexpr std::size_t kMostInStore = 8;
/// Values that are recorded with the end of their attempt; more go to the store before it, where
/// what is under way is bounded.
constexpr std::size_t kMostWithEnd = 100;
/// After an error of the environment.
constexpr Duration kRetryAfter = std::chrono::seconds(1);

}  // namespace

TrialWatch::TrialWatch(const EnginePorts& ports, std::shared_ptr<Executor> strand, ExperimentId id,
                       std::shared_ptr<const ExperimentSpec> spec,
                       std::unique_ptr<MetricParser> parser, Listener listener)
    : ports_(ports),
      id_(std::move(id)),
      spec_(std::move(spec)),
      parser_(std::move(parser)),
      listener_(std::move(listener)),
      strand_(std::move(strand)) {}

void TrialWatch::Watch(TrialNumber trial, Attempt attempt, bool fresh) {
  strand_->Post([self = shared_from_this(), trial, attempt, fresh] {
    if (self->closed_) {
      return;
    }
    const auto found = self->followers_.find(trial);
    if (found != self->followers_.end() && found->second.attempt == attempt) {
      return;
    }
    TrialFollower follower;
    follower.id = {self->id_, trial};
    follower.attempt = attempt;
    follower.fresh = fresh;
    self->followers_.insert_or_assign(trial, std::move(follower));
    self->SchedulePoll();
  });
}

void TrialWatch::Confirm(TrialNumber trial, Attempt attempt) {
  strand_->Post([self = shared_from_this(), trial, attempt] {
    const auto found = self->followers_.find(trial);
    if (!self->closed_ && found != self->followers_.end() && found->second.attempt == attempt) {
      found->second.confirmed = true;
      self->Advance(trial);
    }
  });
}

void TrialWatch::Hint(TrialNumber trial) {
  strand_->Post([self = shared_from_this(), trial] { self->Advance(trial); });
}

void TrialWatch::Close() {
  strand_->Post([self = shared_from_this()] {
    self->closed_ = true;
    self->followers_.clear();
  });
}

void TrialWatch::SchedulePoll() {
  if (polling_) {
    return;
  }
  polling_ = true;
  strand_->PostAfter(kPollEvery, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->polling_ = false;
      self->Poll();
    }
  });
}

void TrialWatch::Poll() {
  if (closed_ || followers_.empty()) {
    return;
  }
  const bool look = ++polls_ % kPollsPerLook == 0;
  std::vector<TrialNumber> trials;  // reading may end a follower
  trials.reserve(followers_.size());
  for (const auto& [trial, follower] : followers_) {
    trials.push_back(trial);
  }
  for (const TrialNumber trial : trials) {
    if (look) {
      Advance(trial);
    } else {
      ReadMore(trial);
    }
  }
  SchedulePoll();
}

/// Asks the runner about an attempt, and tells the strand that it runs.
void TrialWatch::LookAt(TrialFollower& follower) {
  if (follower.end) {
    return;
  }
  auto looked = ports_.runner.Look(follower.id, follower.attempt);
  if (!looked.has_value()) {
    HONE_LOG(kWarn, "look_failed", {"trial", follower.id.number},
             {"reason", looked.error().Text()});
    return;  // the next poll asks again
  }
  std::optional<Sighting>& sighting = *looked;
  if (!sighting.has_value()) {
    if (follower.confirmed) {
      follower.end = Sighting{follower.id.number,
                              follower.attempt,
                              "",
                              {},
                              ports_.clock.Now(),
                              Ending{EndingKind::kLost, 0, 0, "nothing of it is left outside"}};
    }
  } else if (sighting->ending) {
    follower.end = std::move(sighting);
  } else if (!follower.told_running) {
    follower.told_running = true;
    listener_.on_seen({*std::move(sighting), {}});
  }
}

void TrialWatch::Advance(TrialNumber trial) {
  const auto found = followers_.find(trial);
  if (closed_ || found == followers_.end()) {
    return;
  }
  LookAt(found->second);
  ReadMore(trial);
}

/// Forgets how far the log was read and starts again from what the store has, a little later.
void TrialWatch::Restart(TrialFollower& follower) {
  follower.Close();
  follower.fresh = false;
  follower.not_before = ports_.clock.Now() + kRetryAfter;
}

void TrialWatch::ReadMore(TrialNumber trial) {
  const auto found = followers_.find(trial);
  if (closed_ || found == followers_.end() || found->second.recording) {
    return;
  }
  TrialFollower& follower = found->second;
  if (follower.not_before && ports_.clock.Now() < *follower.not_before) {
    return;
  }
  if (in_store_ >= kMostInStore) {
    if (std::find(waiting_.begin(), waiting_.end(), trial) == waiting_.end()) {
      waiting_.push_back(trial);
    }
    return;
  }
  follower.not_before.reset();
  if (follower.fold == nullptr && !follower.fresh && !follower.recalled) {
    return Recall(follower);
  }
  auto step = NextStep(follower);
  if (!step.has_value()) {
    HONE_LOG(kWarn, "log_unreadable", {"trial", trial}, {"reason", step.error().Text()});
    return Restart(follower);
  }
  if (!step->started_over.empty()) {
    HONE_LOG(kWarn, "log_started_over", {"trial", trial}, {"reason", step->started_over});
  }
  if (!step->damaged.empty()) {
    HONE_LOG(kWarn, "events_damaged", {"trial", trial},
             {"file", follower.sources[follower.current].name}, {"reason", step->damaged});
  }
  if (EndsWith(follower, *step)) {
    return End(follower, *std::move(step));
  }
  if (!step->records.empty() || !step->started_over.empty()) {
    return Record(follower, std::move(*step));
  }
  if (!step->at_end || !step->damaged.empty()) {
    strand_->Post([self = shared_from_this(), trial] { self->ReadMore(trial); });
    return;
  }
  if (follower.end) {
    input::Seen seen{*std::move(follower.end), follower.fold->summary()};
    followers_.erase(found);
    listener_.on_seen(std::move(seen));
  }
}

/// Asks the store for what it has, which may take it a while.
void TrialWatch::Recall(TrialFollower& follower) {
  follower.recording = true;
  ++in_store_;
  const auto go_on = [trial = follower.id.number, attempt = follower.attempt](
                         TrialWatch& self, const Result<TrialFollower::Recalled>& recalled) {
    self.OnRecalled(trial, attempt, recalled);
  };
  ports_.io.Post([&store = ports_.store, spec = spec_, id = follower.id, attempt = follower.attempt,
                  told = OnStrand(strand_, weak_from_this(), go_on)] {
    told(TrialFollower::Recall(*spec, id, attempt, store));
  });
}

void TrialWatch::OnRecalled(TrialNumber trial, Attempt attempt,
                            Result<TrialFollower::Recalled> recalled) {
  TrialFollower* const follower = BackFromStore(trial, attempt);
  if (follower == nullptr) {
    return;
  }
  if (!recalled.has_value()) {
    HONE_LOG(kWarn, "log_unreadable", {"trial", trial}, {"reason", recalled.error().Text()});
    return Restart(*follower);
  }
  follower->recalled = *std::move(recalled);
  ReadMore(trial);
}

Result<TailStep> TrialWatch::NextStep(TrialFollower& follower) {
  if (follower.fold == nullptr) {
    HONE_RETURN_IF_ERROR(follower.Open(*spec_, *parser_, ports_.runner, listener_.wanted.metrics));
    TellReports(follower);
  }
  return follower.Step(*spec_, ports_.runner, ports_.store);
}

/// Whether the step is the last one, so that its values and the end are one commit. Reports that a
/// rule of early stopping waits for are stored before the end.
bool TrialWatch::EndsWith(const TrialFollower& follower, const TailStep& step) const {
  return follower.end && step.at_end && step.damaged.empty() && step.started_over.empty() &&
         !step.records.empty() && step.records.size() <= kMostWithEnd &&
         follower.sources.size() == 1 && listener_.wanted.metrics.names.empty();
}

void TrialWatch::End(TrialFollower& follower, TailStep step) {
  HONE_CHECK(follower.end.has_value(), "EndsWith has looked");
  ObservationBatch batch = TakeBatch(follower, std::move(step));
  input::Seen seen{*std::move(follower.end), follower.fold->summary()};
  followers_.erase(follower.id.number);
  listener_.on_end(std::move(seen), std::move(batch));
}

ObservationBatch TrialWatch::TakeBatch(TrialFollower& follower, TailStep step) {
  for (const MetricRecord& record : step.records) {
    follower.Add(record);
  }
  TrialFollower::Source& source = follower.sources[follower.current];
  ObservationBatch batch{follower.id,       follower.attempt,
                         source.name,       source.recorded_offset,
                         step.offset_after, std::move(step.records)};
  source.recorded_offset = step.offset_after;
  return batch;
}

void TrialWatch::Record(TrialFollower& follower, TailStep step) {
  ObservationBatch batch = TakeBatch(follower, std::move(step));
  follower.recording = true;
  ++in_store_;
  const auto go_on = [trial = follower.id.number, attempt = follower.attempt](
                         TrialWatch& self, const Status& status) {
    self.OnRecorded(trial, attempt, status);
  };
  ports_.store.Record(std::move(batch), OnStrand(strand_, weak_from_this(), go_on));
}

/// What is stored is told on: only such reports can be the reason of anything.
void TrialWatch::TellReports(TrialFollower& follower) {
  if (TrialReports reports = follower.TakeUntold(); !reports.all.empty()) {
    listener_.wanted.on_reports(std::move(reports));
  }
}

void TrialWatch::ReadWaiting() {
  for (std::size_t left = waiting_.size(); left > 0 && in_store_ < kMostInStore; --left) {
    const TrialNumber trial = waiting_.front();
    waiting_.pop_front();
    ReadMore(trial);
  }
}

/// @returns  whom the store has answered; null: it is followed no more
TrialFollower* TrialWatch::BackFromStore(TrialNumber trial, Attempt attempt) {
  --in_store_;
  ReadWaiting();
  const auto found = followers_.find(trial);
  if (closed_ || found == followers_.end() || found->second.attempt != attempt) {
    return nullptr;
  }
  found->second.recording = false;
  return &found->second;
}

void TrialWatch::OnRecorded(TrialNumber trial, Attempt attempt, const Status& status) {
  TrialFollower* const follower = BackFromStore(trial, attempt);
  if (follower == nullptr) {
    return;
  }
  if (!status.has_value()) {
    HONE_LOG(kWarn, "record_failed", {"trial", trial}, {"reason", status.error().Text()});
    return Restart(*follower);
  }
  TellReports(*follower);
  const TrialFollower::Source& source = follower->sources[follower->current];
  ports_.runner.Recorded(follower->id, attempt, source.recorded_offset);
  ReadMore(trial);
}

}  // namespace hone
