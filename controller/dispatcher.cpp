// SPDX-License-Identifier: Apache-2.0
#include "controller/dispatcher.h"

#include <algorithm>

#include "base/log.h"
#include "controller/callback.h"
#include "controller/launch_spec.h"
#include "controller/retry.h"

namespace hone {
namespace {

constexpr int kMaxLaunchTries = 6;
constexpr Duration kFirstRetry = std::chrono::milliseconds(500);  // doubled each time

}  // namespace

Dispatcher::Dispatcher(const EnginePorts& ports, ExperimentId id, std::shared_ptr<Executor> strand,
                       std::shared_ptr<TrialWatch> watch, OnSeen on_seen)
    : ports_(ports),
      id_(std::move(id)),
      strand_(std::move(strand)),
      watch_(std::move(watch)),
      on_seen_(std::move(on_seen)) {}

void Dispatcher::Carry(const Command& command, Entry entry, const ExperimentState& state) {
  if (const auto* stop = std::get_if<command::Stop>(&command)) {
    return Stop(*stop, entry);
  }
  const auto* launch = std::get_if<command::Launch>(&command);
  if (launch == nullptr) {
    return;
  }
  const TrialState* trial = state.Find(launch->trial);
  if (trial == nullptr || !trial->launched || trial->attempt != launch->attempt) {
    ports_.store.MarkDone(id_, entry.seq, entry.n);  // over before it could start
    return;
  }
  auto spec = MakeLaunchSpec(state, *trial, launch->attempt);
  if (!spec.has_value()) {
    ports_.store.MarkDone(id_, entry.seq, entry.n);
    return FailToStart(launch->trial, launch->attempt, spec.error().Text());
  }
  Launch(std::move(*spec), entry, 1);
}

void Dispatcher::Launch(LaunchSpec spec, Entry entry, int tries) {
  if (ports_.lease != nullptr && !ports_.lease->Holds(ports_.clock.Now())) {
    // Another controller may drive it by now: the next heartbeat tells.
    return LaunchLater(spec, entry, tries);
  }
  LaunchSpec copy = spec;
  ports_.runner.Launch(std::move(copy), OnStrand(strand_, weak_from_this(),
                                                 [entry, tries, spec = std::move(spec)](
                                                     Dispatcher& self, const Status& status) {
                                                   self.OnLaunched(spec, entry, tries, status);
                                                 }));
}

void Dispatcher::OnLaunched(const LaunchSpec& spec, Entry entry, int tries, const Status& status) {
  if (status.has_value()) {
    ports_.store.MarkDone(id_, entry.seq, entry.n);
    watch_->Confirm(spec.id.number, spec.attempt);
    return;
  }
  if (MayRepeat(status.error().code) && tries < kMaxLaunchTries) {
    HONE_LOG(kWarn, "launch_retry", {"trial", spec.trial_name}, {"try", tries},
             {"reason", status.error().Text()});
    return LaunchLater(spec, entry, tries + 1);
  }
  ports_.store.MarkDone(id_, entry.seq, entry.n);
  FailToStart(spec.id.number, spec.attempt, status.error().Text());
}

void Dispatcher::LaunchLater(const LaunchSpec& spec, Entry entry, int tries) {
  strand_->PostAfter(kFirstRetry * (1 << std::max(tries - 2, 0)),
                     [weak = weak_from_this(), spec, entry, tries] {
                       if (const auto self = weak.lock()) {
                         self->Launch(spec, entry, tries);
                       }
                     });
}

void Dispatcher::FailToStart(TrialNumber trial, Attempt attempt, const std::string& reason) {
  const Timestamp now = ports_.clock.Now();
  on_seen_({Sighting{trial, attempt, "", now, now,
                     Ending{EndingKind::kFailedToStart, 0, 0, "could not be started: " + reason}},
            {}});
}

void Dispatcher::Stop(const command::Stop& stop, Entry entry) {
  ports_.runner.Stop(
      {id_, stop.trial}, stop.attempt, stop.mode,
      OnStrand(strand_, weak_from_this(), [entry](Dispatcher& self, const Status& status) {
        if (status.has_value()) {  // else the next sighting asks again
          self.ports_.store.MarkDone(self.id_, entry.seq, entry.n);
        }
      }));
}

void Dispatcher::StopAgain(const ExperimentState& state, TrialNumber number) {
  const TrialState* trial = state.Find(number);
  if (trial == nullptr || !trial->launched || !trial->stop_cause) {
    return;
  }
  const bool checkpoint = *trial->stop_cause == event::TrialStopRequested::Cause::kPaused;
  ports_.runner.Stop({id_, number}, trial->attempt,
                     checkpoint ? StopMode::kCheckpointFirst : StopMode::kTerminate,
                     [](const Status& /*level-triggered: asked again at the next sighting*/) {});
}

}  // namespace hone
