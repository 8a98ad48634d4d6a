// SPDX-License-Identifier: Apache-2.0
// hone create: hands an experiment to the engine that holds the data folder, and leaves.
#include <nlohmann/json.hpp>

#include "api/wire/render.h"
#include "apps/cli/ask_engine.h"
#include "apps/cli/holder.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/spec_file.h"
#include "apps/cli/verb.h"
#include "base/file.h"

namespace hone::cli {
namespace {

Result<int> CreateExperiment(const Config& config, const StartOptions& options) {
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  HONE_ASSIGN_OR_RETURN(const auto spec, LoadForStart(config, options.arguments));
  if (!spec) {
    return kExitUsage;
  }
  HONE_ASSIGN_OR_RETURN(const int holder, FindHolder(config));
  if (holder == 0) {
    return Fail(Code::kFailedPrecondition, "no engine holds " + config.data_dir.string() +
                                               ", so nobody would run it: 'hone run " +
                                               options.arguments.file + "' does");
  }
  const request::Create create{spec->document};
  HONE_ASSIGN_OR_RETURN(const Answer answer, AskHolder(config, create, *waiter, LeaveAtOnce));
  if (options.output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText("experiment '" + spec->name + "' is created; " +
                                   HolderText(config, answer.holder) + " runs it\n"));
    return kExitOk;
  }
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(ExperimentId{answer.text}));
  HONE_RETURN_IF_ERROR(PrintDocument(ExperimentObject(state), options.output));
  return kExitOk;
}

}  // namespace

Verb CreateVerb() {
  return MakeVerb<StartOptions>(
      {.name = "create",
       .group = kRunGroup,
       .summary = "hand an experiment to the engine that runs, and leave",
       .example = "hone create examples/digits/experiment.yaml --set metadata.name=digits-2"},
      &DeclareStart, &CreateExperiment);
}

}  // namespace hone::cli
