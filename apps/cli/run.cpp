// SPDX-License-Identifier: Apache-2.0
// hone run: one experiment from its file to its best trial.
#include <cstdio>

#include "apps/cli/drive.h"
#include "apps/cli/spec_file.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

Result<int> RunFile(const Config& config, const StartOptions& options) {
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  HONE_ASSIGN_OR_RETURN(const auto spec, LoadForStart(config, options.arguments));
  if (!spec) {
    return kExitUsage;
  }
  if (!spec->max_trial_count) {
    std::fputs(
        "hone: there is no maxTrialCount, so this goes on until a goal is reached or somebody "
        "stops it\n",
        stderr);
  }
  return Drive(config, options.output, *waiter).Run(request::Create{spec->document}, 0);
}

}  // namespace

Verb RunVerb() {
  return MakeVerb<StartOptions>(
      {.name = "run",
       .group = kRunGroup,
       .summary = "run an experiment to its end",
       .example = "hone run examples/digits/experiment.yaml\n"
                  "hone run examples/digits/experiment.yaml --set spec.maxTrialCount=4 -o json"},
      &DeclareStart, &RunFile);
}

}  // namespace hone::cli
