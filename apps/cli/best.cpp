// SPDX-License-Identifier: Apache-2.0
// hone best: the best trial of an experiment.
#include <nlohmann/json.hpp>

#include "api/wire/render.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/verb.h"
#include "apps/cli/view.h"

namespace hone::cli {

namespace {

Result<int> ShowBest(const Config& config, const NamedOptions& options) {
  const auto& [name, output] = options;
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(name));
  if (!state.best) {
    return Fail(Code::kNotFound,
                "no trial of '" + name + "' " + NoBestText(state.spec->objective) + " yet");
  }
  if (output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(ResultText(state)));
  } else {
    HONE_RETURN_IF_ERROR(PrintDocument(TrialObject(state, *state.Find(*state.best)), output));
  }
  return kExitOk;
}

}  // namespace

Verb BestVerb() {
  return MakeVerb<NamedOptions>({.name = "best",
                                 .group = kReadGroup,
                                 .summary = "the best trial of an experiment",
                                 .example = "hone best digits -o json"},
                                &DeclareReader, &ShowBest);
}

}  // namespace hone::cli
