// SPDX-License-Identifier: Apache-2.0
// hone kill: ends one trial, which then counts as killed.
#include "apps/cli/ask_engine.h"
#include "apps/cli/holder.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

/// To kill a trial of a cut-off experiment, this process would have to drive it: that would start
/// other trials, which nobody asked for.
Status CheckDriven(const Config& config, const ExperimentState& state) {
  HONE_ASSIGN_OR_RETURN(const int holder, FindHolder(config));
  if (holder != 0 || state.Ended() || state.phase == ExperimentPhase::kSuspended) {
    return {};
  }
  const std::string& name = state.spec->name;
  return Fail(Code::kFailedPrecondition,
              "no engine drives experiment '" + name + "' now: 'hone stop " + name +
                  "' ends what still runs of it, 'hone resume " + name + "' goes on");
}

struct Options {
  std::string trial;
};

void Declare(Args& args, Options& options) {
  args.Trial(options.trial);
}

Result<int> KillTrial(const Config& config, const Options& options) {
  const std::string& trial = options.trial;
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  {
    HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
    HONE_ASSIGN_OR_RETURN(const LocatedTrial found, session.FindTrial(trial));
    HONE_RETURN_IF_ERROR(CheckDriven(config, found.experiment));
  }
  const request::KillTrial kill{trial, "killed by 'hone kill'"};
  HONE_ASSIGN_OR_RETURN(const Answer answer, AskEngine(config, kill, *waiter, LeaveAtOnce));
  static_cast<void>(answer);  // its text is the trial's name
  HONE_RETURN_IF_ERROR(PrintText("trial '" + trial + "' is being killed\n"));
  return kExitOk;
}

}  // namespace

Verb KillVerb() {
  return MakeVerb<Options>({.name = "kill",
                            .group = kRunGroup,
                            .summary = "end one trial, which then counts as killed",
                            .example = "hone kill digits-7m4qlk4f"},
                           &Declare, &KillTrial);
}

}  // namespace hone::cli
