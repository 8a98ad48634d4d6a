// SPDX-License-Identifier: Apache-2.0
// The reading half of SqliteStore.
#include <algorithm>
#include <limits>

#include "core/event_codec.h"
#include "store/checks.h"
#include "store/sqlite/sqlite_parts.h"

namespace hone {
namespace {

using sqlite::Connection;
using sqlite::TrialKey;
using sqlite::Use;

constexpr char kReadEvents[] =
    "SELECT seq, at, kind, payload FROM events WHERE experiment = ? AND seq > ? "
    "ORDER BY seq LIMIT ?";

constexpr char kReadAll[] =
    "SELECT e.seq, e.at, e.kind, e.payload, e.position, x.id FROM events e "
    "JOIN experiments x ON x.key = e.experiment WHERE e.position > ? ORDER BY e.position LIMIT ?";

constexpr char kReadOutbox[] =
    "SELECT seq, n, payload FROM outbox WHERE experiment = ? ORDER BY seq, n";

constexpr char kReadSnapshot[] = "SELECT seq, payload FROM snapshots WHERE experiment = ?";

constexpr char kOffset[] =
    "SELECT offset FROM collector_offsets WHERE trial = ? AND attempt = ? AND source = ?";

constexpr char kReadRecords[] =
    "SELECT id, attempt, metric, step, at, text FROM observations "
    "WHERE trial = ?1 AND (?2 = 0 OR attempt = ?2) AND (?3 = '' OR metric = ?3) "
    "AND id > ?4 ORDER BY id LIMIT ?5";

// Of a text, length() counts characters.
constexpr char kRecordsSize[] =
    "SELECT count(*), ifnull(sum(length(CAST(metric AS BLOB)) + length(CAST(text AS BLOB))), 0) "
    "FROM observations WHERE trial BETWEEN ? AND ?";

#define HONE_EXPERIMENT_COLUMNS                                                             \
  "id, namespace, name, version, phase, reason, algorithm, objective, trials, running, "    \
  "succeeded, failed, best_trial, best_value, created_at, ended_at FROM experiments WHERE " \
  "deleted = 0"

constexpr char kListExperiments[] = "SELECT " HONE_EXPERIMENT_COLUMNS " ORDER BY key DESC";
constexpr char kFindExperiment[] =
    "SELECT " HONE_EXPERIMENT_COLUMNS " AND namespace = ? AND name = ?";
// store::HasWork, and nobody else drives it.
constexpr char kListUndriven[] =
    "SELECT " HONE_EXPERIMENT_COLUMNS
    " AND (phase IN ('Running', 'Restarting') OR running > 0) AND (owner_epoch = ? OR NOT EXISTS "
    "(SELECT 1 FROM controllers WHERE epoch = owner_epoch AND alive_until > ?)) ORDER BY key DESC";

constexpr char kOwner[] =
    "SELECT x.owner_epoch, coalesce(c.owner, ''), coalesce(c.alive_until, 0) FROM experiments x "
    "LEFT JOIN controllers c ON c.epoch = x.owner_epoch WHERE x.id = ? AND x.deleted = 0";

constexpr char kListTrials[] =
    "SELECT trial & 4294967295, name, phase, attempt, parameters, metrics, objective, "
    "objective_number, ending, message, created_at, started_at, ended_at FROM trials "
    "WHERE trial BETWEEN ? AND ? ORDER BY trial";

constexpr char kFindTrial[] =
    "SELECT x.id, t.trial & 4294967295 FROM trials t JOIN experiments x ON x.key = t.trial >> 32 "
    "WHERE t.name = ?";

constexpr char kOpenRequests[] =
    "SELECT id, kind, payload, answered, reply FROM requests WHERE answered = 0 ORDER BY id";
constexpr char kGetRequest[] =
    "SELECT id, kind, payload, answered, reply FROM requests WHERE id = ?";

constexpr char kQuickCheck[] = "PRAGMA quick_check(1)";

std::int64_t LimitOf(std::size_t limit) {
  return static_cast<std::int64_t>(
      std::min<std::size_t>(limit, std::numeric_limits<std::int64_t>::max()));
}

Timestamp TimeOr(const Use& use, int column) {
  return use.GetTime(column).value_or(Timestamp{});
}

// Experiments have keys from 1 on: 0 stands for an unknown one and finds nothing.

/// From the columns seq, at, kind, payload.
Result<Recorded> ReadEvent(const Use& use) {
  Result<Event> event = DecodeEvent(use.GetText(2), use.GetText(3));
  if (!event) {
    return Annotate(std::move(event).error(), "event " + std::to_string(use.GetInt(0)));
  }
  return Recorded{use.GetUnsigned(0), Timestamp(Duration(use.GetInt(1))), std::move(*event)};
}

ExperimentRow ReadExperiment(const Use& use) {
  return {.id = {use.GetText(0)},
          .name_space = use.GetText(1),
          .name = use.GetText(2),
          .version = use.GetUnsigned(3),
          .phase = use.GetText(4),
          .reason = use.GetText(5),
          .algorithm = use.GetText(6),
          .objective = use.GetText(7),
          .trials = use.GetInt(8),
          .running = use.GetInt(9),
          .succeeded = use.GetInt(10),
          .failed = use.GetInt(11),
          .best_trial = use.GetText(12),
          .best_value = use.GetText(13),
          .created_at = TimeOr(use, 14),
          .ended_at = TimeOr(use, 15)};
}

TrialRow ReadTrial(const Use& use) {
  return {.number = static_cast<TrialNumber>(use.GetInt(0)),
          .name = use.GetText(1),
          .phase = use.GetText(2),
          .attempt = static_cast<Attempt>(use.GetInt(3)),
          .parameters = use.GetText(4),
          .metrics = use.GetText(5),
          .objective = use.GetText(6),
          .objective_number = use.GetReal(7),
          .ending = use.GetText(8),
          .message = use.GetText(9),
          .created_at = TimeOr(use, 10),
          .started_at = TimeOr(use, 11),
          .ended_at = TimeOr(use, 12)};
}

Request ReadRequest(const Use& use) {
  return {.id = use.GetInt(0),
          .kind = use.GetText(1),
          .payload = use.GetText(2),
          .answered = use.GetInt(3) != 0,
          .reply = use.GetText(4)};
}

/// All rows that are left, each read by `read`.
template <class Row>
std::vector<Row> Rows(Use& use, Row (*read)(const Use&)) {
  std::vector<Row> rows;
  while (use.Step()) {
    rows.push_back(read(use));
  }
  return rows;
}

OutboxItem ReadItem(const Use& use) {
  return {use.GetUnsigned(0), static_cast<std::uint32_t>(use.GetInt(1)), use.GetText(2)};
}

StoredRecord ReadRecord(const Use& use) {
  return {use.GetInt(0), static_cast<Attempt>(use.GetInt(1)),
          MetricRecord{use.GetText(2), use.GetText(5), use.GetTime(4), use.GetReal(3)}};
}

Result<std::vector<Recorded>> EventsOf(Connection& connection, std::int64_t experiment,
                                       Version from, std::size_t limit) {
  std::vector<Recorded> events;
  Use use(connection, kReadEvents);
  use.Int(experiment).Unsigned(from).Int(LimitOf(limit));
  while (use.Step()) {
    HONE_ASSIGN_OR_RETURN(Recorded recorded, ReadEvent(use));
    events.push_back(std::move(recorded));
  }
  return events;
}

Result<std::vector<Positioned>> AllEvents(Connection& connection, Position from,
                                          std::size_t limit) {
  std::vector<Positioned> events;
  Use use(connection, kReadAll);
  use.Unsigned(from).Int(LimitOf(limit));
  while (use.Step()) {
    HONE_ASSIGN_OR_RETURN(Recorded recorded, ReadEvent(use));
    events.push_back({use.GetUnsigned(4), {use.GetText(5)}, std::move(recorded)});
  }
  return events;
}

Result<std::int64_t> DataVersion(Connection& connection) {
  return sqlite::Try("read the change counter", [&] {
    Use use(connection, "PRAGMA data_version");
    use.Step();
    return use.GetInt(0);
  });
}

}  // namespace

Result<std::vector<Recorded>> SqliteStore::Read(const ExperimentId& experiment, Version from,
                                                std::size_t limit) {
  return parts_->readers.Read("read events of " + experiment.text, [&](Connection& connection) {
    const auto key = connection.KeyOf(experiment);
    return key ? EventsOf(connection, *key, from, limit) : std::vector<Recorded>();
  });
}

Result<std::vector<Positioned>> SqliteStore::ReadAll(Position from, std::size_t limit) {
  return parts_->readers.Read(
      "read events", [&](Connection& connection) { return AllEvents(connection, from, limit); });
}

Result<std::vector<OutboxItem>> SqliteStore::ReadOutbox(const ExperimentId& experiment) {
  return parts_->readers.Read("read the outbox", [&](Connection& connection) {
    const auto key = connection.KeyOf(experiment);
    Use use(connection, kReadOutbox);
    return Rows(use.Int(key.value_or(0)), &ReadItem);
  });
}

Result<std::optional<std::pair<Version, std::string>>> SqliteStore::ReadSnapshot(
    const ExperimentId& experiment) {
  using Snapshot = std::optional<std::pair<Version, std::string>>;
  return parts_->readers.Read("read a snapshot", [&](Connection& connection) -> Snapshot {
    const auto key = connection.KeyOf(experiment);
    Use use(connection, kReadSnapshot);
    if (!use.Int(key.value_or(0)).Step()) {
      return std::nullopt;
    }
    return std::pair{use.GetUnsigned(0), use.GetText(1)};
  });
}

Result<std::uint64_t> SqliteStore::OffsetOf(const TrialId& trial, Attempt attempt,
                                            const std::string& source) {
  return parts_->readers.Read("read an offset", [&](Connection& connection) -> std::uint64_t {
    const auto key = connection.KeyOf(trial.experiment);
    Use use(connection, kOffset);
    use.Int(TrialKey(key.value_or(0), trial.number)).Int(attempt).Text(source);
    return use.Step() ? use.GetUnsigned(0) : 0;
  });
}

Result<std::vector<StoredRecord>> SqliteStore::ReadRecordPage(const RecordQuery& query) {
  return parts_->readers.Read("read observations", [&](Connection& connection) {
    const auto key = connection.KeyOf(query.trial.experiment);
    Use use(connection, kReadRecords);
    use.Int(TrialKey(key.value_or(0), query.trial.number))
        .Int(query.attempt)
        .Text(query.metric)
        .Int(query.after)
        .Int(LimitOf(query.limit));
    return Rows(use, &ReadRecord);
  });
}

Result<RecordsSize> SqliteStore::SizeOfRecords(const ExperimentId& experiment,
                                               TrialNumber through) {
  return parts_->readers.Read("measure observations", [&](Connection& connection) -> RecordsSize {
    const std::int64_t key = connection.KeyOf(experiment).value_or(0);
    Use use(connection, kRecordsSize);
    use.Int(TrialKey(key, 0)).Int(TrialKey(key, through)).Step();
    const std::uint64_t rows = use.GetUnsigned(0);
    return {rows, use.GetUnsigned(1) + rows * kRecordNumbersBytes};
  });
}

Result<std::vector<ExperimentRow>> SqliteStore::ListExperiments() {
  return parts_->readers.Read("list experiments", [](Connection& connection) {
    Use use(connection, kListExperiments);
    return Rows(use, &ReadExperiment);
  });
}

Result<ExperimentRow> SqliteStore::FindExperiment(const std::string& name_space,
                                                  const std::string& name) {
  const auto find = [&](Connection& connection) -> Result<ExperimentRow> {
    Use use(connection, kFindExperiment);
    if (!use.Text(name_space).Text(name).Step()) {
      return tl::make_unexpected(store::NoExperimentNamed(name_space, name));
    }
    return ReadExperiment(use);
  };
  return parts_->readers.Read("find an experiment", find);
}

Result<std::vector<ExperimentRow>> SqliteStore::ListUndriven(OwnerEpoch epoch) {
  return parts_->readers.Read("list undriven experiments", [&](Connection& connection) {
    Use use(connection, kListUndriven);
    use.Unsigned(epoch).Int(parts_->Now().time_since_epoch().count());
    return Rows(use, &ReadExperiment);
  });
}

Result<OwnerInfo> SqliteStore::OwnerOf(const ExperimentId& experiment) {
  const auto find = [&](Connection& connection) -> Result<OwnerInfo> {
    Use use(connection, kOwner);
    if (!use.Text(experiment.text).Step()) {
      return tl::make_unexpected(store::NoExperiment(experiment));
    }
    return OwnerInfo{static_cast<OwnerEpoch>(use.GetInt(0)), use.GetText(1),
                     use.GetInt(2) > parts_->Now().time_since_epoch().count()};
  };
  return parts_->readers.Read("find an owner", find);
}

Result<std::vector<TrialRow>> SqliteStore::ListTrials(const ExperimentId& experiment) {
  return parts_->readers.Read("list trials", [&](Connection& connection) {
    const auto key = connection.KeyOf(experiment).value_or(0);
    Use use(connection, kListTrials);
    return Rows(use.Int(TrialKey(key, 0)).Int(TrialKey(key + 1, 0) - 1), &ReadTrial);
  });
}

Result<TrialId> SqliteStore::FindTrial(const std::string& trial_name) {
  return parts_->readers.Read("find a trial", [&](Connection& connection) -> Result<TrialId> {
    Use use(connection, kFindTrial);
    if (!use.Text(trial_name).Step()) {
      return tl::make_unexpected(store::NoTrialNamed(trial_name));
    }
    return TrialId{{use.GetText(0)}, static_cast<TrialNumber>(use.GetInt(1))};
  });
}

Result<std::vector<Request>> SqliteStore::OpenRequests() {
  return parts_->readers.Read("read requests", [](Connection& connection) {
    Use use(connection, kOpenRequests);
    return Rows(use, &ReadRequest);
  });
}

Result<Request> SqliteStore::GetRequest(std::int64_t id) {
  return parts_->readers.Read("read a request", [&](Connection& connection) -> Result<Request> {
    Use use(connection, kGetRequest);
    if (!use.Int(id).Step()) {
      return tl::make_unexpected(store::NoRequest(id));
    }
    return ReadRequest(use);
  });
}

Result<std::int64_t> SqliteStore::ChangeCounter() {
  const auto open = [this] {
    return std::make_unique<Connection>(parts_->path, sqlite::ReadAccess(parts_->path),
                                        parts_->options.busy_timeout);
  };
  const auto opened = [&](std::unique_ptr<Connection>& watcher) -> Status {
    if (watcher != nullptr) {
      return {};
    }
    HONE_ASSIGN_OR_RETURN(watcher, sqlite::Try("open " + parts_->path.string(), open));
    return {};
  };
  const auto look = [&](std::unique_ptr<Connection>& watcher) -> Result<std::int64_t> {
    HONE_RETURN_IF_ERROR(opened(watcher));
    return DataVersion(*watcher);
  };
  return parts_->watcher.WithLock(look);
}

Status SqliteStore::CheckIntegrity() {
  return parts_->readers.Read("check the data file", [](Connection& connection) -> Status {
    Use use(connection, kQuickCheck);
    const std::string answer = use.Step() ? use.GetText(0) : "no answer";
    if (answer == "ok") {
      return {};
    }
    const std::string damage = sqlite::TakeDamage();
    return tl::make_unexpected(
        sqlite::Lost("the data file is damaged: " + (damage.empty() ? answer : damage)));
  });
}

}  // namespace hone
