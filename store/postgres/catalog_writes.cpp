// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/catalog_writes.h"

#include "core/event_codec.h"
#include "store/checks.h"
#include "store/columns.h"
#include "store/postgres/steps.h"

namespace hone::postgres {
namespace {

#define HONE_NOW(given) \
  "coalesce(" given "::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)"

constexpr char kRegister[] =
    "INSERT INTO controllers (owner, alive_until) VALUES ($1, " HONE_NOW("$2") " + $3::bigint) "
    "RETURNING epoch";
constexpr char kBeat[] =
    "UPDATE controllers SET alive_until = " HONE_NOW("$1") " + $2::bigint WHERE epoch = $3";
// Declared dead: it must not come back under this epoch. A beat that came first counts.
constexpr char kBury[] =
    "DELETE FROM controllers WHERE epoch = $1 AND alive_until <= " HONE_NOW("$2");
constexpr char kPost[] =
    "INSERT INTO requests (kind, payload, posted_at) VALUES ($1, $2, " HONE_NOW("$3") ") "
    "RETURNING id";
constexpr char kAnswer[] =
    "UPDATE requests SET answered = 1, reply = $1, answered_at = " HONE_NOW("$2") " WHERE id = $3";
constexpr char kForget[] =
    "DELETE FROM requests WHERE answered = 1 AND answered_at < " HONE_NOW("$1") " - $2::bigint";

#undef HONE_NOW

constexpr char kFindLive[] =
    "SELECT key, version, owner_epoch FROM experiments WHERE id = $1 AND deleted = 0 FOR UPDATE";

constexpr char kPutSnapshot[] =
    "INSERT INTO snapshots AS s (experiment, seq, payload) VALUES ($1, $2, $3::bytea) "
    "ON CONFLICT (experiment) DO UPDATE SET seq = excluded.seq, payload = excluded.payload "
    "WHERE excluded.seq >= s.seq";

constexpr char kReplaceExperiment[] =
    "UPDATE experiments SET phase = $1, reason = $2, algorithm = $3, objective = $4, trials = $5, "
    "running = $6, succeeded = $7, failed = $8, best_trial = $9, best_value = $10, ended_at = $11 "
    "WHERE key = $12";

constexpr char kAddDeleted[] =
    "INSERT INTO events (position, experiment, seq, at, kind, payload) "
    "VALUES ($1, $2, $3, $4, $5, $6)";

constexpr char kMarkDeleted[] = "UPDATE experiments SET deleted = 1, version = $1 WHERE key = $2";

constexpr const char* kDeleteRows[] = {
    "DELETE FROM observations WHERE trial BETWEEN $1 AND $2",
    "DELETE FROM collector_offsets WHERE trial BETWEEN $1 AND $2",
    "DELETE FROM trials WHERE trial BETWEEN $1 AND $2",
};
constexpr char kDeleteEvents[] = "DELETE FROM events WHERE experiment = $1 AND seq <= $2";
constexpr const char* kDeleteOfExperiment[] = {
    "DELETE FROM outbox WHERE experiment = $1",
    "DELETE FROM snapshots WHERE experiment = $1",
    "DELETE FROM artifacts WHERE experiment = $1",
};

struct Live {
  std::int64_t key = 0;
  Version version = 0;
  OwnerEpoch owner = 0;
};

Result<Live> FindLive(Connection& connection, const ExperimentId& experiment) {
  const Rows found = Use(connection, kFindLive).Text(experiment.text).Run();
  if (found.Count() == 0) {
    return tl::make_unexpected(store::NoExperiment(experiment));
  }
  return Live{found.GetInt(0, 0), found.GetUnsigned(0, 1), found.GetUnsigned(0, 2)};
}

bool IsRegistered(Connection& connection, OwnerEpoch epoch) {
  return Use(connection, "SELECT 1 FROM controllers WHERE epoch = $1")
             .Unsigned(epoch)
             .Run()
             .Count() == 1;
}

}  // namespace

Status PutSnapshot(Connection& connection, const ExperimentId& experiment, Version seq,
                   std::string_view payload) {
  HONE_ASSIGN_OR_RETURN(const Live live, FindLive(connection, experiment));
  if (seq > live.version) {
    return tl::make_unexpected(store::SnapshotAhead(experiment, seq));
  }
  Use(connection, kPutSnapshot).Int(live.key).Unsigned(seq).Blob(payload).Run();
  return {};
}

Status ReplaceRows(Connection& connection, const ExperimentId& experiment,
                   const Projection& projection) {
  HONE_ASSIGN_OR_RETURN(const Live live, FindLive(connection, experiment));
  const ExperimentRow& row = projection.experiment;
  Use replace(connection, kReplaceExperiment);
  store::BindState(replace, row).Time(row.ended_at).Int(live.key).Run();
  Use(connection, "DELETE FROM trials WHERE trial BETWEEN $1 AND $2")
      .Int(TrialKey(live.key, 0))
      .Int(TrialKey(live.key + 1, 0) - 1)
      .Run();
  AddTrials(connection, live.key, projection.trials);
  return {};
}

Status RemoveRecords(Connection& connection, const ExperimentId& experiment, TrialNumber through) {
  HONE_ASSIGN_OR_RETURN(const Live live, FindLive(connection, experiment));
  Use(connection, "DELETE FROM observations WHERE trial BETWEEN $1 AND $2")
      .Int(TrialKey(live.key, 0))
      .Int(TrialKey(live.key, through))
      .Run();
  return {};
}

Status DeleteExperiment(Connection& connection, const ExperimentId& experiment, OwnerEpoch epoch,
                        Timestamp now) {
  HONE_ASSIGN_OR_RETURN(const Live live, FindLive(connection, experiment));
  if (live.owner != epoch) {
    return tl::make_unexpected(store::Moved(experiment, live.version, epoch));
  }
  const Event event = event::ExperimentDeleted{};
  const std::string kind(EventKind(event));
  const std::string payload = EncodeEvent(event);
  Use(connection, kAddDeleted)
      .Int(connection.TakePositions(1))
      .Int(live.key)
      .Unsigned(live.version + 1)
      .Int(now.time_since_epoch().count())
      .Text(kind)
      .Text(payload)
      .Run();
  Use(connection, kDeleteEvents).Int(live.key).Unsigned(live.version).Run();
  for (const char* sql : kDeleteRows) {
    Use(connection, sql).Int(TrialKey(live.key, 0)).Int(TrialKey(live.key + 1, 0) - 1).Run();
  }
  for (const char* sql : kDeleteOfExperiment) {
    Use(connection, sql).Int(live.key).Run();
  }
  Use(connection, kMarkDeleted).Unsigned(live.version + 1).Int(live.key).Run();
  return {};
}

OwnerEpoch RegisterOwner(Connection& connection, const std::string& owner, Duration alive_for,
                         std::optional<Timestamp> now) {
  const Rows former =
      Use(connection, "DELETE FROM controllers WHERE owner = $1 RETURNING epoch").Text(owner).Run();
  const OwnerEpoch epoch = Use(connection, kRegister)
                               .Text(owner)
                               .Time(now)
                               .Int(alive_for.count())
                               .Run()
                               .GetUnsigned(0, 0);
  if (former.Count() > 0) {
    Use(connection, "UPDATE experiments SET owner_epoch = $1 WHERE owner_epoch = $2")
        .Unsigned(epoch)
        .Unsigned(former.GetUnsigned(0, 0))
        .Run();
  }
  return epoch;
}

Status Heartbeat(Connection& connection, OwnerEpoch epoch, Duration alive_for,
                 std::optional<Timestamp> now) {
  const std::int64_t changed =
      Use(connection, kBeat).Time(now).Int(alive_for.count()).Unsigned(epoch).Run().Changed();
  return changed == 1 ? Status() : tl::make_unexpected(store::OwnerGone(epoch));
}

Status TakeOver(Connection& connection, const ExperimentId& experiment, OwnerEpoch epoch,
                std::optional<Timestamp> now) {
  HONE_ASSIGN_OR_RETURN(const Live live, FindLive(connection, experiment));
  if (!IsRegistered(connection, epoch)) {
    return tl::make_unexpected(store::OwnerGone(epoch));
  }
  if (live.owner == epoch) {
    return {};
  }
  Use(connection, kBury).Unsigned(live.owner).Time(now).Run();
  if (IsRegistered(connection, live.owner)) {
    return tl::make_unexpected(store::OwnerAlive(experiment, live.owner));
  }
  Use(connection, "UPDATE experiments SET owner_epoch = $1 WHERE key = $2")
      .Unsigned(epoch)
      .Int(live.key)
      .Run();
  return {};
}

std::int64_t PostRequest(Connection& connection, const std::string& kind,
                         const std::string& payload, std::optional<Timestamp> now) {
  return Use(connection, kPost).Text(kind).Text(payload).Time(now).Run().GetInt(0, 0);
}

Status AnswerRequest(Connection& connection, std::int64_t id, const std::string& reply,
                     std::optional<Timestamp> now) {
  const Rows found =
      Use(connection, "SELECT answered FROM requests WHERE id = $1 FOR UPDATE").Int(id).Run();
  if (found.Count() == 0) {
    return tl::make_unexpected(store::NoRequest(id));
  }
  if (found.GetInt(0, 0) != 0) {
    return tl::make_unexpected(store::RequestAnswered(id));
  }
  Use(connection, kAnswer).Text(reply).Time(now).Int(id).Run();
  return {};
}

void ForgetRequests(Connection& connection, Duration ago, std::optional<Timestamp> now) {
  Use(connection, kForget).Time(now).Int(ago.count()).Run();
}

}  // namespace hone::postgres
