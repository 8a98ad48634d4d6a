// SPDX-License-Identifier: Apache-2.0
// hone resume: goes on with an experiment, after editing its budget if asked to.
#include "apps/cli/drive.h"
#include "apps/cli/session.h"
#include "apps/cli/verbs.h"

namespace hone::cli {

Result<int> ResumeExperiment(const Config& config, const ResumeOptions& options) {
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  ExperimentRow before;
  {
    HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
    HONE_ASSIGN_OR_RETURN(before, session.Find(options.name));
  }
  const request::Resume resume{{config.name_space, options.name}, options.edit};
  return Drive(config, options.output, *waiter).Run(resume, before.version);
}

}  // namespace hone::cli
