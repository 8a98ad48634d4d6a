// SPDX-License-Identifier: Apache-2.0
// hone importance: which parameters the objective of an experiment depends on.
#include "algorithms/importance.h"

#include <nlohmann/json.hpp>

#include "algorithms/check.h"
#include "apps/cli/format.h"
#include "apps/cli/insight.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/verb.h"
#include "base/text.h"

namespace hone::cli {
namespace {

using importance::Share;

struct ImportanceOptions {
  std::string name;
  std::string method = "fanova";
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, ImportanceOptions& options) {
  args.Experiment(options.name);
  args.Add("--method", options.method,
           {.type = "METHOD",
            .help = "fanova: shares of the objective's variance over the search space; ped-anova: "
                    "what tells the best tenth of the trials from the others",
            .values = Values::kWords,
            .words = {"fanova", "ped-anova"},
            .shown_default = "fanova"});
  args.Output(options.output);
}

std::string ShareText(const Share& share) {
  return FixedText(share.mean, 3) + " +- " + FixedText(share.spread, 3);
}

/// What the numbers are made of, and what they leave out.
std::string Remarks(const ImportanceReport& report) {
  std::string text = "from " + Counted(report.trials, "trial");
  if (report.best > 0) {
    text += ", the best " + std::to_string(report.best) + " against all; +- over bootstrap samples";
  } else {
    text += "; +- over the trees of the forest";
  }
  if (report.interactions) {
    text += "\ninteractions, which are no parameter's alone: " + ShareText(*report.interactions);
  }
  if (report.explained) {
    text += "\nvariance that the forest predicts for trials it has not seen: " +
            FixedText(*report.explained, 2);
  }
  if (report.stopped + report.infeasible > 0) {
    text +=
        "\n" + std::to_string(report.infeasible) + " failed and " + std::to_string(report.stopped) +
        " stopped trials " +
        (report.best > 0 ? "count as none of the best" : "are left out: they have no final value");
  }
  return text + "\n";
}

std::string TableText(const Space& space, const ImportanceReport& report) {
  const bool totals = report.interactions.has_value();
  Table table(totals ? std::vector<std::string>{"PARAMETER", "IMPORTANCE", "WITH INTERACTIONS"}
                     : std::vector<std::string>{"PARAMETER", "IMPORTANCE"});
  for (const ImportanceReport::Row& row : report.rows) {
    std::vector<std::string> cells = {Printable(space.parameters[row.parameter].name, 200),
                                      ShareText(row.importance)};
    if (row.total) {
      cells.push_back(ShareText(*row.total));
    }
    table.Add(std::move(cells));
  }
  return table.Text() + Remarks(report);
}

nlohmann::json Document(const std::string& experiment, const std::string& method,
                        const Space& space, const ImportanceReport& report) {
  nlohmann::json items = nlohmann::json::array();
  for (const ImportanceReport::Row& row : report.rows) {
    nlohmann::json item = {{"parameter", space.parameters[row.parameter].name},
                           {"importance", row.importance.mean},
                           {"spread", row.importance.spread}};
    if (row.total) {
      item["total"] = row.total->mean;
      item["totalSpread"] = row.total->spread;
    }
    items.push_back(std::move(item));
  }
  nlohmann::json document = {{"experiment", experiment},  {"method", method},
                             {"trials", report.trials},   {"failed", report.infeasible},
                             {"stopped", report.stopped}, {"items", std::move(items)}};
  if (report.best > 0) {
    document["best"] = report.best;
  }
  if (report.interactions) {
    document["interactions"] = report.interactions->mean;
    document["interactionsSpread"] = report.interactions->spread;
  }
  if (report.explained) {
    document["explained"] = *report.explained;
  }
  return document;
}

Result<int> ShowImportance(const Config& config, const ImportanceOptions& options) {
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(options.name));
  HONE_ASSIGN_OR_RETURN(const std::vector<PastTrial> trials, ReadPastTrials(session, state));
  const ImportanceMethod method =
      options.method == "fanova" ? ImportanceMethod::kFanova : ImportanceMethod::kPedAnova;
  const Space& space = state.spec->space;
  const auto report = ImportanceOf(space, trials, method, state.seed);
  if (!report) {
    return Annotate(report.error(), "experiment '" + options.name + "'");
  }
  if (options.output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(TableText(space, *report)));
  } else {
    HONE_RETURN_IF_ERROR(
        PrintDocument(Document(state.spec->name, options.method, space, *report), options.output));
  }
  return kExitOk;
}

}  // namespace

Verb ImportanceVerb() {
  return MakeVerb<ImportanceOptions>(
      {.name = "importance",
       .group = kReadGroup,
       .summary = "which parameters the objective depends on",
       .example = "hone importance digits\nhone importance digits --method ped-anova -o json"},
      &Declare, &ShowImportance);
}

}  // namespace hone::cli
