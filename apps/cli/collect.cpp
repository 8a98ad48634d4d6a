// SPDX-License-Identifier: Apache-2.0
// hone collect: what the collector of an experiment would read from a log, or from a folder of
// event files; opens no store.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "apps/cli/collect_events.h"
#include "apps/cli/format.h"
#include "apps/cli/local_checks.h"
#include "apps/cli/output.h"
#include "apps/cli/spec_file.h"
#include "apps/cli/verb.h"
#include "base/file.h"
#include "base/text.h"
#include "metrics-collector/parser.h"
#include "metrics-collector/tailer.h"

namespace hone::cli {
namespace {

using nlohmann::json;

// What Katib reports for a value without a time, and for an objective that never occurred.
constexpr const char* kNoTime = "0001-01-01T00:00:00Z";
constexpr const char* kUnavailable = "unavailable";

struct Options {
  std::string file = "-";
  std::string experiment;  ///< names metrics and collector, in place of the next three
  std::string metrics;
  std::string format = "TEXT";
  std::vector<std::string> filters;
  OutputFormat output = OutputFormat::kJson;
};

void Declare(Args& args, Options& options) {
  args.Add("file", options.file,
           {.type = "FILE",
            .help = "the log, or the folder; - is standard input",
            .values = Values::kFile,
            .shown_default = "-"});
  args.Add("--experiment", options.experiment,
           {.type = "FILE",
            .help = "an experiment file that names metrics, format and filters",
            .values = Values::kFile});
  args.Add("--metrics", options.metrics,
           {.type = "\"A;B\"", .help = "names of the metrics, the objective first"});
  args.Add("--format", options.format,
           {.type = "FORMAT",
            .help = "TEXT or JSON; TFEVENT: FILE is a folder of event files",
            .values = Values::kWords,
            .words = {"TEXT", "JSON", "TFEVENT"},
            .shown_default = "TEXT"});
  args.Add("--filter", options.filters,
           {.type = "REGEX", .help = "RE2 with groups for name and value; may be repeated"});
  args.Output(options.output);
}

bool IsJson(const Options& options) {
  return options.format == "JSON";
}

bool IsEvents(const Options& options) {
  return options.format == "TFEVENT";
}

/// Metrics and collector, from an experiment file or from the command line.
struct Wanted {
  CollectorSpec collector;
  Objective objective;
};

struct CollectedRecord {
  std::uint64_t line = 0;
  MetricRecord record;
};

struct SkippedLine {
  std::uint64_t line = 0;
  std::string why;
};

struct Collected {
  std::vector<CollectedRecord> records;
  std::vector<SkippedLine> skipped;
};

/// A file or pipe from its present position to its end.
class StreamSource final : public ByteSource {
 public:
  explicit StreamSource(UniqueFd fd) : fd_(std::move(fd)) {}

  /// Only ever asked for what comes next, because reading starts at zero and nothing is retried.
  Result<std::uint64_t> Read(std::uint64_t /*offset*/, std::uint64_t limit,
                             std::string& out) override {
    const std::size_t before = out.size();
    out.resize(before + limit);
    ssize_t got = 0;
    do {
      got = ::read(fd_.get(), out.data() + before, limit);
    } while (got < 0 && errno == EINTR);
    const int error_number = errno;
    out.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0) {
      return tl::make_unexpected(ErrnoError(error_number, "read the log"));
    }
    return static_cast<std::uint64_t>(got);
  }

 private:
  UniqueFd fd_;
};

/// Hands lines on to the parser that counts and keeps where each record came from.
class NotingParser final : public MetricParser {
 public:
  NotingParser(const MetricParser& parser, Collected& collected)
      : parser_(parser), collected_(collected) {}

  void Follow(const Tailer& tailer) { tailer_ = &tailer; }

  void ParseLine(std::string_view line, std::vector<MetricRecord>& out) const override {
    std::vector<MetricRecord> records;
    parser_.ParseLine(line, records);
    const std::uint64_t number = tailer_->lines_before() + 1;
    for (MetricRecord& record : records) {
      collected_.records.push_back({number, record});
    }
    if (records.empty()) {
      if (std::string why = parser_.WhyNothing(line); !why.empty()) {
        collected_.skipped.push_back({number, std::move(why)});
      }
    }
    out.clear();  // kept here; the tailer's caller does not want them
  }

