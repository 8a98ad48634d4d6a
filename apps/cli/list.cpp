// SPDX-License-Identifier: Apache-2.0
// hone list: all experiments of the data folder.
#include <nlohmann/json.hpp>

#include "api/wire/render.h"
#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

std::string Objective(const ExperimentRow& row) {
  return row.best_trial.empty() ? row.objective : row.objective + "=" + row.best_value;
}

std::string TableText(const std::vector<ExperimentRow>& rows, Timestamp now) {
  Table table({"NAME", "STATUS", "ALGORITHM", "TRIALS", "RUNNING", "FAILED", "BEST", "AGE"});
  for (const ExperimentRow& row : rows) {
    table.Add({row.name, row.phase, row.algorithm, std::to_string(row.trials),
               std::to_string(row.running), std::to_string(row.failed), Objective(row),
               FormatDuration(now - row.created_at)});
  }
  return table.Text();
}

struct Options {
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Output(options.output);
}

Result<int> ListExperiments(const Config& config, const Options& options) {
  const OutputFormat output = options.output;
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const auto rows, session.List());
  if (output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(TableText(rows, SystemClock().Now())));
    return kExitOk;
  }
  nlohmann::json items = nlohmann::json::array();
  for (const ExperimentRow& row : rows) {
    HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(row.id));
    items.push_back(ExperimentObject(state));
  }
  HONE_RETURN_IF_ERROR(PrintDocument({{"items", std::move(items)}}, output));
  return kExitOk;
}

}  // namespace

Verb ListVerb() {
  return MakeVerb<Options>({.name = "list",
                            .group = kReadGroup,
                            .summary = "all experiments",
                            .example = "hone list -o json"},
                           &Declare, &ListExperiments);
}

}  // namespace hone::cli
