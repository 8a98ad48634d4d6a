// SPDX-License-Identifier: Apache-2.0
#include "store/archive/read_archive.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/guard.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "core/json_integer.h"
#include "core/ledger_check.h"
#include "core/problem.h"
#include "core/spec_codec.h"
#include "core/transitions.h"
#include "store/archive/format.h"

namespace hone::archive {
namespace {

using nlohmann::json;

constexpr std::uint64_t kLongestText = std::uint64_t{16} << 20;  // members that are one JSON value
constexpr std::size_t kLongestLine = std::size_t{64} << 20;
constexpr std::size_t kLongestUid = 64;
constexpr int kShownName = 100;

struct Seen {
  std::uint64_t bytes = 0;
  std::string sha256;
};

using TakeLine = std::function<Status(std::string_view line)>;

bool IsUid(std::string_view text) {
  return !text.empty() && text.size() <= kLongestUid &&
         text.find_first_not_of("0123456789abcdefABCDEF-") == std::string_view::npos;
}

/// Cuts a stream into lines.
class LineCutter {
 public:
  explicit LineCutter(TakeLine take) : take_(std::move(take)) {}

  Status Feed(std::string_view part) {
    for (std::size_t end = part.find('\n'); end != std::string_view::npos; end = part.find('\n')) {
      HONE_RETURN_IF_ERROR(Line(part.substr(0, end)));
      part.remove_prefix(end + 1);
    }
    if (rest_.size() + part.size() > kLongestLine) {
      return Fail(Code::kDataLoss, "line " + std::to_string(number_ + 1) + " is too long");
    }
    rest_.append(part);
    return {};
  }

  Status Finish() {
    return rest_.empty() ? Status() : Fail(Code::kDataLoss, "its last line has no end");
  }

 private:
  Status Line(std::string_view tail) {
    ++number_;
    const std::string_view line = rest_.empty() ? tail : std::string_view(rest_.append(tail));
    const Status taken = take_(line);
    rest_.clear();
    return taken.has_value() ? taken
                             : Status(Annotate(taken.error(), "line " + std::to_string(number_)));
  }

  TakeLine take_;
  std::string rest_;
  std::size_t number_ = 0;
};

class Reader {
 public:
  Reader(TarReader& in, const Limits& limits, const TakeLog& take_log)
      : in_(in), limits_(limits), take_log_(take_log) {}

  Result<Archived> Run() {
    while (true) {
      HONE_ASSIGN_OR_RETURN(const auto member, in_.Next());
      if (!member) {
        break;
      }
      name_ = member->name;
      const Status read = Member();
      if (!read.has_value()) {
        return Annotate(read.error(), Printable(name_, kShownName));
      }
    }
    if (!complete_) {
      return Fail(seen_.empty() ? Code::kInvalidArgument : Code::kDataLoss,
                  seen_.empty() ? "this is no archive of hone" : "the archive has no end");
    }
    HONE_RETURN_IF_ERROR(Fold());
    return std::move(out_);
  }

 private:
  Status Member() {
    if (complete_ || seen_.contains(name_)) {
      return Fail(Code::kDataLoss, complete_ ? "stands behind the end" : "is there twice");
    }
    if (seen_.empty() && name_ != kHead) {
      return Fail(Code::kInvalidArgument, "this is no archive of hone");
    }
    if (name_ == kHead || name_ == kManifest) {
      HONE_ASSIGN_OR_RETURN(const std::string text, Text());
      return Guard(Code::kDataLoss, "does not decode", [&] {
        return name_ == kHead ? Head(ParseJsonOrThrow(text)) : Manifest(ParseJsonOrThrow(text));
      });
    }
    if (name_ == kLedger) {
      return Lines([this](std::string_view line) { return TakeEvent(line); });
    }
    if (const auto trial = TrialOfObservations(name_)) {
      std::vector<StoredRecord>& records = out_.records[*trial];
      return Lines([&records](std::string_view line) { return TakeRecord(line, records); });
    }
    return Bytes();
  }

  /// A log, or what is there for other readers.
  Status Bytes() {
    const auto attempt = AttemptOfLog(name_);
    if (!attempt && name_ != kDocument && name_ != kArtifacts) {
      return Fail(Code::kDataLoss, "is no member that hone knows");
    }
    std::uint64_t offset = 0;
    if (attempt) {
      ++out_.logs;
      logs_.insert(*attempt);
    }
    return Stream([&](std::string_view part) -> Status {
      const std::uint64_t at = std::exchange(offset, offset + part.size());
      return attempt && take_log_ ? take_log_(id_, attempt->first, attempt->second, at, part)
                                  : Status();
    });
  }

