// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "controller/ports.h"
#include "controller/request.h"
#include "controller/scheduler.h"
#include "controller/strand.h"

namespace hone {

struct EngineOptions {
  std::string owner = "engine";  ///< who this is, for people
  /// What new experiments are recorded for: instruction set, and device of the models.
  std::string cpu_level = HONE_CPU_LEVEL;
  std::filesystem::path crash_folder;  ///< see base/crash.h; empty: crashes are not counted
  /// Take up every unfinished experiment that nobody drives, at the start and from then on.
  bool drive_all = false;
  bool serve_requests = true;  ///< answer the store's requests table
  std::function<void()> on_change =
      {};  ///< something new is in the ledger; may be empty. @threads any
  /// Who has which slots may be different now; may be empty. Must return at once.
  std::function<void()> on_slots = {};
  /// How long experiments stay this one's after a heartbeat; a third of it is between two.
  Duration lease = std::chrono::seconds(15);
  /// The store is shared with other machines: how long their trials may be out of sight before they
  /// are lost. Nothing: they are lost at once.
  std::optional<Duration> lost_after = {};
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
  /// Whether the store has answered lately, and the lease holds. Never waits.
  [[nodiscard]] bool StoreAnswers() const;
  /// Whether this engine is the one to ask about trials of an unfinished experiment. May block on
  /// the store if it does not drive the experiment.
  /// @errors kFailedPrecondition: another controller drives it, which the message names;
  /// kUnavailable: nobody does at the moment; those of the store
  Status CheckDriven(const ExperimentId& id);
  /// Whether it drives the experiment. @threads  any
  [[nodiscard]] bool Drives(const ExperimentId& id) const;

 private:
  struct Driven {
    std::shared_ptr<ExperimentStrand> strand;  // shared with its own callbacks
    bool loaded = false;
    bool drained = false;
    std::vector<std::function<void(Status)>> when_loaded;
    std::vector<std::function<void(Status)>> when_drained;
  };

  Engine(const EnginePorts& ports, EngineOptions options);

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

  Status Register();
  void Begin();
  void KeepBeating();
  void Beat();
  void OnBeat(OwnerEpoch epoch, Timestamp sent, const Status& beat);
  void RegisterAgain();
  /// Drives it no more under this epoch, and takes it up again if nobody else has.
  void Lose(const ExperimentId& id);
  void TakeUpLost();
  void OnTakenUp(const ExperimentId& id, const Status& driven);
  void KeepLooking();
  void LookForUndriven();
  Result<std::vector<ExperimentRow>> Undriven(const std::set<ExperimentId>& known);
  [[nodiscard]] bool MayRun(const ExperimentRow& row) const;
  void OnUndriven(Timestamp asked, const Result<std::vector<ExperimentRow>>& rows);
  void DriveUnfinished(const std::vector<ExperimentRow>& rows);
  /// Ends what runs here of experiments that others drive, or that are over.
  void ClearAway();
  void ClearAwayOthers(const Result<std::vector<ExperimentRow>>& rows);
  void ClearAway(const ExperimentId& id);
  Result<TrialRunner*> RunnerOfOther(const ExperimentId& id);
  void OnLeftovers(const ExperimentId& id, TrialRunner& runner,
                   const Result<std::vector<Sighting>>& seen);
  void TellGone(const ExperimentId& id, const std::string& runner);
  /// Gives a request to the controller that drives the experiment. @param why  it was refused here
  void PassOn(const EngineRequest& request, const Error& why, const Reply& reply);
  void AwaitAnswer(std::int64_t posted, const ExperimentId& id, const OwnerInfo& owner,
                   const Reply& reply);
  [[nodiscard]] bool IsOther(const OwnerInfo& owner) const;
  void PollRequests();
  void OnRequests(const std::vector<Request>& requests);
  [[nodiscard]] bool IsForMe(const Request& posted) const;
  void OnRequest(const Request& posted);
  void Answer(std::int64_t id, const Result<std::string>& reply);
  /// @threads any
  void Hint(const TrialId& id);
  void OnDriven(const ExperimentId& id, const Status& status);
  /// Every change of driven_ but finding.
  void Drop(const ExperimentId& id);
  void Run(const request::Create& create, const Reply& reply);
  void Run(const request::Resume& resume, const Reply& reply);
  void Run(const request::Stop& stop, const Reply& reply);
  void Run(const request::Delete& remove, const Reply& reply);
  void Run(const request::KillTrial& kill, const Reply& reply);
  void Run(const request::Gone& gone, const Reply& reply);
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
  void WhenDrained(const ExperimentId& id, std::function<void(Status)> done);
  void CheckIdle();
  void CloseAll(const std::function<void()>& done);

  EnginePorts ports_;
  EngineOptions options_;
  OwnerLease lease_;
  std::atomic<OwnerEpoch> epoch_ = 0;
  std::atomic<std::int64_t> contact_ = 0;  // when the store answered; 0: it does not
  /// As in driven_, for those who are not on strand_.
  Guarded<std::map<ExperimentId, std::shared_ptr<ExperimentStrand>>> driving_;
  SlotScheduler slots_;
  std::shared_ptr<Executor> strand_;

  // Below: touched on strand_ only.
  std::map<ExperimentId, Driven> driven_;
  std::vector<std::function<void()>> when_idle_;
  std::set<std::int64_t> handling_;  // ids of requests
  std::int64_t change_counter_ = -1;
  std::map<ExperimentId, bool> lost_;         // given up; true: closed, to be taken up again
  std::map<ExperimentId, Timestamp> failed_;  // could not be driven; when to try again
  Timestamp not_before_;                      // takes nothing from others until then
  bool beating_ = false;
  bool looked_ = false;  // for undriven experiments, at least once
  int starting_ = 0;     // experiments being taken up
  bool stopped_ = false;
};

}  // namespace hone
