// SPDX-License-Identifier: Apache-2.0
// hone stop: no new trials of an experiment; those that run are interrupted and wait for resume.
#include "apps/cli/ask_engine.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/verb.h"

namespace hone::cli {

namespace {

struct Options {
  std::string name;
};

void Declare(Args& args, Options& options) {
  args.Experiment(options.name);
}

Result<int> StopExperiment(const Config& config, const Options& options) {
  const std::string& name = options.name;
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  {
    HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
    HONE_ASSIGN_OR_RETURN(const auto row, session.Find(name));
    static_cast<void>(row);  // known to exist is all that is asked
  }
  const request::Stop stop{{config.name_space, name}, "stopped"};
  HONE_ASSIGN_OR_RETURN(const Answer answer, AskEngine(config, stop, *waiter, LeaveAtOnce));
  static_cast<void>(answer);  // its text is the UID
  HONE_RETURN_IF_ERROR(
      PrintText("experiment '" + name + "' is suspended; 'hone resume " + name + "' goes on\n"));
  return kExitOk;
}

}  // namespace

Verb StopVerb() {
  return MakeVerb<Options>({.name = "stop",
                            .group = kRunGroup,
                            .summary = "suspend an experiment; its running trials are interrupted",
                            .example = "hone stop digits"},
                           &Declare, &StopExperiment);
}

}  // namespace hone::cli