  Status Stream(const std::function<Status(std::string_view)>& take) {
    Sha256 sum;
    Seen seen;
    const auto count = [&](std::string_view part) -> Status {
      total_ += part.size();
      seen.bytes += part.size();
      if (total_ > limits_.bytes) {
        return Fail(Code::kResourceExhausted,
                    "the archive is larger than " + std::to_string(limits_.bytes) + " bytes");
      }
      sum.Add(part);
      return take(part);
    };
    HONE_RETURN_IF_ERROR(in_.Read(count));
    seen.sha256 = sum.Finish();
    seen_.insert_or_assign(name_, std::move(seen));
    return {};
  }

  Status Lines(TakeLine take) {
    LineCutter cutter(std::move(take));
    HONE_RETURN_IF_ERROR(Stream([&](std::string_view part) { return cutter.Feed(part); }));
    return cutter.Finish();
  }

  Result<std::string> Text() {
    std::string text;
    HONE_RETURN_IF_ERROR(Stream([&](std::string_view part) -> Status {
      if (text.size() + part.size() > kLongestText * (name_ == kManifest ? 16 : 1)) {
        return Fail(Code::kDataLoss, "is too long");
      }
      text.append(part);
      return {};
    }));
    return text;
  }

  Status Head(const json& head) {
    const int format = IntegerOf<int>(head.at("format"));
    if (format != kFormat) {
      return Fail(Code::kFailedPrecondition, "the archive has format " + std::to_string(format) +
                                                 ", this hone reads " + std::to_string(kFormat) +
                                                 "; it was made by hone " +
                                                 Printable(head.value("hone", "?"), kShownName));
    }
    id_.text = head.at("uid").get<std::string>();
    return IsUid(id_.text) ? Status() : Fail(Code::kDataLoss, "its uid is none");
  }

  static Status TakeRecord(std::string_view line, std::vector<StoredRecord>& records) {
    HONE_ASSIGN_OR_RETURN(auto record, ParseRecordLine(line));
    record.id = static_cast<std::int64_t>(records.size()) + 1;
    records.push_back(std::move(record));
    return {};
  }

  Status TakeEvent(std::string_view line) {
    HONE_ASSIGN_OR_RETURN(auto recorded, ParseEventLine(line));
    if (recorded.seq != out_.events.size() + 1) {
      return Fail(Code::kDataLoss,
                  "event " + std::to_string(out_.events.size() + 1) + " is missing");
    }
    out_.events.push_back(std::move(recorded));
    return {};
  }

  Status Manifest(const json& manifest) {
    if (IntegerOf<Version>(manifest.at("events")) != out_.events.size()) {
      return Fail(Code::kDataLoss, "tells another number of events than there are");
    }
    seen_.erase(name_);
    for (const json& member : manifest.at("members")) {
      const auto name = member.at("name").get<std::string>();
      const auto found = seen_.find(name);
      if (found == seen_.end() ||
          found->second.bytes != IntegerOf<std::uint64_t>(member.at("bytes")) ||
          found->second.sha256 != member.at("sha256").get<std::string>()) {
        return Fail(Code::kDataLoss, Printable(name, kShownName) +
                                         (found == seen_.end() ? " is missing" : " was changed"));
      }
      seen_.erase(found);
    }
    if (!seen_.empty()) {
      return Fail(Code::kDataLoss, Printable(seen_.begin()->first, kShownName) + " is not in it");
    }
    complete_ = true;
    seen_.emplace(name_, Seen{});
    return {};
  }

  Status Fold() {
    ExperimentState& state = out_.state;
    state.id = id_;
    for (const Recorded& recorded : out_.events) {
      HONE_RETURN_IF_ERROR(CheckNext(state, recorded));
      Evolve(state, recorded);
    }
    if (state.phase == ExperimentPhase::kNone || state.phase == ExperimentPhase::kDeleted) {
      return Fail(Code::kDataLoss, "the ledger is of no experiment that is there");
    }
    const auto known = [&](TrialNumber number, Attempt attempt) {
      const TrialState* trial = state.Find(number);
      return trial != nullptr && attempt >= 1 && attempt <= trial->attempt;
    };
    for (const auto& [number, records] : out_.records) {
      if (!std::ranges::all_of(records, [&, trial = number](const StoredRecord& record) {
            return known(trial, record.attempt);
          })) {
        return Fail(Code::kDataLoss, ObservationsName(number) + " is of no attempt in the ledger");
      }
    }
    for (const auto& [trial, attempt] : logs_) {
      if (!known(trial, attempt)) {
        return Fail(Code::kDataLoss, LogName(trial, attempt) + " is of no attempt in the ledger");
      }
    }
    return {};
  }

