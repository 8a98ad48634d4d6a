// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/import_csv.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "base/text.h"
#include "base/uid.h"
#include "core/activation.h"
#include "core/given_value.h"
#include "core/transitions.h"
#include "store/archive/csv_reader.h"

namespace hone::cli {
namespace {

using Row = archive::CsvReader::Row;

constexpr std::size_t kMostProblems = 100;
constexpr char kRunner[] = "import";

/// Where things stand in a line.
struct Columns {
  std::vector<std::size_t> parameters;                       ///< in the order of the space
  std::vector<std::pair<std::string, std::size_t>> metrics;  ///< the objective first
  std::optional<std::size_t> status;
  std::vector<std::string> unused;
};

class Importer {
 public:
  Importer(const ExperimentSpec& spec, std::string file, Timestamp now)
      : spec_(spec), file_(std::move(file)), now_(now) {
    out_.archived.state.id = NewUid();
  }

  Status Take(const Row& row) {
    if (heads_.empty()) {
      heads_ = row.cells;
      HONE_RETURN_IF_ERROR(FindColumns());
      return Record(event::ExperimentCreated{spec_.document, spec_.seed.value_or(RandomSeed()),
                                             HONE_VERSION, HONE_CPU_LEVEL});
    }
    line_ = row.line;
    records_.clear();
    if (row.cells.size() != heads_.size()) {
      Refuse("", "has " + std::to_string(row.cells.size()) + " fields, the first line " +
                     std::to_string(heads_.size()));
      return {};
    }
    const std::string status = columns_.status ? row.cells[*columns_.status] : "";
    if (!status.empty() && status != "Succeeded" && status != "COMPLETE") {
      ++out_.left_out;
      return {};
    }
    const std::size_t before = out_.problems.size();
    Assignment values = Values(row);
    Observation observation = Metrics(row);
    return out_.problems.size() == before ? AddTrial(std::move(values), std::move(observation))
                                          : Status();
  }

  Result<CsvImport> Finish() {
    if (heads_.empty()) {
      return Fail(Code::kInvalidArgument, file_ + ": is empty");
    }
    out_.unused = columns_.unused;
    HONE_RETURN_IF_ERROR(archive::Settle(out_.archived, now_));
    return std::move(out_);
  }

 private:
  std::optional<std::size_t> Find(std::initializer_list<std::string> names) const {
    for (const std::string& name : names) {
      const auto at = std::ranges::find(heads_, name);
      if (at != heads_.end()) {
        return static_cast<std::size_t>(at - heads_.begin());
      }
    }
    return std::nullopt;
  }

  Status FindColumns() {
    std::set<std::size_t> used;
    std::string missing;
    for (const Parameter& parameter : spec_.space.parameters) {
      const std::string& name = parameter.name;
      const auto at = Find({"parameter." + name, "params_" + name, name});
      missing += at ? "" : " " + name;
      columns_.parameters.push_back(at.value_or(0));
      used.insert(at.value_or(0));
    }
    const std::string& objective = spec_.objective.metric;
    const auto at = Find({"metric." + objective, objective, "value"});
    missing += at ? "" : " " + objective + " (or value)";
    if (!missing.empty()) {
      return Fail(Code::kInvalidArgument, file_ + ":1: there is no column for" + missing);
    }
    columns_.metrics.emplace_back(objective, *at);
    for (const std::string& metric : spec_.objective.additional_metrics) {
      if (const auto found = Find({"metric." + metric, metric})) {
        columns_.metrics.emplace_back(metric, *found);
      }
    }
    for (const auto& [metric, column] : columns_.metrics) {
      used.insert(column);
    }
    columns_.status = Find({"status", "state"});
    if (columns_.status && used.contains(*columns_.status)) {
      columns_.status.reset();  // it is a parameter's or a metric's
    }
    for (std::size_t i = 0; i < heads_.size(); ++i) {
      if (!used.contains(i) && columns_.status != i) {
        columns_.unused.push_back(heads_[i]);
      }
    }
    return {};
  }

  void Refuse(const std::string& column, const std::string& why) {
    if (out_.problems.size() < kMostProblems) {
      out_.problems.push_back(file_ + ":" + std::to_string(line_) + ": " +
                              (column.empty() ? "" : Printable(column) + ": ") + why);
    }
  }

  /// "3.0" of a data frame is the integer 3.
  static std::string Whole(const Domain& domain, const std::string& text) {
    const std::optional<double> number = ParseDouble(text);
    constexpr double kExact = 9e15;
    if (std::holds_alternative<IntegerDomain>(domain) && number && std::abs(*number) < kExact &&
        std::trunc(*number) == *number) {
      return std::to_string(static_cast<std::int64_t>(*number));
    }
    return text;
  }

