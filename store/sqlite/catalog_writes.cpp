// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/catalog_writes.h"

#include "core/event_codec.h"
#include "store/checks.h"
#include "store/columns.h"
#include "store/sqlite/steps.h"

namespace hone::sqlite {
namespace {

constexpr char kFindLive[] =
    "SELECT key, version, owner_epoch FROM experiments WHERE id = ? AND deleted = 0";

constexpr char kRemoveCommand[] = "DELETE FROM outbox WHERE experiment = ? AND seq = ? AND n = ?";

constexpr char kPutSnapshot[] =
    "INSERT INTO snapshots (experiment, seq, payload) VALUES (?, ?, ?) "
    "ON CONFLICT (experiment) DO UPDATE SET seq = excluded.seq, payload = excluded.payload "
    "WHERE excluded.seq >= seq";

constexpr char kReplaceExperiment[] =
    "UPDATE experiments SET phase = ?, reason = ?, algorithm = ?, objective = ?, trials = ?, "
    "running = ?, succeeded = ?, failed = ?, best_trial = ?, best_value = ?, ended_at = ? "
    "WHERE key = ?";

constexpr char kAddDeleted[] =
    "INSERT INTO events (experiment, seq, at, kind, payload) VALUES (?, ?, ?, ?, ?)";

constexpr char kMarkDeleted[] = "UPDATE experiments SET deleted = 1, version = ? WHERE key = ?";

constexpr const char* kDeleteRows[] = {
    "DELETE FROM observations WHERE trial BETWEEN ? AND ?",
    "DELETE FROM collector_offsets WHERE trial BETWEEN ? AND ?",
    "DELETE FROM trials WHERE trial BETWEEN ? AND ?",
};
constexpr char kDeleteEvents[] = "DELETE FROM events WHERE experiment = ? AND seq <= ?";
constexpr const char* kDeleteOfExperiment[] = {
    "DELETE FROM outbox WHERE experiment = ?",
    "DELETE FROM snapshots WHERE experiment = ?",
    "DELETE FROM artifacts WHERE experiment = ?",
};

struct Live {
  std::int64_t key = 0;
  Version version = 0;
  OwnerEpoch owner = 0;
};

Result<Live> FindLive(Connection& connection, const ExperimentId& experiment) {
  Use find(connection, kFindLive);
  if (!find.Text(experiment.text).Step()) {
    return tl::make_unexpected(store::NoExperiment(experiment));
  }
  return Live{find.GetInt(0), find.GetUnsigned(1), find.GetUnsigned(2)};
}

std::optional<Timestamp> AliveUntil(Connection& connection, OwnerEpoch epoch) {
  Use find(connection, "SELECT alive_until FROM controllers WHERE epoch = ?");
  return find.Unsigned(epoch).Step() ? find.GetTime(0) : std::nullopt;
}

}  // namespace

void RemoveCommand(Connection& connection, const ExperimentId& experiment, Version seq,
                   std::uint32_t n) {
  if (const auto key = connection.KeyOf(experiment)) {
    Use(connection, kRemoveCommand).Int(*key).Unsigned(seq).Int(n).Run();
  }
}

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
  Use(connection, "DELETE FROM trials WHERE trial BETWEEN ? AND ?")
      .Int(TrialKey(live.key, 0))
      .Int(TrialKey(live.key + 1, 0) - 1)
      .Run();
  PutTrials(connection, live.key, projection.trials);
  return {};
}

Status RemoveRecords(Connection& connection, const ExperimentId& experiment, TrialNumber through) {
  HONE_ASSIGN_OR_RETURN(const Live live, FindLive(connection, experiment));
  Use(connection, "DELETE FROM observations WHERE trial BETWEEN ? AND ?")
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
  // The new event first: SQLite gives the largest position + 1, and none may come twice.
  Use(connection, kAddDeleted)
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

OwnerEpoch RegisterOwner(Connection& connection, const std::string& owner, Timestamp alive_until) {
  std::optional<std::int64_t> former;
  if (Use find(connection, "SELECT epoch FROM controllers WHERE owner = ?");
      find.Text(owner).Step()) {
    former = find.GetInt(0);
  }
  Use(connection, "DELETE FROM controllers WHERE owner = ?").Text(owner).Run();
  Use(connection, "INSERT INTO controllers (owner, alive_until) VALUES (?, ?)")
      .Text(owner)
      .Int(alive_until.time_since_epoch().count())
      .Run();
  const std::int64_t epoch = connection.database().getLastInsertRowid();
  if (former) {
    Use(connection, "UPDATE experiments SET owner_epoch = ? WHERE owner_epoch = ?")
        .Int(epoch)
        .Int(*former)
        .Run();
  }
  return static_cast<OwnerEpoch>(epoch);
}

Status Heartbeat(Connection& connection, OwnerEpoch epoch, Timestamp alive_until) {
  const int changed = Use(connection, "UPDATE controllers SET alive_until = ? WHERE epoch = ?")
                          .Int(alive_until.time_since_epoch().count())
                          .Unsigned(epoch)
                          .Run();
  return changed == 1 ? Status() : tl::make_unexpected(store::OwnerGone(epoch));
}

Status TakeOver(Connection& connection, const ExperimentId& experiment, OwnerEpoch epoch,
                Timestamp now) {
  HONE_ASSIGN_OR_RETURN(const Live live, FindLive(connection, experiment));
  if (!AliveUntil(connection, epoch)) {
    return tl::make_unexpected(store::OwnerGone(epoch));
  }
  if (live.owner == epoch) {
    return {};
  }
  if (const std::optional<Timestamp> alive_until = AliveUntil(connection, live.owner)) {
    if (*alive_until > now) {
      return tl::make_unexpected(store::OwnerAlive(experiment, live.owner));
    }
    // Declared dead: it must not come back under this epoch.
    Use(connection, "DELETE FROM controllers WHERE epoch = ?").Unsigned(live.owner).Run();
  }
  Use(connection, "UPDATE experiments SET owner_epoch = ? WHERE key = ?")
      .Unsigned(epoch)
      .Int(live.key)
      .Run();
  return {};
}

std::int64_t PostRequest(Connection& connection, const std::string& kind,
                         const std::string& payload, Timestamp now) {
  Use(connection, "INSERT INTO requests (kind, payload, posted_at) VALUES (?, ?, ?)")
      .Text(kind)
      .Text(payload)
      .Int(now.time_since_epoch().count())
      .Run();
  return connection.database().getLastInsertRowid();
}

Status AnswerRequest(Connection& connection, std::int64_t id, const std::string& reply,
                     Timestamp now) {
  Use find(connection, "SELECT answered FROM requests WHERE id = ?");
  if (!find.Int(id).Step()) {
    return tl::make_unexpected(store::NoRequest(id));
  }
  if (find.GetInt(0) != 0) {
    return tl::make_unexpected(store::RequestAnswered(id));
  }
  Use(connection, "UPDATE requests SET answered = 1, reply = ?, answered_at = ? WHERE id = ?")
      .Text(reply)
      .Int(now.time_since_epoch().count())
      .Int(id)
      .Run();
  return {};
}

void ForgetRequests(Connection& connection, Timestamp then) {
  Use(connection, "DELETE FROM requests WHERE answered = 1 AND answered_at < ?")
      .Int(then.time_since_epoch().count())
      .Run();
}

}  // namespace hone::sqlite
