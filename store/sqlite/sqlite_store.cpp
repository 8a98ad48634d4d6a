// SPDX-License-Identifier: Apache-2.0
// Opening, and the writing half; the reading half is in sqlite_read.cpp.
#include "store/sqlite/sqlite_store.h"

#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "store/checks.h"
#include "store/sqlite/catalog_writes.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/sqlite_parts.h"
#include "store/sqlite/steps.h"

namespace hone {
namespace {

using sqlite::Access;
using sqlite::Connection;
using sqlite::Try;

// Long enough for a person who asks what became of a request.
constexpr Duration kKeepRequests = std::chrono::hours(24 * 7);

Error ReadOnly() {
  return {Code::kFailedPrecondition, "the store was opened for reading", {}};
}

/// Says what is wrong with the folder or file in the words of the system; SQLite only says that it
/// cannot open.
Status CheckPath(const std::filesystem::path& path, bool read_only) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const std::string& wanted = read_only ? path.string() : folder.string();
  const int mode = read_only ? R_OK : R_OK | W_OK | X_OK;
  if (::access(wanted.c_str(), mode) != 0) {
    return tl::make_unexpected(ErrnoError(errno, "open " + wanted));
  }
  return {};
}

Result<std::unique_ptr<Connection>> OpenOwner(const std::filesystem::path& path,
                                              const SqliteOptions& options, Timestamp now) {
  HONE_ASSIGN_OR_RETURN(auto connection, Try("open " + path.string(), [&] {
                          return std::make_unique<Connection>(path, Access::kCreate,
                                                              options.busy_timeout);
                        }));
  HONE_RETURN_IF_ERROR(sqlite::Migrate(*connection, options.migrations, now));
  HONE_RETURN_IF_ERROR(
      Try("tidy requests", [&] { sqlite::ForgetRequests(*connection, now - kKeepRequests); }));
  return connection;
}

/// A guest neither creates nor migrates: the schema must be there, and be this one.
Status CheckSchema(const std::filesystem::path& path, const SqliteOptions& options) {
  return Try("open " + path.string(), [&]() -> Status {
    Connection connection(path, sqlite::ReadAccess(path), options.busy_timeout);
    HONE_ASSIGN_OR_RETURN(const int applied,
                          sqlite::AppliedMigrations(connection, options.migrations));
    if (applied == 0) {
      return Fail(Code::kNotFound, path.string() + " is empty: its first engine was ended early");
    }
    if (static_cast<std::size_t>(applied) < options.migrations.size()) {
      return Fail(Code::kFailedPrecondition,
                  path.string() + " has schema " + std::to_string(applied) + ", this hone needs " +
                      std::to_string(options.migrations.size()) +
                      ": it is brought up to date when an engine opens it");
    }
    return {};
  });
}

}  // namespace

Status SqliteStore::Parts::Write(std::function<Status(Connection&)> apply) {
  return writer ? writer->Run(std::move(apply)) : tl::make_unexpected(ReadOnly());
}

SqliteStore::SqliteStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

SqliteStore::~SqliteStore() {
  if (parts_->writer) {
    parts_->writer->Finish();
  }
  // The writer's connection closes last: only it may copy the log back and remove it.
  parts_->watcher.WithLock([](auto& watcher) { watcher.reset(); });
  parts_->readers.Close();
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::Create(const std::filesystem::path& path,
                                                         const SqliteOptions& options) {
  HONE_RETURN_IF_ERROR(CheckPath(path, options.read_only));
  HONE_RETURN_IF_ERROR(sqlite::CheckFile(path, options.migrations));
  std::unique_ptr<Parts> parts(new Parts{
      .path = path, .options = options, .system_clock = {}, .watcher = {}, .writer = nullptr});
  if (options.read_only) {
    HONE_RETURN_IF_ERROR(CheckSchema(path, options));
  } else {
    HONE_ASSIGN_OR_RETURN(auto connection, OpenOwner(path, options, parts->Now()));
    HONE_ASSIGN_OR_RETURN(auto last, sqlite::LastCommit::Open(*connection, path));
    parts->writer = std::make_unique<sqlite::Writer>(
        std::move(connection), std::move(last),
        store::WriteQueueLimits{.items = options.batch_items, .bytes = options.batch_bytes});
  }
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(parts)));
}

void SqliteStore::Append(LedgerStep step, Ledger::Done done) {
  if (!parts_->writer) {
    done(tl::make_unexpected(ReadOnly()));
    return;
  }
  // A step that cannot be encoded takes its place in the order all the same.
  auto encoded = std::make_shared<const Result<store::EncodedStep>>(
      store::EncodeStep(std::move(step)));  // shared: std::function copies
  parts_->writer->Submit({.apply = [encoded](Connection& connection) -> Status {
                            return encoded->has_value() ? sqlite::ApplyStep(connection, **encoded)
                                                        : tl::make_unexpected(encoded->error());
                          },
                          .done = std::move(done),
                          .bytes = encoded->has_value() ? (*encoded)->bytes : 0,
                          .lazy = encoded->has_value() && (*encoded)->lazy});
}

