// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/drive.h"

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/wire/render.h"
#include "apps/cli/format.h"
#include "apps/cli/holder.h"
#include "apps/cli/open_store.h"
#include "apps/cli/output.h"
#include "apps/cli/view.h"

namespace hone::cli {
namespace {

constexpr Duration kLookEvery = std::chrono::milliseconds(100);
constexpr int kTries = 3;
constexpr Duration kNowAndThen = std::chrono::seconds(2);
constexpr std::uintmax_t kNoRoom = std::uintmax_t{256} << 10;  // bytes; a commit may need as many
constexpr Duration kDyingWithin = std::chrono::seconds(3);     // of trials that were killed

Timestamp Now() {
  return SystemClock().Now();
}

std::string Names(const std::vector<ExperimentRow>& rows, const ExperimentId& without) {
  std::string names;
  for (const ExperimentRow& row : rows) {
    const bool runs = row.phase == PhaseWord(ExperimentPhase::kRunning) ||
                      row.phase == PhaseWord(ExperimentPhase::kRestarting) || row.running > 0;
    if (runs && row.id != without) {
      names += (names.empty() ? "" : ", ") + row.name;
    }
  }
  return names;
}

}  // namespace

Drive::Drive(const Config& config, OutputFormat output, Waiter& waiter)
    : config_(config),
      output_(output),
      waiter_(waiter),
      progress_(stderr, StderrIsTerminal(), Now()) {}

Drive::~Drive() = default;

Result<int> Drive::Run(const EngineRequest& start, Version known) {
  known_ = known;
  HONE_RETURN_IF_ERROR(Begin(start));
  HONE_RETURN_IF_ERROR(FollowToEnd());
  HONE_RETURN_IF_ERROR(Finish());
  if (host_ != nullptr && !leave_) {
    WaitForOthers();
  }
  if (state().Ended()) {
    return state().phase == ExperimentPhase::kSucceeded ? kExitOk : kExitFailed;
  }
  return state().phase == ExperimentPhase::kDeleted ? kExitFailed : kExitInterrupted;
}

/// Becomes the engine or joins it, and starts the experiment.
Status Drive::Begin(const EngineRequest& start) {
  for (int tries = 1;; ++tries) {
    HONE_ASSIGN_OR_RETURN(host_, EngineHost::Create(config_));
    Status begun = host_ != nullptr ? BeginAsEngine(start) : Join(start);
    // A holder may have been about to leave when it was asked.
    if (begun.has_value() || host_ != nullptr || begun.error().code != Code::kUnavailable ||
        tries == kTries) {
      return begun;
    }
  }
}

Status Drive::BeginAsEngine(const EngineRequest& start) {
  // A signal is acted on as soon as there is an experiment.
  HONE_ASSIGN_OR_RETURN(std::string uid, host_->Ask(start, waiter_, [this] { ++signals_; }));
  follower_ = std::make_unique<Follower>(host_->store(), ExperimentId{std::move(uid)});
  return {};
}

Status Drive::Join(const EngineRequest& start) {
  HONE_ASSIGN_OR_RETURN(Answer answer, AskHolder(config_, start, waiter_, [this] { ++signals_; }));
  HONE_ASSIGN_OR_RETURN(joined_store_, OpenStore(config_, StoreAccess::kGuest));
  follower_ = std::make_unique<Follower>(*joined_store_, ExperimentId{std::move(answer.text)});
  holder_ = answer.holder;
  progress_.Say(holder_ == kDaemon ? HolderText(config_, holder_) + " runs it"
                                   : "joined the engine that holds " + config_.data_dir.string() +
                                         " (" + HolderText(config_, holder_) + ")");
  return {};
}

Status Drive::FollowToEnd() {
  HONE_RETURN_IF_ERROR(Follow());
  if (signals_ > 0) {
    signals_ = 0;
    OnSignal();
  }
  while (!Over() && !leave_) {
    if (Now() - looked_at_ >= kNowAndThen) {
      looked_at_ = Now();
      LookNowAndThen();
    }
    progress_.Tick(state(), Now());
    if (waiter_.Wait(kLookEvery) == Waiter::Woke::kSignal) {
      OnSignal();
    }
    HONE_RETURN_IF_ERROR(Follow());
    HONE_RETURN_IF_ERROR(TakeTheHoldersPlace());
  }
  return {};
}

Status Drive::Follow() {
  HONE_ASSIGN_OR_RETURN(
      [[maybe_unused]] const bool any,
      follower_->CatchUp([this](const ExperimentState& after, const Recorded& recorded) {
        if (recorded.seq > known_) {
          progress_.OnEvent(after, recorded);
        }
      }));
  return {};
}

bool Drive::Over() const {
  // A deleted experiment's ledger ends with its deletion: the ends of its trials are gone.
  return state().phase == ExperimentPhase::kDeleted || state().Drained();
}

/// What is not told by events: a disk without room, and an interruption that the engine could not
/// record because of that.
void Drive::LookNowAndThen() {
  std::error_code error;
  const auto space = std::filesystem::space(config_.data_dir, error);
  const bool full = holder_ != kDaemon && !error && space.available < kNoRoom;
  if (full != disk_full_) {
    disk_full_ = full;
    progress_.Say(
        full ? "the disk of " + config_.data_dir.string() +
                   " is full: nothing can be recorded; make room and the experiment goes on"
             : "there is room on the disk again");
  }
  if (host_ != nullptr && signals_ > 0 && state().phase != ExperimentPhase::kSuspended) {
    host_->engine().SuspendAll("interrupted", [] {});
  }
}

/// When the process that was the engine is gone, somebody else has to be it.
Status Drive::TakeTheHoldersPlace() {
  if (host_ != nullptr || Over() || leave_) {
    return {};
  }
  HONE_ASSIGN_OR_RETURN(const int holder, FindHolder(config_));
  if (holder == holder_ && holder != 0) {
    return {};
  }
  HONE_RETURN_IF_ERROR(Follow());  // what it wrote last
  if (Over() || state().phase == ExperimentPhase::kSuspended) {
    leave_ = true;  // it was interrupted there, and not everything was recorded
    return {};
  }
  const request::Resume resume{{state().spec->name_space, state().spec->name}, {}};
  HONE_ASSIGN_OR_RETURN(host_, EngineHost::Create(config_));
  if (host_ == nullptr) {
    HONE_ASSIGN_OR_RETURN(const Answer answer, AskHolder(config_, resume, waiter_, {}));
    holder_ = answer.holder;
    return {};
  }
  progress_.Say("process " + std::to_string(holder_) + " is gone; this one goes on in its place");
  const auto resumed = host_->Ask(resume, waiter_, {});  // its text is the UID
  return resumed.has_value() ? Status() : tl::make_unexpected(resumed.error());
}

Status Drive::Finish() {
  progress_.Clear();
  const ExperimentState& end = state();
  if (end.phase == ExperimentPhase::kDeleted) {
    return {};
  }
  if (!end.Ended()) {
    progress_.Say((end.message.empty() ? "interrupted" : end.message) + "; 'hone resume " +
                  end.spec->name + "' goes on");
  }
  if (output_ == OutputFormat::kTable) {
    return PrintText(ResultText(end));
  }
  return PrintDocument(ExperimentObject(end), output_);
}

/// Experiments of other terminals may have been handed over to this engine.
void Drive::WaitForOthers() {
  const auto idle = std::make_shared<std::atomic<bool>>(false);  // shared with a late callback
  host_->engine().WhenIdle([idle, &waiter = waiter_] {
    *idle = true;
    waiter.Wake();
  });
  bool told = false;
  while (!*idle && !leave_) {
    const Waiter::Woke woke = waiter_.Wait(kLookEvery);
    if (woke == Waiter::Woke::kSignal) {
      OnSignal();
    } else if (woke == Waiter::Woke::kTimeout && !told) {
      TellOfOthers();
      told = true;
    }
  }
}

void Drive::TellOfOthers() {
  const auto rows = host_->store().ListExperiments();
  const std::string names = rows.has_value() ? Names(*rows, state().id) : rows.error().Text();
  progress_.Say("other experiments still run here (" + names + "); Ctrl-C interrupts them");
}

void Drive::OnSignal() {
  ++signals_;
  if (host_ != nullptr) {
    InterruptOwn();
  } else {
    InterruptJoined();
  }
}

void Drive::InterruptOwn() {
  if (signals_ == 1) {
    progress_.Say("interrupting: running trials get " + FormatDuration(config_.grace) +
                  " to end; Ctrl-C again kills them");
    host_->engine().SuspendAll("interrupted", [] {});
    return;
  }
  progress_.Say("killing the trials that run");
  host_->runner().KillAll();
  const Timestamp until = Now() + kDyingWithin;
  while (!Over() && signals_ < 4 && Now() < until) {
    signals_ += waiter_.Wait(kLookEvery) == Waiter::Woke::kSignal ? 1 : 0;
    if (!Follow().has_value()) {
      break;  // nothing more to see; this process is leaving anyway
    }
  }
  leave_ = true;
}

/// Only this experiment: the others belong to other terminals.
void Drive::InterruptJoined() {
  if (signals_ > 1) {
    progress_.Say("leaving; " + HolderText(config_, holder_) + " ends the trials that run");
    leave_ = true;
    return;
  }
  if (state().spec == nullptr && !Follow().has_value()) {
    leave_ = true;
    return;
  }
  progress_.Say("interrupting; Ctrl-C again leaves without waiting");
  const request::Stop stop{{state().spec->name_space, state().spec->name}, "interrupted"};
  // Answered when nothing of it runs any more; the ledger tells the same, so nobody waits here.
  const auto [kind, payload] = EncodeRequest(stop);
  if (const auto posted = joined_store_->PostRequest(kind, payload); !posted.has_value()) {
    progress_.Say("the engine could not be asked to stop: " + posted.error().Text());
    leave_ = true;
  }
}

}  // namespace hone::cli
