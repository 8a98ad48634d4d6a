// SPDX-License-Identifier: Apache-2.0
#include "controller/engine.h"

#include "base/crash.h"
#include "base/log.h"
#include "controller/callback.h"

namespace hone {
namespace {

constexpr Duration kPollRequestsEvery = std::chrono::milliseconds(100);
constexpr Duration kTryAgainAfter = std::chrono::seconds(30);

}  // namespace

Result<std::shared_ptr<Engine>> Engine::Create(const EnginePorts& ports, EngineOptions options) {
  std::shared_ptr<Engine> engine(new Engine(ports, std::move(options)));
  HONE_RETURN_IF_ERROR(engine->Register());
  // Requests that a former engine left unanswered: whoever asked has been told that it died.
  HONE_ASSIGN_OR_RETURN(const auto stale, ports.store.OpenRequests());
  const std::string restarted =
      EncodeReply(Fail(Code::kUnavailable, "the engine was started anew; ask again"));
  for (const Request& request : stale) {
    if (engine->IsForMe(request)) {
      HONE_RETURN_IF_ERROR(ports.store.AnswerRequest(request.id, restarted));
    }
  }
  ports.runner.OnHint([weak = std::weak_ptr(engine)](const TrialId& id) {
    if (const auto self = weak.lock()) {
      self->Hint(id);
    }
  });
  engine->Begin();
  return engine;
}

void Engine::Hint(const TrialId& id) {
  const auto strand = driving_.WithLock([&](const auto& driving) {
    const auto found = driving.find(id.experiment);
    return found == driving.end() ? nullptr : found->second;
  });
  if (strand != nullptr) {
    strand->Hint(id.number);
  }
}

Engine::Engine(const EnginePorts& ports, EngineOptions options)
    : ports_(ports),
      options_(std::move(options)),
      slots_(ports.runner.Total(), options_.on_slots),
      strand_(ports.control.MakeStrand()) {
  ports_.lease = &lease_;
}

void Engine::Begin() {
  KeepBeating();
  if (options_.serve_requests) {
    PollRequests();
  }
  if (options_.drive_all) {
    ++starting_;  // until the first look
    LookForUndriven();
  }
}

void Engine::PollRequests() {
  struct Look {
    std::int64_t counter = 0;
    std::vector<Request> open;
  };
  const auto look = [this, last = change_counter_]() -> Result<Look> {
    HONE_ASSIGN_OR_RETURN(const std::int64_t counter, ports_.store.ChangeCounter());
    if (counter == last) {
      return Look{counter, {}};
    }
    HONE_ASSIGN_OR_RETURN(auto open, ports_.store.OpenRequests());
    return Look{counter, std::move(open)};
  };
  Blocking(look, [this](const Result<Look>& found) {
    contact_ = found.has_value() ? ports_.clock.Now().time_since_epoch().count() : 0;
    if (found.has_value()) {
      change_counter_ = found->counter;
      OnRequests(found->open);
    }
    After(kPollRequestsEvery, [](Engine& self) { self.PollRequests(); });
  });
}

void Engine::OnRequests(const std::vector<Request>& requests) {
  for (const Request& posted : requests) {
    if (IsForMe(posted) && handling_.insert(posted.id).second) {
      OnRequest(posted);
    }
  }
}

/// Its kind may name the owner it is for.
bool Engine::IsForMe(const Request& posted) const {
  const std::size_t at = posted.kind.find('@');
  return at == std::string::npos || posted.kind.substr(at + 1) == options_.owner;
}

void Engine::OnRequest(const Request& posted) {
  auto request = DecodeRequest(posted.kind.substr(0, posted.kind.find('@')), posted.payload);
  if (!request.has_value()) {
    return Answer(posted.id, tl::make_unexpected(std::move(request).error()));
  }
  Handle(std::move(*request), [self = shared_from_this(), id = posted.id](
                                  const Result<std::string>& reply) { self->Answer(id, reply); });
}

void Engine::Answer(std::int64_t id, const Result<std::string>& reply) {
  Blocking([this, id, text = EncodeReply(reply)] { return ports_.store.AnswerRequest(id, text); },
           [this, id](const Status& told) {
             if (!told.has_value()) {
               HONE_LOG(kWarn, "request_unanswered", {"reason", told.error().Text()});
             }
             handling_.erase(id);
           });
}

void Engine::Handle(EngineRequest request, Reply reply) {
  strand_->Post([self = shared_from_this(), request = std::move(request),
                 reply = std::move(reply)]() mutable {
    if (self->stopped_) {
      return reply(Fail(Code::kUnavailable, "the engine is stopping"));
    }
    // What is refused because another controller drives the experiment is that one's to do.
    const Reply or_pass_on = [self, request, reply](Result<std::string> answer) {
      if (answer.has_value() || answer.error().code != Code::kAborted) {
        return reply(std::move(answer));
      }
      self->strand_->Post([self, request, reply, why = std::move(answer).error()] {
        self->PassOn(request, why, reply);
      });
    };
    std::visit([&](const auto& r) { self->Run(r, or_pass_on); }, request);
  });
}

void Engine::Drive(const ExperimentId& id, std::function<void(Status)> done) {
  if (lost_.contains(id)) {
    return done(Fail(Code::kUnavailable, "the experiment is changing hands; ask again"));
  }
  if (const auto found = driven_.find(id); found != driven_.end()) {
    if (found->second.loaded) {
      return done({});
    }
    return found->second.when_loaded.push_back(std::move(done));
  }
  const auto weak = weak_from_this();
  ExperimentStrand::Options options;
  options.epoch = epoch_;
  options.lost_after = options_.lost_after;
  options.on_durable =
      [tell = OnStrand(strand_, weak,
                       [id](Engine& self, bool drained) { self.OnDurable(id, drained); }),
       on_change = options_.on_change, told = false](const ExperimentState& state) mutable {
        if (on_change) {
          on_change();
        }
        if (std::exchange(told, state.Drained()) != state.Drained()) {
          tell(told);
        }
      };
  options.on_given_up = OnStrand(strand_, weak, [id](Engine& self) { self.Lose(id); });
  auto strand = std::make_shared<ExperimentStrand>(ports_, slots_, id, std::move(options));
  Driven& driven = driven_[id];
  driven.strand = strand;
  driven.when_loaded.push_back(std::move(done));
  driving_.WithLock([&](auto& driving) { driving[id] = strand; });
  ++starting_;
  strand->Start(OnStrand(strand_, weak, [id](Engine& self, const Status& status) {
    self.OnDriven(id, status);
    self.CheckIdle();
  }));
}

void Engine::Drop(const ExperimentId& id) {
  driven_.erase(id);
  // Not destroyed under the lock.
  const auto gone = driving_.WithLock([&](auto& driving) { return driving.extract(id); });
}

void Engine::OnDriven(const ExperimentId& id, const Status& status) {
  --starting_;
  const auto found = driven_.find(id);
  if (found == driven_.end()) {
    return;
  }
  const auto waiting = std::exchange(found->second.when_loaded, {});
  found->second.loaded = status.has_value();
  failed_.erase(id);
  if (!status.has_value()) {
    HONE_LOG(kWarn, "experiment_not_driven", {"experiment", id.text},
             {"reason", status.error().Text()});
    if (status.error().code != Code::kAborted) {  // else it is another one's
      failed_[id] = ports_.clock.Now() + kTryAgainAfter;
    }
    Drop(id);
  }
  for (const auto& done : waiting) {
    done(status);
  }
}

int Engine::CrashesOf(const ExperimentRow& row) const {
  return options_.crash_folder.empty() ? 0
                                       : CrashCount(options_.crash_folder, row.id.text).value_or(0);
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
  Blocking([this, step = std::move(step)] { return AppendParking(step); },
           [](const Status& parked) {
             if (!parked.has_value()) {
               HONE_LOG(kError, "parking_failed", {"reason", parked.error().Text()});
             }
           });
}

Status Engine::AppendParking(const LedgerStep& step) {
  HONE_RETURN_IF_ERROR(ports_.store.TakeOver(step.experiment, epoch_));
  ports_.store.Append(step, [](const Status& status) {
    if (!status.has_value()) {
      HONE_LOG(kError, "parking_failed", {"reason", status.error().Text()});
    }
  });
  return {};
}

void Engine::OnDurable(const ExperimentId& id, bool drained) {
  const auto found = driven_.find(id);
  if (found == driven_.end()) {
    return;
  }
  found->second.drained = drained;
  if (!drained) {
    return;
  }
  for (const auto& done : std::exchange(found->second.when_drained, {})) {
    done({});
  }
  CheckIdle();
}

void Engine::WhenDrained(const ExperimentId& id, std::function<void(Status)> done) {
  const auto found = driven_.find(id);
  if (found == driven_.end() || found->second.drained) {
    return done({});
  }
  found->second.when_drained.push_back(std::move(done));
}

void Engine::CheckIdle() {
  if (starting_ > 0 || !lost_.empty()) {
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
  strand_->Post([self = shared_from_this(), done = std::move(done)] { self->CloseAll(done); });
}

void Engine::CloseAll(const std::function<void()>& done) {
  stopped_ = true;
  const auto driven = std::exchange(driven_, {});
  driving_.WithLock([](auto& driving) { return std::exchange(driving, {}); });
  const auto left = std::make_shared<std::size_t>(driven.size() + 1);  // counted by callbacks
  const auto one_less = OnStrand(strand_, weak_from_this(), [left, done](Engine& /*self*/) {
    if (--*left == 0) {
      done();
    }
  });
  for (const auto& [id, one] : driven) {
    for (const auto& waiting : one.when_loaded) {
      waiting(Fail(Code::kUnavailable, "the engine is stopping"));
    }
    one.strand->Close(one_less);
  }
  one_less();
}

}  // namespace hone