void SqliteStore::MarkDone(const ExperimentId& experiment, Version seq, std::uint32_t n) {
  if (!parts_->writer) {
    return;  // a guest carries no commands out
  }
  parts_->writer->Submit({.apply = [experiment, seq, n](Connection& connection) -> Status {
                            sqlite::RemoveCommand(connection, experiment, seq, n);
                            return {};
                          },
                          .done = nullptr,
                          .bytes = 0,
                          .lazy = true});
}

Status SqliteStore::WriteSnapshot(const ExperimentId& experiment, Version seq,
                                  std::string_view payload) {
  return parts_->Write([&](Connection& connection) {
    return sqlite::PutSnapshot(connection, experiment, seq, payload);
  });
}

void SqliteStore::Record(ObservationBatch batch, Observations::Done done) {
  if (!parts_->writer) {
    done(tl::make_unexpected(ReadOnly()));
    return;
  }
  auto encoded = std::make_shared<const store::EncodedBatch>(
      store::EncodeBatch(std::move(batch)));  // shared: std::function copies
  parts_->writer->Submit(
      {.apply =
           [encoded](Connection& connection) { return sqlite::ApplyBatch(connection, *encoded); },
       .done = std::move(done),
       .bytes = encoded->bytes});
}

Status SqliteStore::ReplaceRows(const ExperimentId& experiment, const Projection& projection) {
  return parts_->Write([&](Connection& connection) {
    return sqlite::ReplaceRows(connection, experiment, projection);
  });
}

Status SqliteStore::RemoveRecords(const ExperimentId& experiment, TrialNumber through) {
  return parts_->Write([&](Connection& connection) {
    return sqlite::RemoveRecords(connection, experiment, through);
  });
}

Status SqliteStore::DeleteExperiment(const ExperimentId& experiment, OwnerEpoch epoch,
                                     Timestamp now) {
  return parts_->Write([&](Connection& connection) {
    return sqlite::DeleteExperiment(connection, experiment, epoch, now);
  });
}

Status SqliteStore::Adopt(LedgerStep step, std::vector<ObservationBatch> batches) {
  HONE_RETURN_IF_ERROR(store::CheckAdoption(step, batches));
  HONE_ASSIGN_OR_RETURN(const store::EncodedStep encoded, store::EncodeStep(std::move(step)));
  std::vector<store::EncodedBatch> rows;
  rows.reserve(batches.size());
  for (ObservationBatch& batch : batches) {
    rows.push_back(store::EncodeBatch(std::move(batch)));
  }
  return parts_->Write(
      [&](Connection& connection) { return sqlite::ApplyAdoption(connection, encoded, rows); });
}

Result<OwnerEpoch> SqliteStore::RegisterOwner(const std::string& owner, Duration alive_for) {
  OwnerEpoch epoch = 0;
  HONE_RETURN_IF_ERROR(parts_->Write([&](Connection& connection) -> Status {
    epoch = sqlite::RegisterOwner(connection, owner, parts_->Now() + alive_for);
    return {};
  }));
  return epoch;
}

Status SqliteStore::Heartbeat(OwnerEpoch epoch, Duration alive_for) {
  return parts_->Write([&](Connection& connection) {
    return sqlite::Heartbeat(connection, epoch, parts_->Now() + alive_for);
  });
}

Status SqliteStore::TakeOver(const ExperimentId& experiment, OwnerEpoch epoch) {
  return parts_->Write([&](Connection& connection) {
    return sqlite::TakeOver(connection, experiment, epoch, parts_->Now());
  });
}

Result<std::int64_t> SqliteStore::PostRequest(const std::string& kind, const std::string& payload) {
  std::int64_t id = 0;
  const auto post = [&](Connection& connection) {
    id = sqlite::PostRequest(connection, kind, payload, parts_->Now());
  };
  // A guest writes this one row over a connection that it closes again at once.
  const auto post_as_guest = [&] {
    Connection connection(parts_->path, Access::kWrite, parts_->options.busy_timeout);
    connection.Begin();
    post(connection);
    connection.Commit();
  };
  if (parts_->writer) {
    HONE_RETURN_IF_ERROR(parts_->Write([&](Connection& connection) -> Status {
      post(connection);
      return {};
    }));
  } else {
    HONE_RETURN_IF_ERROR(Try("post a request", post_as_guest));
  }
  return id;
}

Status SqliteStore::AnswerRequest(std::int64_t id, const std::string& reply) {
  return parts_->Write([&](Connection& connection) {
    return sqlite::AnswerRequest(connection, id, reply, parts_->Now());
  });
}

}  // namespace hone