  TarReader& in_;
  const Limits& limits_;
  const TakeLog& take_log_;
  Archived out_;
  ExperimentId id_;
  std::string name_;  // of the present member
  std::map<std::string, Seen> seen_;
  std::set<std::pair<TrialNumber, Attempt>> logs_;
  std::uint64_t total_ = 0;
  bool complete_ = false;
};

Status Record(Archived& archived, const Input& input, Timestamp now) {
  HONE_ASSIGN_OR_RETURN(Decision decision, Decide(archived.state, input, now));
  for (Event& event : decision.events) {
    archived.events.push_back({archived.state.version + 1, now, std::move(event)});
    Evolve(archived.state, archived.events.back());
  }
  return {};
}

/// What ran where the archive was made does not run here.
Status EndElsewhere(Archived& archived, TrialNumber number, Timestamp now) {
  const TrialState& trial = *archived.state.Find(number);
  if (!trial.launched) {
    return {};
  }
  const Sighting gone{.trial = number,
                      .attempt = trial.attempt,
                      .place = {},
                      .started_at = trial.started_at,
                      .ended_at = now,
                      .ending = Ending{EndingKind::kStopped, 0, 0, "it ran elsewhere"}};
  return Record(archived, input::Seen{gone, trial.observation}, now);
}

/// Rows of one trial, as batches of one attempt each.
void AddBatches(const TrialId& trial, const std::vector<StoredRecord>& records,
                std::vector<ObservationBatch>& out) {
  Attempt attempt = 0;
  for (const StoredRecord& record : records) {
    if (std::exchange(attempt, record.attempt) != record.attempt) {
      out.push_back({trial, record.attempt, "archive", 0, 0, {}});
    }
    out.back().records.push_back(record.record);
  }
}

}  // namespace

Result<Archived> ReadArchive(TarReader& in, const Limits& limits, const TakeLog& take_log) {
  return Reader(in, limits, take_log).Run();
}

Status Settle(Archived& archived, Timestamp now) {
  const ExperimentState& state = archived.state;
  if (!state.Ended() && state.phase != ExperimentPhase::kSuspended) {
    HONE_RETURN_IF_ERROR(Record(archived, input::Suspend{"imported from an archive", false}, now));
  }
  for (const TrialNumber number : std::set<TrialNumber>(state.active)) {
    HONE_RETURN_IF_ERROR(EndElsewhere(archived, number, now));
  }
  return std::ranges::none_of(state.trials, &TrialState::launched)
             ? Status()
             : Fail(Code::kInternal, "a trial of the archive cannot be ended");
}

Status Rename(Archived& archived, const std::string& name, const ExperimentId& id) {
  auto& created = std::get<event::ExperimentCreated>(archived.events.front().event);
  HONE_RETURN_IF_ERROR(Guard(Code::kInvalidArgument, "rename", [&] {
    json document = ParseJsonOrThrow(created.document);
    document.at("metadata")["name"] = name;
    created.document = DumpJson(document);
  }));
  HONE_ASSIGN_OR_RETURN(const ExperimentSpec spec, DecodeStoredSpec(created.document));
  Problems problems;
  CheckSpec(spec, problems);
  if (problems.HasErrorsAt("metadata.name")) {
    return Fail(Code::kInvalidArgument, "'" + Printable(name, kShownName) +
                                            "' is no name for an experiment: at most 40 lower-case "
                                            "letters, digits, '-' and '.', a letter first");
  }
  archived.state = ExperimentState{};
  archived.state.id = id;
  for (const Recorded& recorded : archived.events) {
    HONE_RETURN_IF_ERROR(CheckNext(archived.state, recorded));
    Evolve(archived.state, recorded);
  }
  return {};
}

LedgerStep ToStep(const Archived& archived) {
  return {.experiment = archived.state.id,
          .expected = 0,
          .epoch = 0,
          .events = archived.events,
          .outbox = {},
          .projection = ProjectAll(archived.state),
          .observations = {}};
}

std::vector<ObservationBatch> ToBatches(const Archived& archived) {
  std::vector<ObservationBatch> batches;
  for (const auto& [trial, records] : archived.records) {
    AddBatches({archived.state.id, trial}, records, batches);
  }
  return batches;
}

}  // namespace hone::archive
