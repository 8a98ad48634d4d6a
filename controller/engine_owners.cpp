// SPDX-License-Identifier: Apache-2.0
// Which experiments are this engine's: heartbeats, taking over what nobody drives, giving up what
// another controller has taken.
#include <algorithm>

#include "base/log.h"
#include "controller/callback.h"
#include "controller/engine.h"
#include "controller/read_state.h"

namespace hone {
namespace {

constexpr int kBeatsPerLease = 3;
constexpr int kLooksPerLease = 10;
constexpr Duration kShortestLook = std::chrono::milliseconds(100);
constexpr Duration kLongestLook = std::chrono::seconds(1);
/// A store that hangs without a word.
constexpr Duration kContactHolds = std::chrono::seconds(10);
constexpr Duration kClearAgainAfter = std::chrono::seconds(1);
constexpr int kCrashesUntilParked = 3;
constexpr Duration kParkAgainAfter = std::chrono::seconds(30);  // if it could not be written

/// For drives that nobody waits for: Engine::OnDriven logs what fails.
void NobodyWaits(const Status& /*driven*/) {}

}  // namespace

Status Engine::Register() {
  const Timestamp sent = ports_.clock.Now();
  HONE_ASSIGN_OR_RETURN(const OwnerEpoch epoch,
                        ports_.store.RegisterOwner(options_.owner, options_.lease));
  epoch_ = epoch;
  lease_.Extend(sent + options_.lease);
  contact_ = ports_.clock.Now().time_since_epoch().count();
  return {};
}

bool Engine::StoreAnswers() const {
  const Timestamp now = ports_.clock.Now();
  const Timestamp contact{Duration(contact_.load())};
  return now - contact < kContactHolds && lease_.Holds(now);
}

bool Engine::IsOther(const OwnerInfo& owner) const {
  return owner.alive && owner.epoch != epoch_;
}

bool Engine::Drives(const ExperimentId& id) const {
  return driving_.WithLock([&](const auto& driving) { return driving.contains(id); });
}

Status Engine::CheckDriven(const ExperimentId& id) {
  if (Drives(id)) {
    return {};
  }
  HONE_ASSIGN_OR_RETURN(const OwnerInfo owner, ports_.store.OwnerOf(id));
  if (owner.epoch == epoch_) {
    return {};
  }
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, ReadState(ports_.store, id));
  if (state.Drained()) {
    return {};  // its ledger has all the answers
  }
  if (owner.alive) {
    return Fail(Code::kFailedPrecondition,
                "another controller drives this experiment: " + owner.name + "; ask that one");
  }
  return Fail(Code::kUnavailable,
              "the controller of this experiment is gone; it is taken over within seconds, ask "
              "again");
}

void Engine::KeepBeating() {
  After(options_.lease / kBeatsPerLease, [](Engine& self) {
    self.Beat();
    self.KeepBeating();
  });
}

/// One at a time: while the store is away, the last one waits for it.
void Engine::Beat() {
  if (std::exchange(beating_, true)) {
    return;
  }
  const OwnerEpoch epoch = epoch_;
  const Timestamp sent = ports_.clock.Now();
  Blocking([this, epoch] { return ports_.store.Heartbeat(epoch, options_.lease); },
           [this, epoch, sent](const Status& beat) { OnBeat(epoch, sent, beat); });
}

void Engine::OnBeat(OwnerEpoch epoch, Timestamp sent, const Status& beat) {
  beating_ = false;
  if (stopped_) {
    return;
  }
  if (beat.has_value()) {
    lease_.Extend(sent + options_.lease);
    return TakeUpLost();
  }
  HONE_LOG(kError, "heartbeat_failed", {"reason", beat.error().Text()});
  if (beat.error().code == Code::kAborted && epoch == epoch_) {
    RegisterAgain();
  }
}

