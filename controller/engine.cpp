// SPDX-License-Identifier: Apache-2.0
#include "controller/engine.h"

#include "base/crash.h"
#include "base/log.h"

namespace hone {
namespace {

constexpr Duration kLease = std::chrono::seconds(15);
constexpr Duration kBeatEvery = std::chrono::seconds(5);
constexpr Duration kPollRequestsEvery = std::chrono::milliseconds(100);
constexpr int kCrashesUntilParked = 3;

bool Unfinished(const ExperimentRow& row) {
  return row.phase == PhaseWord(ExperimentPhase::kRunning) ||
         row.phase == PhaseWord(ExperimentPhase::kRestarting) || row.running > 0;
}

}  // namespace

Result<std::shared_ptr<Engine>> Engine::Create(const EnginePorts& ports, EngineOptions options) {
  HONE_ASSIGN_OR_RETURN(const OwnerEpoch epoch, ports.store.RegisterOwner(options.owner, kLease));
  const std::shared_ptr<Engine> engine(new Engine(ports, std::move(options), epoch));
  // Requests that a former engine left unanswered: whoever asked has been told that it died.
  HONE_ASSIGN_OR_RETURN(const auto stale, ports.store.OpenRequests());
  for (const Request& request : stale) {
    HONE_RETURN_IF_ERROR(ports.store.AnswerRequest(
        request.id,
        EncodeReply(Fail(Code::kUnavailable, "the engine was started anew; ask again"))));
  }
  ports.runner.OnHint([weak = std::weak_ptr(engine)](const TrialId& id) {
    const auto self = weak.lock();
    if (self == nullptr) {
      return;
    }
    self->strand_->Post([self, id] {
      if (const auto found = self->driven_.find(id.experiment); found != self->driven_.end()) {
        found->second.strand->Hint(id.number);
      }
    });
  });
  engine->Begin();
  return engine;
}

Engine::Engine(const EnginePorts& ports, EngineOptions options, OwnerEpoch epoch)
    : ports_(ports),
      options_(std::move(options)),
      epoch_(epoch),
      slots_(ports.runner.Total()),
      strand_(ports.control.MakeStrand()) {}

void Engine::Begin() {
  Beat();
  if (options_.serve_requests) {
    PollRequests();
  }
  if (!options_.drive_all) {
    return;
  }
  ++starting_;
  ports_.io.Post([self = shared_from_this()] {
    auto rows = self->ports_.store.ListExperiments();
    self->strand_->Post([self, rows = std::move(rows)] {
      --self->starting_;
      self->DriveUnfinished(rows);
      self->CheckIdle();
    });
  });
}

void Engine::DriveUnfinished(const Result<std::vector<ExperimentRow>>& rows) {
  if (!rows.has_value()) {
    HONE_LOG(kError, "experiments_unreadable", {"reason", rows.error().Text()});
    return;
  }
  for (const ExperimentRow& row : *rows) {
    int crashes = 0;
    if (!Unfinished(row)) {
      continue;
    }
    if (ShouldPark(row, crashes)) {
      Park(row, crashes);
      continue;
    }
    Drive(row.id, [id = row.id](const Status& status) {
      if (!status.has_value()) {
        HONE_LOG(kError, "experiment_not_driven", {"experiment", id.text},
                 {"reason", status.error().Text()});
      }
    });
  }
}

void Engine::Beat() {
  strand_->PostAfter(kBeatEvery, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->stopped_) {
      return;
    }
    self->ports_.io.Post([self] {
      if (const Status beat = self->ports_.store.Heartbeat(self->epoch_, kLease);
          !beat.has_value()) {
        HONE_LOG(kError, "heartbeat_failed", {"reason", beat.error().Text()});
      }
    });
    self->Beat();
  });
}

void Engine::PollRequests() {
  strand_->PostAfter(kPollRequestsEvery, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->stopped_) {
      return;
    }
    self->ports_.io.Post([self, last = self->change_counter_] {
      const auto counter = self->ports_.store.ChangeCounter();
      if (!counter.has_value() || *counter == last) {
        return self->PollRequests();
      }
      const auto open = self->ports_.store.OpenRequests();
      self->strand_->Post([self, counter = *counter, open] {
        if (open.has_value()) {
          self->change_counter_ = counter;
          self->OnRequests(*open);
        }
        self->PollRequests();
      });
    });
  });
}

void Engine::OnRequests(const std::vector<Request>& requests) {
  for (const Request& posted : requests) {
    if (!handling_.insert(posted.id).second) {
      continue;
    }
    const auto answer = [self = shared_from_this(), id = posted.id](Result<std::string> reply) {
      self->ports_.io.Post([self, id, reply = EncodeReply(reply)] {
        if (const Status told = self->ports_.store.AnswerRequest(id, reply); !told.has_value()) {
          HONE_LOG(kWarn, "request_unanswered", {"reason", told.error().Text()});
        }
        self->strand_->Post([self, id] { self->handling_.erase(id); });
      });
    };
    auto request = DecodeRequest(posted.kind, posted.payload);
    if (request.has_value()) {
      Handle(std::move(*request), answer);
    } else {
      answer(tl::make_unexpected(std::move(request).error()));
    }
  }
}

