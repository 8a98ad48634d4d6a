// SPDX-License-Identifier: Apache-2.0
// The reading half of PostgresStore.
#include <algorithm>
#include <limits>

#include "core/event_codec.h"
#include "store/checks.h"
#include "store/postgres/postgres_parts.h"

namespace hone {
namespace {

using postgres::Connection;
using postgres::Rows;
using postgres::TrialKey;
using postgres::Use;

constexpr char kReadEvents[] =
    "SELECT seq, at, kind, payload FROM events WHERE experiment = $1 AND seq > $2 "
    "ORDER BY seq LIMIT $3";

// A transaction under way may commit events before those of later ones that are there already.
constexpr char kReadAll[] =
    "SELECT e.seq, e.at, e.kind, e.payload, e.position, x.id FROM events e "
    "JOIN experiments x ON x.key = e.experiment WHERE e.position > $1 AND e.position < "
    "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint + (SELECT base FROM positions)) << 20 "
    "ORDER BY e.position LIMIT $2";

constexpr char kReadOutbox[] =
    "SELECT seq, n, payload FROM outbox WHERE experiment = $1 ORDER BY seq, n";

constexpr char kReadSnapshot[] =
    "SELECT seq, encode(payload, 'hex') FROM snapshots WHERE experiment = $1";

constexpr char kOffset[] =
    "SELECT \"offset\" FROM collector_offsets WHERE trial = $1 AND attempt = $2 AND source = $3";

constexpr char kReadRecords[] =
    "SELECT id, attempt, metric, step, at, text FROM observations WHERE trial = $1 "
    "AND ($2::bigint = 0 OR attempt = $2::bigint) AND ($3::text = '' OR metric = $3::text) "
    "AND id > $4 ORDER BY id LIMIT $5";

// Of a text in hexadecimal, the bytes that it stands for.
#define HONE_BYTES(text)                                        \
  "CASE WHEN left(" text ", 2) = '\\x' THEN octet_length(" text \
  ") / 2 - 1 ELSE "                                             \
  "octet_length(" text ") END"
constexpr char kRecordsSize[] = "SELECT count(*), coalesce(sum(" HONE_BYTES(
    "metric") " + " HONE_BYTES("text") "), 0) FROM observations WHERE trial BETWEEN $1 AND $2";
#undef HONE_BYTES

#define HONE_EXPERIMENT_COLUMNS                                                             \
  "id, namespace, name, version, phase, reason, algorithm, objective, trials, running, "    \
  "succeeded, failed, best_trial, best_value, created_at, ended_at FROM experiments WHERE " \
  "deleted = 0"

constexpr char kListExperiments[] = "SELECT " HONE_EXPERIMENT_COLUMNS " ORDER BY key DESC";
constexpr char kFindExperiment[] =
    "SELECT " HONE_EXPERIMENT_COLUMNS " AND namespace = $1 AND name = $2";
// store::HasWork, and nobody else drives it. $2: the time; NULL: the database's.
#define HONE_ALIVE                                     \
  "alive_until > coalesce($2::bigint, (extract(epoch " \
  "FROM clock_timestamp()) * 1000000)::bigint)"
constexpr char kListUndriven[] =
    "SELECT " HONE_EXPERIMENT_COLUMNS
    " AND (phase IN ('Running', 'Restarting') OR running > 0) AND (owner_epoch = $1 OR NOT EXISTS "
    "(SELECT 1 FROM controllers WHERE epoch = owner_epoch AND " HONE_ALIVE ")) ORDER BY key DESC";
#undef HONE_EXPERIMENT_COLUMNS

constexpr char kOwner[] =
    "SELECT x.owner_epoch, coalesce(c.owner, ''), CASE WHEN " HONE_ALIVE
    " THEN 1 ELSE 0 END FROM experiments x LEFT JOIN controllers c ON c.epoch = x.owner_epoch "
    "WHERE x.id = $1 AND x.deleted = 0";
#undef HONE_ALIVE

constexpr char kListTrials[] =
    "SELECT trial & 4294967295, name, phase, attempt, parameters, metrics, objective, "
    "objective_number, ending, message, created_at, started_at, ended_at FROM trials "
    "WHERE trial BETWEEN $1 AND $2 ORDER BY trial";

constexpr char kFindTrial[] =
    "SELECT x.id, t.trial & 4294967295 FROM trials t JOIN experiments x ON x.key = t.trial >> 32 "
    "WHERE t.name = $1";

constexpr char kOpenRequests[] =
    "SELECT id, kind, payload, answered, reply FROM requests WHERE answered = 0 "
    "AND right(kind, length($1::text)) = $1::text ORDER BY id";
constexpr char kGetRequest[] =
    "SELECT id, kind, payload, answered, reply FROM requests WHERE id = $1";

// The larger of the two says that something was committed, the smaller that ReadAll shows it.
constexpr char kChanges[] =
    "SELECT pg_snapshot_xmin(s)::text::bigint + pg_snapshot_xmax(s)::text::bigint "
    "FROM pg_current_snapshot() AS s";

constexpr char kBrokenLedger[] =
    "SELECT x.id FROM experiments x LEFT JOIN (SELECT experiment, count(*) AS n, min(seq) AS "
    "first, "
    "max(seq) AS last FROM events GROUP BY experiment) e ON e.experiment = x.key "
    "WHERE e.last IS DISTINCT FROM x.version OR e.n <> e.last - e.first + 1 "
    "OR (x.deleted = 0 AND e.first <> 1) LIMIT 1";

std::int64_t LimitOf(std::size_t limit) {
  return static_cast<std::int64_t>(
      std::min<std::size_t>(limit, std::numeric_limits<std::int64_t>::max()));
}

Timestamp TimeOr(const Rows& rows, std::size_t row, int column) {
  return rows.GetTime(row, column).value_or(Timestamp{});
}

// Experiments have keys from 1 on: 0 stands for an unknown one and finds nothing.

/// From the columns seq, at, kind, payload.
Result<Recorded> ReadEvent(const Rows& rows, std::size_t row) {
  Result<Event> event = DecodeEvent(rows.GetText(row, 2), rows.GetText(row, 3));
  if (!event) {
    return Annotate(std::move(event).error(), "event " + std::to_string(rows.GetInt(row, 0)));
  }
  return Recorded{rows.GetUnsigned(row, 0), Timestamp(Duration(rows.GetInt(row, 1))),
                  std::move(*event)};
}

ExperimentRow ReadExperiment(const Rows& rows, std::size_t row) {
  return {.id = {rows.GetText(row, 0)},
          .name_space = rows.GetText(row, 1),
          .name = rows.GetText(row, 2),
          .version = rows.GetUnsigned(row, 3),
          .phase = rows.GetText(row, 4),
          .reason = rows.GetText(row, 5),
          .algorithm = rows.GetText(row, 6),
          .objective = rows.GetText(row, 7),
          .trials = rows.GetInt(row, 8),
          .running = rows.GetInt(row, 9),
          .succeeded = rows.GetInt(row, 10),
          .failed = rows.GetInt(row, 11),
          .best_trial = rows.GetText(row, 12),
          .best_value = rows.GetText(row, 13),
          .created_at = TimeOr(rows, row, 14),
          .ended_at = TimeOr(rows, row, 15)};
}

TrialRow ReadTrial(const Rows& rows, std::size_t row) {
  return {.number = static_cast<TrialNumber>(rows.GetInt(row, 0)),
          .name = rows.GetText(row, 1),
          .phase = rows.GetText(row, 2),
          .attempt = static_cast<Attempt>(rows.GetInt(row, 3)),
          .parameters = rows.GetText(row, 4),
          .metrics = rows.GetText(row, 5),
          .objective = rows.GetText(row, 6),
          .objective_number = rows.GetReal(row, 7),
          .ending = rows.GetText(row, 8),
          .message = rows.GetText(row, 9),
          .created_at = TimeOr(rows, row, 10),
          .started_at = TimeOr(rows, row, 11),
          .ended_at = TimeOr(rows, row, 12)};
}

std::string Kind(const std::string& stored) {
  return stored.substr(0, stored.find('@'));
}

/// The kind may be followed by "@" and the owner it is for.
Request ReadRequest(const Rows& rows, std::size_t row) {
  return {.id = rows.GetInt(row, 0),
          .kind = Kind(rows.GetText(row, 1)),
          .payload = rows.GetText(row, 2),
          .answered = rows.GetInt(row, 3) != 0,
          .reply = rows.GetText(row, 4)};
}

OutboxItem ReadItem(const Rows& rows, std::size_t row) {
  return {rows.GetUnsigned(row, 0), static_cast<std::uint32_t>(rows.GetInt(row, 1)),
          rows.GetText(row, 2)};
}

StoredRecord ReadRecord(const Rows& rows, std::size_t row) {
  return {rows.GetInt(row, 0), static_cast<Attempt>(rows.GetInt(row, 1)),
          MetricRecord{rows.GetText(row, 2), rows.GetText(row, 5), rows.GetTime(row, 4),
                       rows.GetReal(row, 3)}};
}

/// All rows, each read by `read`.
template <class Row>
std::vector<Row> All(const Rows& rows, Row (*read)(const Rows&, std::size_t)) {
  std::vector<Row> all;
  all.reserve(rows.Count());
  for (std::size_t row = 0; row < rows.Count(); ++row) {
    all.push_back(read(rows, row));
  }
  return all;
}

Result<std::vector<Recorded>> EventsOf(Connection& connection, std::int64_t experiment,
                                       Version from, std::size_t limit) {
  const Rows rows =
      Use(connection, kReadEvents).Int(experiment).Unsigned(from).Int(LimitOf(limit)).Run();
  std::vector<Recorded> events;
  for (std::size_t row = 0; row < rows.Count(); ++row) {
    HONE_ASSIGN_OR_RETURN(Recorded recorded, ReadEvent(rows, row));
    events.push_back(std::move(recorded));
  }
  return events;
}

Result<std::vector<Positioned>> AllEvents(Connection& connection, Position from,
                                          std::size_t limit) {
  const Rows rows = Use(connection, kReadAll).Unsigned(from).Int(LimitOf(limit)).Run();
  std::vector<Positioned> events;
  for (std::size_t row = 0; row < rows.Count(); ++row) {
    HONE_ASSIGN_OR_RETURN(Recorded recorded, ReadEvent(rows, row));
    events.push_back({rows.GetUnsigned(row, 4), {rows.GetText(row, 5)}, std::move(recorded)});
  }
  return events;
}

}  // namespace

Result<std::vector<Recorded>> PostgresStore::Read(const ExperimentId& experiment, Version from,
                                                  std::size_t limit) {
  return parts_->readers.Read("read events of " + experiment.text, [&](Connection& connection) {
    const auto key = connection.KeyOf(experiment);
    return key ? EventsOf(connection, *key, from, limit) : std::vector<Recorded>();
  });
}

Result<std::vector<Positioned>> PostgresStore::ReadAll(Position from, std::size_t limit) {
  return parts_->readers.Read(
      "read events", [&](Connection& connection) { return AllEvents(connection, from, limit); });
}

Result<std::vector<OutboxItem>> PostgresStore::ReadOutbox(const ExperimentId& experiment) {
  return parts_->readers.Read("read the outbox", [&](Connection& connection) {
    const auto key = connection.KeyOf(experiment);
    return All(Use(connection, kReadOutbox).Int(key.value_or(0)).Run(), &ReadItem);
  });
}

Result<std::optional<std::pair<Version, std::string>>> PostgresStore::ReadSnapshot(
    const ExperimentId& experiment) {
  using Snapshot = std::optional<std::pair<Version, std::string>>;
  return parts_->readers.Read("read a snapshot", [&](Connection& connection) -> Snapshot {
    const auto key = connection.KeyOf(experiment);
    const Rows rows = Use(connection, kReadSnapshot).Int(key.value_or(0)).Run();
    if (rows.Count() == 0) {
      return std::nullopt;
    }
    return std::pair{rows.GetUnsigned(0, 0), rows.GetBlob(0, 1)};
  });
}

Result<std::uint64_t> PostgresStore::OffsetOf(const TrialId& trial, Attempt attempt,
                                              const std::string& source) {
  return parts_->readers.Read("read an offset", [&](Connection& connection) -> std::uint64_t {
    const auto key = connection.KeyOf(trial.experiment);
    const Rows rows = Use(connection, kOffset)
                          .Int(TrialKey(key.value_or(0), trial.number))
                          .Int(attempt)
                          .Text(source)
                          .Run();
    return rows.Count() == 0 ? 0 : rows.GetUnsigned(0, 0);
  });
}

Result<std::vector<StoredRecord>> PostgresStore::ReadRecordPage(const RecordQuery& query) {
  return parts_->readers.Read("read observations", [&](Connection& connection) {
    const auto key = connection.KeyOf(query.trial.experiment);
    return All(Use(connection, kReadRecords)
                   .Int(TrialKey(key.value_or(0), query.trial.number))
                   .Int(query.attempt)
                   .Text(query.metric)
                   .Int(query.after)
                   .Int(LimitOf(query.limit))
                   .Run(),
               &ReadRecord);
  });
}

Result<RecordsSize> PostgresStore::SizeOfRecords(const ExperimentId& experiment,
                                                 TrialNumber through) {
  return parts_->readers.Read("measure observations", [&](Connection& connection) -> RecordsSize {
    const std::int64_t key = connection.KeyOf(experiment).value_or(0);
    const Rows rows =
        Use(connection, kRecordsSize).Int(TrialKey(key, 0)).Int(TrialKey(key, through)).Run();
    const std::uint64_t count = rows.GetUnsigned(0, 0);
    return {count, rows.GetUnsigned(0, 1) + count * kRecordNumbersBytes};
  });
}

Result<std::vector<ExperimentRow>> PostgresStore::ListExperiments() {
  return parts_->readers.Read("list experiments", [](Connection& connection) {
    return All(Use(connection, kListExperiments).Run(), &ReadExperiment);
  });
}

Result<ExperimentRow> PostgresStore::FindExperiment(const std::string& name_space,
                                                    const std::string& name) {
  const auto find = [&](Connection& connection) -> Result<ExperimentRow> {
    const Rows rows = Use(connection, kFindExperiment).Text(name_space).Text(name).Run();
    if (rows.Count() == 0) {
      return tl::make_unexpected(store::NoExperimentNamed(name_space, name));
    }
    return ReadExperiment(rows, 0);
  };
  return parts_->readers.Read("find an experiment", find);
}

Result<std::vector<ExperimentRow>> PostgresStore::ListUndriven(OwnerEpoch epoch) {
  return parts_->readers.Read("list undriven experiments", [&](Connection& connection) {
    return All(Use(connection, kListUndriven).Unsigned(epoch).Time(parts_->Now()).Run(),
               &ReadExperiment);
  });
}

Result<OwnerInfo> PostgresStore::OwnerOf(const ExperimentId& experiment) {
  const auto find = [&](Connection& connection) -> Result<OwnerInfo> {
    const Rows rows = Use(connection, kOwner).Text(experiment.text).Time(parts_->Now()).Run();
    if (rows.Count() == 0) {
      return tl::make_unexpected(store::NoExperiment(experiment));
    }
    return OwnerInfo{rows.GetUnsigned(0, 0), rows.GetText(0, 1), rows.GetInt(0, 2) != 0};
  };
  return parts_->readers.Read("find an owner", find);
}

Result<std::vector<TrialRow>> PostgresStore::ListTrials(const ExperimentId& experiment) {
  return parts_->readers.Read("list trials", [&](Connection& connection) {
    const auto key = connection.KeyOf(experiment).value_or(0);
    return All(
        Use(connection, kListTrials).Int(TrialKey(key, 0)).Int(TrialKey(key + 1, 0) - 1).Run(),
        &ReadTrial);
  });
}

Result<TrialId> PostgresStore::FindTrial(const std::string& trial_name) {
  return parts_->readers.Read("find a trial", [&](Connection& connection) -> Result<TrialId> {
    const Rows rows = Use(connection, kFindTrial).Text(trial_name).Run();
    if (rows.Count() == 0) {
      return tl::make_unexpected(store::NoTrialNamed(trial_name));
    }
    return TrialId{{rows.GetText(0, 0)}, static_cast<TrialNumber>(rows.GetInt(0, 1))};
  });
}

Result<std::vector<Request>> PostgresStore::OpenRequests() {
  return parts_->readers.Read("read requests", [this](Connection& connection) {
    return All(Use(connection, kOpenRequests).Text(parts_->Addressed("")).Run(), &ReadRequest);
  });
}

Result<Request> PostgresStore::GetRequest(std::int64_t id) {
  return parts_->readers.Read("read a request", [&](Connection& connection) -> Result<Request> {
    const Rows rows = Use(connection, kGetRequest).Int(id).Run();
    if (rows.Count() == 0) {
      return tl::make_unexpected(store::NoRequest(id));
    }
    return ReadRequest(rows, 0);
  });
}

Result<std::int64_t> PostgresStore::ChangeCounter() {
  return parts_->readers.Read("read the change counter", [](Connection& connection) {
    return Use(connection, kChanges).Run().GetInt(0, 0);
  });
}

Status PostgresStore::CheckIntegrity() {
  const auto broken = parts_->readers.Read("check the database", [](Connection& connection) {
    const Rows rows = Use(connection, kBrokenLedger).Run();
    return rows.Count() == 0 ? std::string() : rows.GetText(0, 0);
  });
  if (!broken.has_value()) {
    return tl::make_unexpected(broken.error());
  }
  return broken->empty() ? Status()
                         : Fail(Code::kDataLoss, "the ledger of experiment " + *broken +
                                                     " is not whole: restore a backup of the "
                                                     "database");
}

}  // namespace hone