/// This owner was declared dead: what it drove may be another one's by now. As a new owner, it
/// takes up what is not.
void Engine::RegisterAgain() {
  beating_ = true;  // until there is an epoch to beat for
  Blocking([this] { return Register(); },
           [this](const Status& registered) {
             beating_ = false;
             if (!registered.has_value() || stopped_) {
               return;  // the next heartbeat tries again
             }
             HONE_LOG(kWarn, "owner_registered_again", {"epoch", epoch_.load()});
             std::vector<ExperimentId> former;
             former.reserve(driven_.size());
             for (const auto& [id, driven] : driven_) {
               former.push_back(id);
             }
             for (const ExperimentId& id : former) {
               Lose(id);
             }
           });
}

void Engine::Lose(const ExperimentId& id) {
  const auto found = driven_.find(id);
  if (found == driven_.end() || stopped_) {
    return;
  }
  const Driven driven = std::move(found->second);
  Drop(id);
  lost_[id] = false;
  const Error why{Code::kAborted, "another controller may have taken the experiment", {}};
  for (const auto* waiting : {&driven.when_loaded, &driven.when_drained}) {
    for (const auto& done : *waiting) {
      done(tl::make_unexpected(why));
    }
  }
  driven.strand->Close(OnStrand(strand_, weak_from_this(), [id](Engine& self) {
    self.lost_[id] = true;
    self.Beat();  // its answer says whether this owner still counts
  }));
}

void Engine::TakeUpLost() {
  std::vector<ExperimentId> closed;
  for (const auto& [id, is_closed] : lost_) {
    if (is_closed) {
      closed.push_back(id);
    }
  }
  for (const ExperimentId& id : closed) {
    lost_.erase(id);
    Drive(id, [this, id](const Status& driven) { OnTakenUp(id, driven); });
  }
  CheckIdle();
}

void Engine::OnTakenUp(const ExperimentId& id, const Status& driven) {
  if (driven.has_value() || driven_.contains(id)) {
    return;
  }
  if (driven.error().code == Code::kAborted) {
    ClearAway(id);
  } else if (driven.error().code == Code::kUnavailable) {
    lost_[id] = true;  // with the next heartbeat
  }
}

void Engine::KeepLooking() {
  const Duration every = std::clamp(options_.lease / kLooksPerLease, kShortestLook, kLongestLook);
  After(every, [](Engine& self) { self.LookForUndriven(); });
}

void Engine::LookForUndriven() {
  std::set<ExperimentId> known;
  driving_.WithLock([&](const auto& driving) {
    for (const auto& [id, strand] : driving) {
      known.insert(id);
    }
  });
  Blocking([this, known] { return Undriven(known); },
           [this, asked = ports_.clock.Now()](const auto& rows) {
             if (!stopped_) {
               OnUndriven(asked, rows);
               KeepLooking();
             }
           });
}

/// Those that this engine could drive.
Result<std::vector<ExperimentRow>> Engine::Undriven(const std::set<ExperimentId>& known) {
  HONE_ASSIGN_OR_RETURN(auto rows, ports_.store.ListUndriven(epoch_));
  std::erase_if(rows,
                [&](const ExperimentRow& row) { return known.contains(row.id) || !MayRun(row); });
  return rows;
}

/// What cannot run on this machine is left to others. What cannot be read is not: that is told.
bool Engine::MayRun(const ExperimentRow& row) const {
  if (!options_.lost_after) {
    return true;
  }
  const auto spec = ReadSpec(ports_.store, row.id);
  if (!spec.has_value()) {
    return true;
  }
  Problems problems;
  ports_.runner.Check(*spec, problems);
  return !problems.HasErrors();
}

/// After the store was away nobody may have had the time to beat: each gets its chance first.
void Engine::OnUndriven(Timestamp asked, const Result<std::vector<ExperimentRow>>& rows) {
  const Timestamp now = ports_.clock.Now();
  const bool late = looked_ && now - asked > options_.lease / kBeatsPerLease;
  if (!rows.has_value() || late) {
    if (!rows.has_value() && now >= not_before_) {
      HONE_LOG(kError, "experiments_unreadable", {"reason", rows.error().Text()});
    }
    not_before_ = now + options_.lease;
  } else if (now >= not_before_) {
    DriveUnfinished(*rows);
  }
  if (!looked_) {
    looked_ = true;
    --starting_;
    CheckIdle();
    if (options_.lost_after) {
      ClearAway();
    }
  }
}

