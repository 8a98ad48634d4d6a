// SPDX-License-Identifier: Apache-2.0
// hone replay: computes every proposal and every verdict of early stopping again and compares them
// with the recorded ones.
#include "suggestion/inprocess/replay.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "accelerator/accelerator.h"
#include "apps/cli/format.h"
#include "apps/cli/open_accelerator.h"
#include "apps/cli/output.h"
#include "apps/cli/removed.h"
#include "apps/cli/session.h"
#include "apps/cli/verb.h"
#include "controller/recorded.h"
#include "core/remote_service.h"
#include "earlystop/recheck.h"

namespace hone::cli {
namespace {

/// Why an inexact replay would be no surprise; empty if it should be exact.
/// @param here  what this replay is computed by
std::string Doubt(const ExperimentState& state, const std::string& here) {
  std::string text;
  if (state.build != HONE_VERSION) {
    text += "it was recorded by hone " + state.build + ", this is " HONE_VERSION;
  }
  if (state.cpu_level != here) {
    text += (text.empty() ? "it was recorded" : ", and") + (" for CPU level " + state.cpu_level) +
            ", this is for " + here;
    text += DeviceOfLevel(state.cpu_level) ? "; a device is used with --accelerator cuda" : "";
  }
  return text;
}

/// The verdicts; nothing to compare if the reports behind them were removed.
Result<VerdictReport> Recheck(const Session& session, const ExperimentState& state,
                              const std::vector<Recorded>& ledger) {
  for (const Removal& removal : state.removals) {
    if (removal.what.curves) {
      return VerdictReport{};
    }
  }
  HONE_ASSIGN_OR_RETURN(const auto curves, ReadCurves(session.store(), state.id, ledger));
  return RecheckVerdicts(*state.spec, ledger, curves);
}

std::string VerdictText(const ExperimentState& state, const VerdictReport& verdicts) {
  if (verdicts.compared == 0) {
    return "";
  }
  std::string text = std::to_string(verdicts.compared - verdicts.different) + " of " +
                     Counted(verdicts.compared, "verdict") + " of early stopping are equal\n";
  if (verdicts.first) {
    text += "first difference: trial " + state.NameOf(*state.Find(verdicts.first->trial)) +
            ": recorded '" + verdicts.first->recorded + "', recomputed '" +
            verdicts.first->recomputed + "'\n";
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

nlohmann::json Document(const ExperimentState& state, const ReplayReport& report,
                        const VerdictReport& verdicts, const std::string& here) {
  nlohmann::json document = {{"experiment", state.spec->name},
                             {"compared", report.compared},
                             {"different", report.different},
                             {"verdictsCompared", verdicts.compared},
                             {"verdictsDifferent", verdicts.different},
                             {"recorded", {{"build", state.build}, {"cpuLevel", state.cpu_level}}},
                             {"replayed", {{"build", HONE_VERSION}, {"cpuLevel", here}}}};
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
  const auto accelerator = DeviceOfLevel(state.cpu_level) ? AcceleratorOrNone(config) : nullptr;
  const gp::Device* const device =
      accelerator == nullptr ? nullptr : accelerator->For(state.cpu_level);
  const std::string here = device == nullptr
                               ? HONE_CPU_LEVEL
                               : LevelText(HONE_CPU_LEVEL, *DeviceOfLevel(state.cpu_level));
  if (const std::string doubt = Doubt(state, here); !doubt.empty()) {
    std::fprintf(stderr, "hone: equal proposals are promised for the same build only: %s\n",
                 doubt.c_str());
  }
  if (const std::string removed = RemovedOfExperiment(state); !removed.empty()) {
    std::fprintf(stderr, "hone:%s Proposals follow from the ledger, which is whole.\n",
                 removed.c_str());
  }
  if (const auto service = RemoteSearch(*state.spec)) {
    std::fprintf(stderr,
                 "hone: the proposals came from the service at %s: recorded, not recomputed\n",
                 service->endpoint.c_str());
  }
  if (const auto service = RemoteEarlyStopping(*state.spec)) {
    std::fprintf(stderr,
                 "hone: the rules of early stopping came from the service at %s: recorded, and "
                 "applied again\n",
                 service->endpoint.c_str());
  }
  HONE_ASSIGN_OR_RETURN(const ReplayReport report,
                        ReplayExperiment(*state.spec, state.seed, ledger, device));
  HONE_ASSIGN_OR_RETURN(const VerdictReport verdicts, Recheck(session, state, ledger));
  if (output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(TableText(state, report) + VerdictText(state, verdicts)));
  } else {
    HONE_RETURN_IF_ERROR(PrintDocument(Document(state, report, verdicts, here), output));
  }
  return report.different + verdicts.different == 0 ? kExitOk : kExitFailed;
}

}  // namespace

Verb ReplayVerb() {
  return MakeVerb<NamedOptions>({.name = "replay",
                                 .group = kReadGroup,
                                 .summary = "compute every proposal and verdict again and compare",
                                 .example = "hone replay digits"},
                                &DeclareReader, &ReplayProposals);
}

}  // namespace hone::cli
