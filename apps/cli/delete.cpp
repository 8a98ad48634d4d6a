// SPDX-License-Identifier: Apache-2.0
// hone delete: removes an experiment with its ledger, metrics and logs.
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

Result<int> DeleteExperiment(const Config& config, const Options& options) {
  const std::string& name = options.name;
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  {
    HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
    HONE_ASSIGN_OR_RETURN(const auto row, session.Find(name));
    static_cast<void>(row);  // known to exist is all that is asked
  }
  const request::Delete remove{{config.name_space, name}};
  const auto answer = AskEngine(config, remove, *waiter, LeaveAtOnce);
  // It was there a moment ago: somebody else, or a former engine that died over it, was faster.
  if (!answer.has_value() && answer.error().code != Code::kNotFound) {
    return tl::make_unexpected(answer.error());
  }
  HONE_RETURN_IF_ERROR(PrintText("experiment '" + name + "' is deleted\n"));
  return kExitOk;
}

}  // namespace

Verb DeleteVerb() {
  return MakeVerb<Options>({.name = "delete",
                            .group = kRunGroup,
                            .summary = "remove an experiment with its metrics and logs",
                            .example = "hone delete digits"},
                           &Declare, &DeleteExperiment);
}

}  // namespace hone::cli
