// SPDX-License-Identifier: Apache-2.0
// hone doctor: whether this machine and the data folder are fit for running experiments.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/cli/format.h"
#include "apps/cli/machine_checks.h"
#include "apps/cli/output.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

struct Options {
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Output(options.output);
}

const char* Word(Check::Verdict verdict) {
  switch (verdict) {
    case Check::Verdict::kOk:
      return "ok";
    case Check::Verdict::kWarn:
      return "warn";
    case Check::Verdict::kFail:
      return "fail";
  }
  return "";
}

std::vector<Check> AllChecks(const Config& config) {
  return {CheckProcessor(),  CheckGpus(config),  CheckAccelerator(config), CheckShim(),
          CheckPython(),     CheckContainers(),  CheckOpenFiles(),         CheckProcesses(),
          CheckDisk(config), CheckFlush(config), CheckEngine(config),      CheckDataFile(config),
          CheckClock(config)};
}

Result<int> Examine(const Config& config, const Options& options) {
  const std::vector<Check> checks = AllChecks(config);
  const bool fit = std::none_of(checks.begin(), checks.end(), [](const Check& check) {
    return check.verdict == Check::Verdict::kFail;
  });
  if (options.output == OutputFormat::kTable) {
    Table table({"STATUS", "CHECK", "FOUND"});
    for (const Check& check : checks) {
      table.Add({Word(check.verdict), check.name, check.message});
    }
    HONE_RETURN_IF_ERROR(PrintText(table.Text()));
  } else {
    nlohmann::json items = nlohmann::json::array();
    for (const Check& check : checks) {
      items.push_back(
          {{"name", check.name}, {"status", Word(check.verdict)}, {"message", check.message}});
    }
    HONE_RETURN_IF_ERROR(
        PrintDocument({{"fit", fit}, {"items", std::move(items)}}, options.output));
  }
  return fit ? kExitOk : kExitFailed;
}

}  // namespace

Verb DoctorVerb() {
  return MakeVerb<Options>({.name = "doctor",
                            .group = kSetUpGroup,
                            .summary = "whether this machine is fit for running experiments",
                            .example = "hone doctor -o json"},
                           &Declare, &Examine);
}

}  // namespace hone::cli
