// SPDX-License-Identifier: Apache-2.0
// hone stop: no new trials of an experiment; those that run are interrupted and wait for resume.
#include "apps/cli/ask_engine.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/verbs.h"

namespace hone::cli {

Result<int> StopExperiment(const Config& config, const std::string& name) {
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

}  // namespace hone::cli
