// SPDX-License-Identifier: Apache-2.0
// hone resume: goes on with an experiment, after editing its budget if asked to.
#include "apps/cli/drive.h"
#include "apps/cli/session.h"
#include "apps/cli/verb.h"

namespace hone::cli {

namespace {

struct Options {
  std::string name;
  event::BudgetEdited edit;
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Experiment(options.name);
  args.Add("--max-trials", options.edit.max_trial_count,
           {.type = "N", .help = "new maxTrialCount"});
  args.Add("--parallel", options.edit.parallel_trial_count,
           {.type = "N", .help = "new parallelTrialCount"});
  args.Add("--max-failed", options.edit.max_failed_trial_count,
           {.type = "N", .help = "new maxFailedTrialCount"});
  args.Output(options.output);
}

Result<int> ResumeExperiment(const Config& config, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  ExperimentRow before;
  {
    HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
    HONE_ASSIGN_OR_RETURN(before, session.Find(options.name));
  }
  const request::Resume resume{{config.name_space, options.name}, options.edit};
  return Drive(config, options.output, *waiter).Run(resume, before.version);
}

}  // namespace

Verb ResumeVerb() {
  return MakeVerb<Options>(
      {.name = "resume",
       .group = kRunGroup,
       .summary = "go on with an experiment, after editing its budget if asked to",
       .example = "hone resume digits --max-trials 32"},
      &Declare, &ResumeExperiment);
}

}  // namespace hone::cli
