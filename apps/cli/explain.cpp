// SPDX-License-Identifier: Apache-2.0
// hone explain: why a trial or an experiment is in its state.
#include <nlohmann/json.hpp>

#include "apps/cli/explain_text.h"
#include "apps/cli/holder.h"
#include "apps/cli/output.h"
#include "apps/cli/printed_names.h"
#include "apps/cli/session.h"
#include "apps/cli/slots_file.h"
#include "apps/cli/verb.h"
#include "base/file.h"

namespace hone::cli {
namespace {

Status Tell(const std::string& sentence, const char* kind, const std::string& name,
            OutputFormat output) {
  if (output == OutputFormat::kTable) {
    return PrintText(sentence + "\n");
  }
  return PrintDocument({{"kind", kind}, {"name", name}, {"explanation", sentence}}, output);
}

void Declare(Args& args, NamedOptions& options) {
  args.Add("name", options.name,
           {.type = "NAME",
            .help = "the experiment or the trial",
            .values = Values::kExperimentOrTrial,
            .required = true});
  args.Output(options.output);
}

Result<int> Explain(const Config& config, const NamedOptions& options) {
  const auto& [name, output] = options;
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  if (session.HasTrial(name)) {
    HONE_ASSIGN_OR_RETURN(const LocatedTrial found, session.FindTrial(name));
    const std::string why = ExplainTrial(found.experiment, found.number, SystemClock().Now(),
                                         WhyItWaits(config, found.experiment.id)) +
                            NamesItPrinted(config, found);
    HONE_RETURN_IF_ERROR(Tell(why, "Trial", name, output));
    return kExitOk;
  }
  auto state = session.Load(name);
  if (!state.has_value()) {
    // A trial's name is longer than any experiment's: say what is nearest to it.
    const auto trial = session.FindTrial(name);
    const bool near = !trial.has_value() && trial.error().message.find("mean") != std::string::npos;
    return tl::make_unexpected(near ? trial.error() : state.error());
  }
  HONE_ASSIGN_OR_RETURN(const int holder, FindHolder(config));
  HONE_RETURN_IF_ERROR(Tell(ExplainExperiment(*state, holder != 0, WhyItWaits(config, state->id)),
                            "Experiment", name, output));
  return kExitOk;
}

}  // namespace

Verb ExplainVerb() {
  return MakeVerb<NamedOptions>({.name = "explain",
                                 .group = kReadGroup,
                                 .summary = "why an experiment or a trial is in its state",
                                 .example = "hone explain digits"},
                                &Declare, &Explain);
}

}  // namespace hone::cli