  [[nodiscard]] std::string WhyNothing(std::string_view line) const override {
    return parser_.WhyNothing(line);
  }

 private:
  const MetricParser& parser_;
  Collected& collected_;
  const Tailer* tailer_ = nullptr;  // set before the first line is read
};

Result<Wanted> FromCommandLine(const Options& options) {
  Wanted wanted;
  wanted.collector.kind = CollectorKind::kFile;
  wanted.collector.format = IsJson(options) ? FileFormat::kJson : FileFormat::kText;
  wanted.collector.metrics_format = options.filters;
  if (options.format != "TEXT" && !options.filters.empty()) {
    return Fail(Code::kInvalidArgument,
                "--filter: is for --format TEXT; " + options.format + " has no filters");
  }
  if (IsEvents(options)) {
    wanted.collector.kind = CollectorKind::kTensorFlowEvent;
  }
  for (const std::string_view part : Split(options.metrics, ';')) {
    const std::string name(Trim(part));
    if (name.empty()) {
      return Fail(Code::kInvalidArgument,
                  "--metrics: needs names such as \"accuracy;loss\", the objective first");
    }
    if (wanted.objective.metric.empty()) {
      wanted.objective.metric = name;
    } else {
      wanted.objective.additional_metrics.push_back(name);
    }
  }
  return wanted;
}

Result<Wanted> FromExperiment(const Options& options) {
  if (!options.metrics.empty() || options.format != "TEXT" || !options.filters.empty()) {
    return Fail(Code::kInvalidArgument,
                "--experiment: names metrics, format and filters; leave out the other options");
  }
  HONE_ASSIGN_OR_RETURN(const LoadedExperiment loaded,
                        LoadChecked({.file = options.experiment, .sets = {}, .config_maps = {}},
                                    LocalChecks(std::nullopt)));
  if (loaded.HasErrors()) {
    return Fail(Code::kInvalidArgument, "the experiment has errors:\n" + ProblemLines(loaded));
  }
  const CollectorKind kind = loaded.spec.collector.kind;
  if (kind != CollectorKind::kStdOut && kind != CollectorKind::kFile &&
      kind != CollectorKind::kTensorFlowEvent) {
    return Fail(Code::kInvalidArgument,
                "spec.metricsCollectorSpec.collector.kind: only StdOut, File and TensorFlowEvent "
                "read what is written");
  }
  return Wanted{loaded.spec.collector, loaded.spec.objective};
}

Result<Collected> Collect(const MetricParser& parser, UniqueFd log) {
  Collected collected;
  NotingParser noting(parser, collected);
  Tailer tailer(std::make_unique<StreamSource>(std::move(log)), noting, 0);
  noting.Follow(tailer);
  bool at_end = false;
  while (!at_end) {
    HONE_ASSIGN_OR_RETURN(const TailStep step, tailer.Step(true));
    at_end = step.at_end;
  }
  return collected;
}

bool HasObjective(const auto& records, const Objective& objective) {
  return std::ranges::any_of(
      records, [&objective](const auto& found) { return found.record.metric == objective.metric; });
}

void WarnWithoutObjective(const auto& records, const Objective& objective) {
  if (!HasObjective(records, objective)) {
    std::fprintf(stderr,
                 "hone: the objective %s never occurs: a trial with this log would have no value\n",
                 Printable(objective.metric, 100).c_str());
  }
}

json RecordObject(const CollectedRecord& found) {
  return {{"line", found.line},
          {"timeStamp", found.record.at ? FormatMicros(*found.record.at) : kNoTime},
          {"metric", {{"name", found.record.metric}, {"value", found.record.text}}}};
}

json RecordObject(const CollectedEvent& found) {
  const MetricRecord& record = found.record;
  json object = {{"file", found.file},
                 {"timeStamp", record.at ? FormatMicros(*record.at) : kNoTime},
                 {"metric", {{"name", record.metric}, {"value", record.text}}}};
  if (record.step) {
    object["step"] = *record.step;
  }
  return object;
}

/// Katib's words for an observation log, with line numbers; without the objective Katib reports
/// one entry "unavailable" in place of everything, and what was found is told apart.
json Document(const auto& records, const Objective& objective) {
  json found = json::array();
  for (const auto& record : records) {
    found.push_back(RecordObject(record));
  }
  json document = {{"metricLogs", found}};
  if (!HasObjective(records, objective)) {
    const json entry = {{"timeStamp", kNoTime},
                        {"metric", {{"name", objective.metric}, {"value", kUnavailable}}}};
    document["metricLogs"] = json::array({entry});
    document["withoutObjective"] = std::move(found);
  }
  return document;
}

std::string NoteOf(const MetricRecord& record) {
  return record.text.empty() ? "an empty value: never a best one" : "";
}

/// Records and skipped lines in the order of the log.
std::string TableText(const Collected& collected) {
  Table table({"LINE", "TIME", "METRIC", "VALUE", "NOTE"});
  auto skipped = collected.skipped.begin();
  const auto add_skipped = [&](std::uint64_t up_to) {
    for (; skipped != collected.skipped.end() && skipped->line < up_to; ++skipped) {
      table.Add({std::to_string(skipped->line), "", "", "", skipped->why});
    }
  };
  constexpr std::size_t kShown = 60;
  for (const CollectedRecord& found : collected.records) {
    add_skipped(found.line);
    const MetricRecord& record = found.record;
    table.Add({std::to_string(found.line), record.at ? FormatMicros(*record.at) : "", record.metric,
               Printable(record.text, kShown), NoteOf(record)});
  }
  add_skipped(std::numeric_limits<std::uint64_t>::max());
  return table.Text();
}

std::string TableText(const CollectedEvents& collected) {
  constexpr std::size_t kShown = 60;
  Table table({"FILE", "STEP", "TIME", "METRIC", "VALUE", "NOTE"});
  for (const CollectedEvent& found : collected.records) {
    const MetricRecord& record = found.record;
    table.Add({found.file, record.step ? FormatDouble(*record.step) : "",
               record.at ? FormatMicros(*record.at) : "", record.metric,
               Printable(record.text, kShown), NoteOf(record)});
  }
  for (const DamagedFile& damaged : collected.damaged) {
    table.Add({damaged.file, "", "", "", "", damaged.why});
  }
  return table.Text();
}

Result<int> CollectFolder(const Options& options, const Objective& objective) {
  if (options.file == "-") {
    return Fail(Code::kInvalidArgument, "FILE: name the folder of the event files");
  }
  HONE_ASSIGN_OR_RETURN(const CollectedEvents collected, CollectEvents(options.file, objective));
  WarnWithoutObjective(collected.records, objective);
  if (options.output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(TableText(collected)));
    return kExitOk;
  }
  json document = Document(collected.records, objective);
  document["damaged"] = json::array();
  for (const DamagedFile& damaged : collected.damaged) {
    document["damaged"].push_back({{"file", damaged.file}, {"why", damaged.why}});
  }
  HONE_RETURN_IF_ERROR(PrintDocument(document, options.output));
  return kExitOk;
}