  Assignment Values(const Row& row) {
    Assignment values;
    for (std::size_t i = 0; i < columns_.parameters.size(); ++i) {
      const Parameter& parameter = spec_.space.parameters[i];
      const std::string& text = row.cells[columns_.parameters[i]];
      if (!IsActive(spec_.space, parameter, values)) {
        values.push_back({parameter.inactive_value.value_or(""), false});
        continue;
      }
      const Result<std::string> value = GivenValue(parameter.domain, Whole(parameter.domain, text));
      if (!value.has_value()) {
        Refuse(heads_[columns_.parameters[i]],
               text.empty() ? "is empty, but the parameter plays a role here"
                            : "'" + Printable(text) + "' " + value.error().message);
      }
      values.push_back({value.value_or(MiddleValue(parameter.domain)), true});
    }
    return values;
  }

  Observation Metrics(const Row& row) {
    ObservationFold fold(spec_.objective);
    for (const auto& [metric, column] : columns_.metrics) {
      const std::string& text = row.cells[column];
      const std::optional<double> number = ParseDouble(text);
      const bool is_objective = metric == spec_.objective.metric;
      if (is_objective && (!number || !std::isfinite(*number))) {
        Refuse(heads_[column], "'" + Printable(text) + "' is no finite number");
      }
      if (!text.empty()) {
        records_.push_back({metric, text, std::nullopt, std::nullopt});
        fold.Add(records_.back());
      }
    }
    return fold.summary();
  }

  Status AddTrial(Assignment values, Observation observation) {
    const ExperimentState& state = out_.archived.state;
    if (state.Ended()) {
      return Fail(Code::kInvalidArgument, file_ + ":" + std::to_string(line_) +
                                              ": the experiment is over before this line (" +
                                              state.message +
                                              "); raise maxTrialCount, or remove the goal");
    }
    const auto number = static_cast<TrialNumber>(state.trials.size() + 1);
    HONE_RETURN_IF_ERROR(Give(input::Offer{1, kRunner}));
    if (!state.reservation) {
      return Fail(Code::kInternal, "the experiment takes no trial");
    }
    proposal::Start start;
    start.values = std::move(values);
    start.note = "imported from " + file_ + ":" + std::to_string(line_);
    start.labels[kImportedLabel] = file_ + ":" + std::to_string(line_);
    HONE_RETURN_IF_ERROR(
        Give(input::Proposals{state.reservation->seq, state.version, {std::move(start)}, kRunner}));
    const Sighting sighting{.trial = number,
                            .attempt = 1,
                            .place = {},
                            .started_at = now_,
                            .ended_at = now_,
                            .ending = Ending{EndingKind::kSucceeded, 0, 0, {}}};
    HONE_RETURN_IF_ERROR(Give(input::Seen{sighting, std::move(observation)}));
    std::vector<StoredRecord>& stored = out_.archived.records[number];
    for (MetricRecord& record : records_) {
      stored.push_back({static_cast<std::int64_t>(stored.size()) + 1, 1, std::move(record)});
    }
    records_.clear();
    return {};
  }

  Status Give(const Input& input) {
    HONE_ASSIGN_OR_RETURN(Decision decision, Decide(out_.archived.state, input, now_));
    for (Event& event : decision.events) {
      HONE_RETURN_IF_ERROR(Record(std::move(event)));
    }
    return {};
  }

  Status Record(Event event) {
    archive::Archived& archived = out_.archived;
    archived.events.push_back({archived.state.version + 1, now_, std::move(event)});
    Evolve(archived.state, archived.events.back());
    return {};
  }

  const ExperimentSpec& spec_;
  std::string file_;
  Timestamp now_;
  std::vector<std::string> heads_;
  Columns columns_;
  std::uint64_t line_ = 1;
  std::vector<MetricRecord> records_;  // of the present line
  CsvImport out_;
};

}  // namespace

Result<CsvImport> ReadCsvResults(const ExperimentSpec& spec, const std::string& text,
                                 const std::string& file, Timestamp now) {
  Importer importer(spec, file, now);
  archive::CsvReader reader([&](const Row& row) { return importer.Take(row); });
  Status read = reader.Feed(text);
  read = read.has_value() ? reader.Finish() : read;
  if (!read.has_value()) {
    const bool located = read.error().message.starts_with(file);
    return located ? tl::make_unexpected(read.error()) : Annotate(read.error(), file);
  }
  return importer.Finish();
}

}  // namespace hone::cli
