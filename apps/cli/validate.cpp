// SPDX-License-Identifier: Apache-2.0
// hone validate: says what is wrong with experiment files; opens no store and starts no thread.
#include <cstdio>
#include <thread>

#include "apps/cli/output.h"
#include "apps/cli/spec_file.h"
#include "apps/cli/verbs.h"
#include "base/check.h"
#include "trial-runner/local/job.h"

namespace hone::cli {
namespace {

/// The checks of this machine's runner without the runner. A kind of job that only clusters run is
/// no mistake of the file: a warning says that `hone run` will refuse it.
class LocalChecks final : public TrialRunner {
 public:
  void Check(const ExperimentSpec& spec, Problems& problems) const override {
    Problems found;
    const std::string field = "spec.trialTemplate.trialSpec";
    const TrialTemplate& trial = spec.trial_template;
    static_cast<void>(local::DecodeJob(trial.trial_spec, trial.primary_container, field, found));
    for (Problem problem : found.list()) {
      if (problem.field == field + ".kind") {
        problem.severity = Problem::Severity::kWarning;
      }
      problems.Add(std::move(problem));
    }
  }

  [[nodiscard]] std::string Instance() const override { Never(); }
  [[nodiscard]] Demand DemandOf(const ExperimentSpec& /*spec*/) const override { Never(); }
  [[nodiscard]] Capacity Total() const override { Never(); }
  void Launch(LaunchSpec /*spec*/, Done /*done*/) override { Never(); }
  void Stop(TrialId /*id*/, Attempt /*attempt*/, StopMode /*mode*/, Done /*done*/) override {
    Never();
  }
  void Observe(const ExperimentId& /*experiment*/, Seen /*seen*/) override { Never(); }
  void OnHint(std::function<void(TrialId)> /*hint*/) override { Never(); }
  Result<std::optional<Sighting>> Look(TrialId /*id*/, Attempt /*attempt*/) override { Never(); }
  void Forget(TrialId /*id*/, Attempt /*attempt*/) override { Never(); }
  Result<std::unique_ptr<ByteSource>> OpenOutput(TrialId /*id*/, Attempt /*attempt*/,
                                                 const std::string& /*file*/) override {
    Never();
  }
  Status Remove(const ExperimentId& /*experiment*/) override { Never(); }

 private:
  [[noreturn]] static void Never() {
    CheckFailed(__FILE__, __LINE__, "Check", "admission only checks");
  }
};

}  // namespace

Result<int> ValidateFiles(const std::vector<std::string>& files) {
  bool valid = true;
  for (const std::string& file : files) {
    const auto loaded = LoadChecked(file, LocalChecks());
    if (!loaded.has_value()) {
      std::fprintf(stderr, "hone: %s\n", loaded.error().Text().c_str());
      valid = false;
      continue;
    }
    HONE_RETURN_IF_ERROR(PrintText(ProblemLines(*loaded)));
    valid = valid && !loaded->HasErrors();
  }
  return valid ? kExitOk : kExitUsage;
}

}  // namespace hone::cli