Result<int> CollectFile(const Config& /*config*/, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const Wanted wanted, options.experiment.empty() ? FromCommandLine(options)
                                                                        : FromExperiment(options));
  if (wanted.collector.kind == CollectorKind::kTensorFlowEvent) {
    return CollectFolder(options, wanted.objective);
  }
  HONE_ASSIGN_OR_RETURN(const auto parser, MakeParser(wanted.collector, wanted.objective));
  const std::string path = options.file == "-" ? "/dev/stdin" : options.file;
  UniqueFd log(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!log.valid()) {
    return tl::make_unexpected(ErrnoError(errno, "open " + path));
  }
  HONE_ASSIGN_OR_RETURN(const Collected collected, Collect(*parser, std::move(log)));
  WarnWithoutObjective(collected.records, wanted.objective);
  if (options.output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(TableText(collected)));
    return kExitOk;
  }
  json document = Document(collected.records, wanted.objective);
  document["skippedLines"] = json::array();
  for (const SkippedLine& line : collected.skipped) {
    document["skippedLines"].push_back({{"line", line.line}, {"why", line.why}});
  }
  HONE_RETURN_IF_ERROR(PrintDocument(document, options.output));
  return kExitOk;
}

}  // namespace

Verb CollectVerb() {
  return MakeVerb<Options>(
      {.name = "collect",
       .group = kSetUpGroup,
       .summary = "what the collector would read from a log",
       .example = "hone collect --metrics \"accuracy;loss\" -o table train.log"},
      &Declare, &CollectFile);
}

}  // namespace hone::cli
