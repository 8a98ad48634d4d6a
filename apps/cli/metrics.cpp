// SPDX-License-Identifier: Apache-2.0
// hone metrics: every value that a trial reported.
#include <nlohmann/json.hpp>

#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/removed.h"
#include "apps/cli/session.h"
#include "apps/cli/verb.h"
#include "base/text.h"

namespace hone::cli {
namespace {

std::string TimeText(const MetricRecord& record) {
  return record.at ? FormatMicros(*record.at) : "";
}

std::string TableText(const std::vector<StoredRecord>& records) {
  Table table({"ATTEMPT", "TIME", "METRIC", "VALUE"});
  for (const StoredRecord& stored : records) {
    table.Add({std::to_string(stored.attempt), TimeText(stored.record), stored.record.metric,
               stored.record.text});
  }
  return table.Text();
}

/// Katib's words for a metric log (timeStamp, metric name and value), with the attempt added.
nlohmann::json Document(const std::vector<StoredRecord>& records) {
  nlohmann::json items = nlohmann::json::array();
  for (const StoredRecord& stored : records) {
    nlohmann::json item = {
        {"attempt", stored.attempt},
        {"metric", {{"name", stored.record.metric}, {"value", stored.record.text}}}};
    if (stored.record.at) {
      item["timeStamp"] = FormatMicros(*stored.record.at);
    }
    if (stored.record.step) {
      item["step"] = *stored.record.step;
    }
    items.push_back(std::move(item));
  }
  return {{"items", std::move(items)}};
}

Status CheckMetric(const ExperimentSpec& spec, const std::string& metric) {
  const std::vector<std::string> names = spec.objective.MetricNames();
  if (metric.empty() || std::find(names.begin(), names.end(), metric) != names.end()) {
    return {};
  }
  return Fail(Code::kNotFound, "the experiment has no metric '" + Printable(metric, 100) +
                                   "'; it collects " + Join(names, ", "));
}

struct Options {
  std::string trial;
  std::string metric;  // empty: all
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Trial(options.trial);
  args.Add("--metric", options.metric, {.type = "NAME", .help = "only this one"});
  args.Output(options.output);
}

/// There are no values any more: an empty list alone would say that none was reported.
Result<int> ShowRemoved(Timestamp at, const Options& options) {
  if (options.output == OutputFormat::kTable) {
    return Fail(Code::kNotFound,
                "the values of trial '" + options.trial + "' were " + RemovedOn(at) +
                    "; smallest, largest and latest are in 'hone trials EXPERIMENT -o json'");
  }
  nlohmann::json document = Document({});
  document["removed"] = {{"by", "hone gc"}, {"at", FormatMicros(at)}};
  HONE_RETURN_IF_ERROR(PrintDocument(document, options.output));
  return kExitOk;
}

Result<int> ShowMetrics(const Config& config, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const LocatedTrial found, session.FindTrial(options.trial));
  HONE_RETURN_IF_ERROR(CheckMetric(*found.experiment.spec, options.metric));
  if (const auto at = found.experiment.CurveRemovedAt(found.number)) {
    return ShowRemoved(*at, options);
  }
  HONE_ASSIGN_OR_RETURN(const auto records,
                        session.store().ReadRecords(found.id(), 0, options.metric));
  if (options.output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(TableText(records)));
  } else {
    HONE_RETURN_IF_ERROR(PrintDocument(Document(records), options.output));
  }
  return kExitOk;
}

}  // namespace

Verb MetricsVerb() {
  return MakeVerb<Options>({.name = "metrics",
                            .group = kReadGroup,
                            .summary = "every value that a trial reported",
                            .example = "hone metrics digits-7m4qlk4f --metric accuracy"},
                           &Declare, &ShowMetrics);
}

}  // namespace hone::cli
