// SPDX-License-Identifier: Apache-2.0
// hone logs: what a trial wrote on its standard output and error.
#include "apps/cli/follower.h"
#include "apps/cli/output.h"
#include "apps/cli/removed.h"
#include "apps/cli/server.h"
#include "apps/cli/session.h"
#include "apps/cli/terminal_text.h"
#include "apps/cli/undriven.h"
#include "apps/cli/verb.h"
#include "apps/cli/waiter.h"
#include "base/text.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/attempt_files.h"
#include "trial-runner/local/file_source.h"
#include "trial-runner/local/launcher.h"

namespace hone::cli {
namespace {

constexpr std::uint64_t kReadAtOnce = std::uint64_t{1} << 20;
constexpr Duration kLookEvery = std::chrono::milliseconds(100);

struct Options {
  std::string trial;
  std::optional<std::uint32_t> attempt;  // nothing: the latest
  std::string replica;                   // or step; empty: the one whose output is read
  bool follow = false;
  bool raw = false;
};

void Declare(Args& args, Options& options) {
  args.Trial(options.trial);
  args.Add("--attempt", options.attempt,
           {.type = "N", .help = "of which start; default: the last"});
  args.Add("--replica", options.replica,
           {.type = "NAME",
            .help = "of which process of a training job or step of a workflow, such as worker-1"});
  args.Flag("-f,--follow", options.follow, "go on until the trial is over");
  args.Flag("--raw", options.raw,
            "every byte as it was written, on a terminal, too; else only colours pass there");
}

class LogReader {
 public:
  LogReader(const Config& config, const Options& options, TrialId id)
      : config_(config),
        trial_(options.trial),
        layout_(config.data_dir),
        fixed_attempt_(options.attempt),
        replica_(options.replica),
        as_it_is_(options.raw || !StdoutIsTerminal()),
        id_(std::move(id)) {}

  /// Prints what is new; goes on to the next attempt when one was started.
  Status Print(const TrialState& trial) {
    const Attempt last = fixed_attempt_.value_or(trial.attempt);
    if (attempt_ == 0) {
      attempt_ = last;
    }
    HONE_RETURN_IF_ERROR(PrintAttempt());
    while (attempt_ < last) {
      HONE_RETURN_IF_ERROR(Finish());
      ++attempt_;
      offset_ = 0;
      HONE_RETURN_IF_ERROR(PrintAttempt());
    }
    return {};
  }

  /// Prints what waited for more. @returns the exit code
  Result<int> End(int exit_code) {
    HONE_RETURN_IF_ERROR(Finish());
    return exit_code;
  }

 private:
  Status Finish() { return PrintText(terminal_.Finish()); }

  // The log of the replica; of an attempt that is not launched yet, where none is.
  [[nodiscard]] Result<std::filesystem::path> LogFile() const {
    const auto folder = layout_.Attempt({id_, attempt_});
    if (replica_.empty()) {
      return folder / attempt_files::kOutput;
    }
    HONE_ASSIGN_OR_RETURN(const auto plan, local::ReadLaunchFile(folder));
    if (!plan) {
      return folder / attempt_files::kReplicaLogEnd;
    }
    const auto name = local::LogNameOf(*plan, replica_);
    if (name) {
      return folder / *name;
    }
    std::vector<std::string> names;
    for (const local::ReplicaPlan& replica : plan->replicas) {
      names.push_back(replica.name);
    }
    return Fail(Code::kNotFound, "the trial has no replica '" + Printable(replica_, 60) + "'; " +
                                     (names.empty() ? "it is no training job of several replicas"
                                                    : "it has " + Join(names, ", ")));
  }

  Result<std::unique_ptr<ByteSource>> OpenLog() const {
    if (!config_.server.empty()) {
      return OpenServerLog(config_, trial_, attempt_);
    }
    HONE_ASSIGN_OR_RETURN(const auto file, LogFile());
    return local::OpenFileSource(file);
  }

  Status PrintAttempt() {
    HONE_ASSIGN_OR_RETURN(const auto source, OpenLog());
    while (true) {
      std::string bytes;
      HONE_ASSIGN_OR_RETURN(offset_, source->SkipGap(offset_));
      const auto read = source->Read(offset_, kReadAtOnce, bytes);
      if (!read.has_value() && read.error().code == Code::kOutOfRange) {
        offset_ = 0;  // the log was cut
        continue;
      }
      if (!read.has_value()) {
        return tl::make_unexpected(read.error());
      }
      if (*read == 0) {
        return {};
      }
      HONE_RETURN_IF_ERROR(PrintText(as_it_is_ ? bytes : terminal_.Feed(bytes)));
      offset_ += *read;
    }
  }

  const Config& config_;
  std::string trial_;
  local::Layout layout_;
  std::optional<Attempt> fixed_attempt_;
  std::string replica_;
  bool as_it_is_;
  TerminalText terminal_;
  TrialId id_;
  Attempt attempt_ = 0;
  std::uint64_t offset_ = 0;
};

Status CheckAttempt(const Config& config, const LocatedTrial& found, const Options& options) {
  if (!config.server.empty() && !options.replica.empty()) {
    return Fail(Code::kUnimplemented, "a daemon tells only the log of a job's first process");
  }
  const Attempt last = found.trial().attempt;
  if (last == 0 && !options.follow) {
    return Fail(Code::kNotFound, "trial '" + options.trial + "' was never started: it has no logs");
  }
  if (options.attempt && (*options.attempt < 1 || *options.attempt > last)) {
    return Fail(Code::kNotFound, "trial '" + options.trial + "' has attempts 1 to " +
                                     std::to_string(last) + ", not " +
                                     std::to_string(*options.attempt));
  }
  if (const auto at = found.experiment.LogRemovedAt(found.number)) {
    return Fail(Code::kNotFound, "the log of trial '" + options.trial + "' was " + RemovedOn(*at));
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

Result<int> Follow(const Config& config, const Session& session, const LocatedTrial& found,
                   const Options& options) {
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  LogReader reader(config, options, found.id());
  Follower follower(session.store(), found.experiment.id);
  UndrivenNote note(config);
  while (true) {
    HONE_RETURN_IF_ERROR(follower.CatchUp({}));
    if (follower.state().phase == ExperimentPhase::kDeleted) {
      return kExitOk;  // its logs are gone
    }
    // The state is read before the log: what is written before the recorded end is printed.
    const TrialState& trial = *follower.state().Find(found.number);
    HONE_RETURN_IF_ERROR(reader.Print(trial));
    if (!MayWrite(trial, options.attempt)) {
      return reader.End(kExitOk);
    }
    HONE_RETURN_IF_ERROR(note.Look(follower.state()));
    if (waiter->Wait(kLookEvery) == Waiter::Woke::kSignal) {
      return reader.End(kExitInterrupted);
    }
  }
}

Result<int> ShowLogs(const Config& config, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const LocatedTrial found, session.FindTrial(options.trial));
  HONE_RETURN_IF_ERROR(CheckAttempt(config, found, options));
  if (options.follow) {
    return Follow(config, session, found, options);
  }
  LogReader reader(config, options, found.id());
  HONE_RETURN_IF_ERROR(reader.Print(found.trial()));
  return reader.End(kExitOk);
}

}  // namespace

Verb LogsVerb() {
  return MakeVerb<Options>({.name = "logs",
                            .group = kReadGroup,
                            .summary = "what a trial wrote",
                            .example = "hone logs -f digits-7m4qlk4f"},
                           &Declare, &ShowLogs);
}

}  // namespace hone::cli
