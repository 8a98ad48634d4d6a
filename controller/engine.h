// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "controller/ports.h"
#include "controller/request.h"
#include "controller/scheduler.h"
#include "controller/strand.h"

namespace hone {

struct EngineOptions {
  std::string owner = "engine";          ///< who this is, for people
  std::filesystem::path crash_folder;    ///< see base/crash.h; empty: crashes are not counted
  bool drive_all = false;                ///< take up every unfinished experiment at the start
  bool serve_requests = true;            ///< answer the store's requests table
  std::function<void()> on_change = {};  ///< something new is in the ledger; may be empty
  /// Who has which slots may be different now; may be empty. Must return at once.
  std::function<void()> on_slots = {};
};

/// The supervisor: owns the strands of all experiments that this process drives, keeps the lease
/// alive, parks experiments that crash it, and answers requests.
/// @threads  all calls are thread-safe and return at once; callbacks come on its control strand
/// Life: Create registers a new owner in the store; Stop, or destruction, drives nothing any more,
/// and what runs outside goes on running.
class Engine : public std::enable_shared_from_this<Engine> {
 public:
  using Reply = std::function<void(Result<std::string>)>;

  static Result<std::shared_ptr<Engine>> Create(const EnginePorts& ports, EngineOptions options);

  void Handle(EngineRequest request, Reply reply);
  /// Ends an attempt early, as a stopper would. @param reply  once that is recorded, or refused
  void StopEarly(const TrialId& id, Attempt attempt, std::string reason, Reply reply);
  /// Suspends all experiments; `done` when nothing of them runs any more.
  void SuspendAll(const std::string& reason, std::function<void()> done);
  /// `done` once every experiment it drives is over or suspended, and nothing of them runs.
  void WhenIdle(std::function<void()> done);
  /// Drives nothing any more. `done` once no callback can come any more.
  void Stop(std::function<void()> done);

  [[nodiscard]] OwnerEpoch epoch() const { return epoch_; }
  /// Who has which resources, and what waits. @threads  any
  [[nodiscard]] SlotsView Slots() const { return slots_.View(); }

 private:
  struct Driven {
    std::shared_ptr<ExperimentStrand> strand;  // shared with its own callbacks
    bool drained = false;
    std::vector<std::function<void()>> when_drained;
  };

  Engine(const EnginePorts& ports, EngineOptions options, OwnerEpoch epoch);

  /// Runs `work` on an I/O thread, then `then(its result)` on the strand.
  template <class Work, class Then>
  void Blocking(Work work, Then then) {
    ports_.io.Post([self = shared_from_this(), work = std::move(work), then = std::move(then)] {
      self->strand_->Post([self, then, result = work()] { then(result); });
    });
  }
  /// Runs `body(*this)` on the strand later, if the engine is not stopped by then.
  template <class Body>
  void After(Duration delay, Body body) {
    strand_->PostAfter(delay, [weak = weak_from_this(), body = std::move(body)] {
      const auto self = weak.lock();
      if (self != nullptr && !self->stopped_) {
        body(*self);
      }
    });
  }

  void Begin();
  void DriveUnfinished(const Result<std::vector<ExperimentRow>>& rows);
  void Beat();
  void PollRequests();
  void OnRequests(const std::vector<Request>& requests);
  void OnRequest(const Request& posted);
  void Answer(std::int64_t id, const Result<std::string>& reply);
  void Hint(const TrialId& id);
  void OnDriven(const ExperimentId& id, const Status& status);
  void Run(const request::Create& create, const Reply& reply);
  void Run(const request::Resume& resume, const Reply& reply);
  void Run(const request::Stop& stop, const Reply& reply);
  void Run(const request::Delete& remove, const Reply& reply);
  void Run(const request::KillTrial& kill, const Reply& reply);
  void Record(const ExperimentSpec& spec, const ExperimentId& id, const Reply& reply);
  /// Finds an experiment and takes it up; an error goes to `reply`.
  void DriveByName(const request::Name& name, const Reply& reply,
                   std::function<void(ExperimentStrand&, const ExperimentId&)> then);
  void DriveOr(const ExperimentId& id, const Reply& reply,
               std::function<void(ExperimentStrand&)> then);
  void Drive(const ExperimentId& id, std::function<void(Status)> done);
  void Park(const ExperimentRow& row, int crashes);
  Status AppendParking(const LedgerStep& step);
  [[nodiscard]] int CrashesOf(const ExperimentRow& row) const;
  void Remove(const ExperimentId& id, const Reply& reply);
  Status Erase(const ExperimentId& id);
  Status Forgive(const request::Name& name);
  void SuspendThen(ExperimentStrand& strand, const std::string& reason,
                   std::function<void(Engine&, const Status&)> then);
  void OnDurable(const ExperimentId& id, bool drained);
  void WhenDrained(const ExperimentId& id, std::function<void()> done);
  void CheckIdle();
  void CloseAll(const std::function<void()>& done);

  EnginePorts ports_;
  EngineOptions options_;
  OwnerEpoch epoch_;
  SlotScheduler slots_;
  std::shared_ptr<Executor> strand_;

  // Below: touched on strand_ only.
  std::map<ExperimentId, Driven> driven_;
  std::vector<std::function<void()>> when_idle_;
  std::set<std::int64_t> handling_;  // ids of requests
  std::int64_t change_counter_ = -1;
  int starting_ = 0;  // experiments being taken up
  bool stopped_ = false;
};

}  // namespace hone
