// SPDX-License-Identifier: Apache-2.0
// hone logs: what a trial wrote on its standard output and error.
#include "apps/cli/follower.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/verbs.h"
#include "apps/cli/waiter.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/attempt_files.h"
#include "trial-runner/local/file_source.h"

namespace hone::cli {
namespace {

constexpr std::uint64_t kReadAtOnce = std::uint64_t{1} << 20;
constexpr Duration kLookEvery = std::chrono::milliseconds(100);

/// Prints what an attempt wrote from an offset on, which it moves. Written as it is: logs are asked
/// for by name, and colours of the training code are its own affair.
Status PrintFrom(const std::filesystem::path& file, std::uint64_t& offset) {
  const auto source = local::OpenFileSource(file);
  while (true) {
    std::string bytes;
    HONE_ASSIGN_OR_RETURN(const std::uint64_t read, source->Read(offset, kReadAtOnce, bytes));
    if (read == 0) {
      return {};
    }
    HONE_RETURN_IF_ERROR(PrintText(bytes));
    offset += read;
  }
}

class LogReader {
 public:
  LogReader(const Config& config, const LogsOptions& options, TrialId id)
      : layout_(config.data_dir), fixed_attempt_(options.attempt), id_(std::move(id)) {}

  /// Prints what is new; goes on to the next attempt when one was started.
  Status Print(const TrialState& trial) {
    const Attempt last = fixed_attempt_.value_or(trial.attempt);
    if (attempt_ == 0) {
      attempt_ = last;
    }
    HONE_RETURN_IF_ERROR(PrintAttempt());
    while (attempt_ < last) {
      ++attempt_;
      offset_ = 0;
      HONE_RETURN_IF_ERROR(PrintAttempt());
    }
    return {};
  }

 private:
  Status PrintAttempt() {
    return PrintFrom(layout_.Attempt({id_, attempt_}) / attempt_files::kOutput, offset_);
  }

  local::Layout layout_;
  std::optional<Attempt> fixed_attempt_;
  TrialId id_;
  Attempt attempt_ = 0;
  std::uint64_t offset_ = 0;
};

Status CheckAttempt(const LocatedTrial& found, const LogsOptions& options) {
  const Attempt last = found.trial().attempt;
  if (last == 0 && !options.follow) {
    return Fail(Code::kNotFound, "trial '" + options.trial + "' was never started: it has no logs");
  }
  if (options.attempt && (*options.attempt < 1 || *options.attempt > last)) {
    return Fail(Code::kNotFound, "trial '" + options.trial + "' has attempts 1 to " +
                                     std::to_string(last) + ", not " +
                                     std::to_string(*options.attempt));
  }
  return {};
}

/// Whether this attempt, or the trial if none is given, can still write.
bool MayWrite(const TrialState& trial, std::optional<Attempt> attempt) {
  if (IsOver(trial.phase)) {
    return false;
  }
  return !attempt || (*attempt == trial.attempt && trial.launched);
}

}  // namespace

Result<int> ShowLogs(const Config& config, const LogsOptions& options) {
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const LocatedTrial found, session.FindTrial(options.trial));
  HONE_RETURN_IF_ERROR(CheckAttempt(found, options));
  LogReader reader(config, options, found.id());
  if (!options.follow) {
    HONE_RETURN_IF_ERROR(reader.Print(found.trial()));
    return kExitOk;
  }
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  Follower follower(session.store(), found.experiment.id);
  while (true) {
    HONE_RETURN_IF_ERROR(follower.CatchUp({}));
    // The state is read before the log: what is written before the recorded end is printed.
    const TrialState& trial = *follower.state().Find(found.number);
    HONE_RETURN_IF_ERROR(reader.Print(trial));
    if (!MayWrite(trial, options.attempt)) {
      return kExitOk;
    }
    if (waiter->Wait(kLookEvery) == Waiter::Woke::kSignal) {
      return kExitInterrupted;
    }
  }
}

}  // namespace hone::cli
