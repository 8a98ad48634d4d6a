// SPDX-License-Identifier: Apache-2.0
// hone replay: computes every proposal again and compares it with the recorded one.
#include "suggestion/inprocess/replay.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/removed.h"
#include "apps/cli/session.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

/// Why an inexact replay would be no surprise; empty if it should be exact.
std::string Doubt(const ExperimentState& state) {
  std::string text;
  if (state.build != HONE_VERSION) {
    text += "it was recorded by hone " + state.build + ", this is " HONE_VERSION;
  }
  if (state.cpu_level != HONE_CPU_LEVEL) {
    text += (text.empty() ? "it was recorded" : ", and") + (" for CPU level " + state.cpu_level) +
            ", this is for " HONE_CPU_LEVEL;
  }
  return text;
}

std::string TableText(const ExperimentState& state, const ReplayReport& report) {
  std::string text = std::to_string(report.compared - report.different) + " of " +
                     Counted(report.compared, "proposal") + " are equal\n";
  if (report.first) {
    text += "first difference: trial " + state.NameOf(*state.Find(report.first->trial)) + ", " +
            report.first->what + ": recorded '" + report.first->recorded + "', recomputed '" +
            report.first->recomputed + "'\n";
  }
  return text;
}

nlohmann::json Document(const ExperimentState& state, const ReplayReport& report) {
  nlohmann::json document = {{"experiment", state.spec->name},
                             {"compared", report.compared},
                             {"different", report.different},
                             {"recorded", {{"build", state.build}, {"cpuLevel", state.cpu_level}}},
                             {"replayed", {{"build", HONE_VERSION}, {"cpuLevel", HONE_CPU_LEVEL}}}};
  if (report.first) {
    document["first"] = {{"trial", state.NameOf(*state.Find(report.first->trial))},
                         {"what", report.first->what},
                         {"recorded", report.first->recorded},
                         {"recomputed", report.first->recomputed}};
  }
  return document;
}

Result<int> ReplayProposals(const Config& config, const NamedOptions& options) {
  const auto& [name, output] = options;
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(name));
  HONE_ASSIGN_OR_RETURN(const auto ledger, session.ReadLedger(state.id));
  if (const std::string doubt = Doubt(state); !doubt.empty()) {
    std::fprintf(stderr, "hone: equal proposals are promised for the same build only: %s\n",
                 doubt.c_str());
  }
  if (const std::string removed = RemovedOfExperiment(state); !removed.empty()) {
    std::fprintf(stderr, "hone:%s Proposals follow from the ledger, which is whole.\n",
                 removed.c_str());
  }
  HONE_ASSIGN_OR_RETURN(const ReplayReport report,
                        ReplayExperiment(*state.spec, state.seed, ledger));
  if (output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(TableText(state, report)));
  } else {
    HONE_RETURN_IF_ERROR(PrintDocument(Document(state, report), output));
  }
  return report.different == 0 ? kExitOk : kExitFailed;
}

}  // namespace

Verb ReplayVerb() {
  return MakeVerb<NamedOptions>({.name = "replay",
                                 .group = kReadGroup,
                                 .summary = "compute every proposal again and compare",
                                 .example = "hone replay digits"},
                                &DeclareReader, &ReplayProposals);
}

}  // namespace hone::cli