void Engine::Handle(EngineRequest request, Reply reply) {
  strand_->Post([self = shared_from_this(), request = std::move(request),
                 reply = std::move(reply)]() mutable {
    if (self->stopped_) {
      return reply(Fail(Code::kUnavailable, "the engine is stopping"));
    }
    std::visit([&](const auto& r) { self->Run(r, std::move(reply)); }, request);
  });
}

void Engine::FindByName(const request::Name& name,
                        std::function<void(Result<ExperimentRow>)> found) {
  ports_.io.Post([self = shared_from_this(), name, found = std::move(found)]() mutable {
    auto row = self->ports_.store.FindExperiment(name.name_space, name.name);
    self->strand_->Post([found = std::move(found), row = std::move(row)] { found(row); });
  });
}

void Engine::Drive(const ExperimentId& id, std::function<void(Status)> done) {
  if (driven_.contains(id)) {
    return done({});
  }
  auto strand = std::make_shared<ExperimentStrand>(
      ports_, slots_, id, epoch_, [weak = weak_from_this(), id](const ExperimentState& state) {
        if (const auto self = weak.lock()) {
          self->OnDurable(id, state);
        }
      });
  driven_[id].strand = strand;
  ++starting_;
  strand->Start([weak = weak_from_this(), id, done = std::move(done)](const Status& status) {
    const auto self = weak.lock();
    if (self == nullptr) {
      return;
    }
    self->strand_->Post([self, id, done, status] {
      --self->starting_;
      if (!status.has_value()) {
        self->driven_.erase(id);
      }
      done(status);
      self->CheckIdle();
    });
  });
}

bool Engine::ShouldPark(const ExperimentRow& row, int& crashes) const {
  if (options_.crash_folder.empty()) {
    return false;
  }
  crashes = CrashCount(options_.crash_folder, row.id.text).value_or(0);
  return crashes >= kCrashesUntilParked;
}

/// Written without reading the experiment's ledger: reading may be what crashes.
void Engine::Park(const ExperimentRow& row, int crashes) {
  const std::string reason = "parked: hone crashed " + std::to_string(crashes) +
                             " times while driving it; 'hone resume " + row.name + "' tries again";
  HONE_LOG(kError, "experiment_parked", {"experiment", row.name}, {"crashes", crashes});
  LedgerStep step;
  step.experiment = row.id;
  step.expected = row.version;
  step.epoch = epoch_;
  step.events.push_back(
      {row.version + 1, ports_.clock.Now(), event::ExperimentSuspended{reason, true}});
  step.projection.experiment = row;
  step.projection.experiment.version = row.version + 1;
  step.projection.experiment.phase = PhaseWord(ExperimentPhase::kSuspended);
  step.projection.experiment.reason = "ExperimentParked";
  ports_.io.Post([self = shared_from_this(), step = std::move(step)]() mutable {
    const Status mine = self->ports_.store.TakeOver(step.experiment, self->epoch_);
    if (mine.has_value()) {
      self->ports_.store.Append(std::move(step), [](const Status& status) {
        if (!status.has_value()) {
          HONE_LOG(kError, "parking_failed", {"reason", status.error().Text()});
        }
      });
    }
  });
}

void Engine::OnDurable(const ExperimentId& id, const ExperimentState& state) {
  strand_->Post([self = shared_from_this(), id, drained = state.Drained()] {
    const auto found = self->driven_.find(id);
    if (found == self->driven_.end()) {
      return;
    }
    found->second.drained = drained;
    if (drained) {
      for (const auto& done : std::exchange(found->second.when_drained, {})) {
        done();
      }
      self->CheckIdle();
    }
  });
}

void Engine::WhenDrained(const ExperimentId& id, std::function<void()> done) {
  const auto found = driven_.find(id);
  if (found == driven_.end() || found->second.drained) {
    return done();
  }
  found->second.when_drained.push_back(std::move(done));
}

void Engine::CheckIdle() {
  if (starting_ > 0) {
    return;
  }
  for (const auto& [id, driven] : driven_) {
    if (!driven.drained) {
      return;
    }
  }
  for (const auto& done : std::exchange(when_idle_, {})) {
    done();
  }
}

void Engine::WhenIdle(std::function<void()> done) {
  strand_->Post([self = shared_from_this(), done = std::move(done)]() mutable {
    self->when_idle_.push_back(std::move(done));
    self->CheckIdle();
  });
}

void Engine::SuspendAll(const std::string& reason, std::function<void()> done) {
  strand_->Post([self = shared_from_this(), reason, done = std::move(done)]() mutable {
    for (const auto& [id, driven] : self->driven_) {
      driven.strand->Post(input::Suspend{reason, false});
    }
    self->when_idle_.push_back(std::move(done));
    self->CheckIdle();
  });
}

void Engine::Stop(std::function<void()> done) {
  strand_->Post([self = shared_from_this(), done = std::move(done)]() mutable {
    self->stopped_ = true;
    auto driven = std::exchange(self->driven_, {});
    const auto left = std::make_shared<std::size_t>(driven.size() + 1);  // counted by callbacks
    const auto one_less = [self, left, done] {
      self->strand_->Post([left, done] {
        if (--*left == 0) {
          done();
        }
      });
    };
    for (auto& [id, one] : driven) {
      one.strand->Close(one_less);
    }
    one_less();
  });
}

}  // namespace hone