void Engine::DriveUnfinished(const std::vector<ExperimentRow>& rows) {
  for (const ExperimentRow& row : rows) {
    const auto failed = failed_.find(row.id);
    const bool waits = failed != failed_.end() && ports_.clock.Now() < failed->second;
    if (waits || driven_.contains(row.id) || lost_.contains(row.id)) {
      continue;
    }
    const int crashes = CrashesOf(row);
    if (crashes < kCrashesUntilParked) {
      HONE_LOG(kInfo, "experiment_taken_up", {"experiment", row.name});
      Drive(row.id, NobodyWaits);
      continue;
    }
    failed_[row.id] = ports_.clock.Now() + kParkAgainAfter;
    if (row.phase != PhaseWord(ExperimentPhase::kSuspended)) {  // else it is parked
      Park(row, crashes);
    }
  }
}

void Engine::ClearAway() {
  Blocking([this] { return ports_.store.ListExperiments(); },
           [this](const Result<std::vector<ExperimentRow>>& rows) { ClearAwayOthers(rows); });
}

void Engine::ClearAwayOthers(const Result<std::vector<ExperimentRow>>& rows) {
  if (!rows.has_value()) {
    HONE_LOG(kError, "experiments_unreadable", {"reason", rows.error().Text()});
    return;
  }
  for (const ExperimentRow& row : *rows) {
    if (!driven_.contains(row.id)) {
      ClearAway(row.id);
    }
  }
}

/// The runner of an experiment of which nothing should run here. Null: something may.
Result<TrialRunner*> Engine::RunnerOfOther(const ExperimentId& id) {
  HONE_ASSIGN_OR_RETURN(const OwnerInfo owner, ports_.store.OwnerOf(id));
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, ReadState(ports_.store, id));
  const bool mine = !IsOther(owner) && !state.Drained();
  return mine ? nullptr : ports_.runner.For(*state.spec);
}

void Engine::ClearAway(const ExperimentId& id) {
  const auto look = [this, id](const Result<TrialRunner*>& runner) {
    if (!runner.has_value() || *runner == nullptr || driven_.contains(id) || stopped_) {
      return;  // its machine is another one, or it is ours after all
    }
    (*runner)->Observe(id, OnStrand(strand_, weak_from_this(),
                                    [id, runner = *runner](Engine& self, const auto& seen) {
                                      self.OnLeftovers(id, *runner, seen);
                                    }));
  };
  Blocking([this, id] { return RunnerOfOther(id); }, look);
}

void Engine::OnLeftovers(const ExperimentId& id, TrialRunner& runner,
                         const Result<std::vector<Sighting>>& seen) {
  if (!seen.has_value() || seen->empty() || driven_.contains(id) || stopped_) {
    return;
  }
  bool runs = false;
  for (const Sighting& sighting : *seen) {
    if (sighting.ending) {
      continue;
    }
    runs = true;
    HONE_LOG(kWarn, "attempt_of_other_stopped", {"experiment", id.text}, {"trial", sighting.trial});
    runner.Stop({id, sighting.trial}, sighting.attempt, StopMode::kTerminate,
                [](const Status& /*looked at again below*/) {});
  }
  if (runs) {
    return After(kClearAgainAfter, [id](Engine& self) { self.ClearAway(id); });
  }
  TellGone(id, runner.Instance());
}

/// The one that drives it need not wait for what this machine had of it.
void Engine::TellGone(const ExperimentId& id, const std::string& runner) {
  const auto tell = [this, id, runner]() -> Status {
    HONE_ASSIGN_OR_RETURN(const OwnerInfo owner, ports_.store.OwnerOf(id));
    if (!IsOther(owner)) {
      return {};
    }
    const auto [kind, payload] = EncodeRequest(request::Gone{id.text, runner});
    return ports_.store.PostRequest(kind + "@" + owner.name, payload).map([](std::int64_t) {});
  };
  Blocking(tell, [](const Status& told) {
    if (!told.has_value()) {
      HONE_LOG(kWarn, "other_controller_untold", {"reason", told.error().Text()});
    }
  });
}

}  // namespace hone
