// SPDX-License-Identifier: Apache-2.0
// Opening, and the writing half; the reading half is in postgres_read.cpp.
#include "store/postgres/postgres_store.h"

#include "store/checks.h"
#include "store/postgres/catalog_writes.h"
#include "store/postgres/migrate.h"
#include "store/postgres/postgres_parts.h"
#include "store/postgres/steps.h"

namespace hone {
namespace {

using postgres::Connection;

// Long enough for a person who asks what became of a request.
constexpr Duration kKeepRequests = std::chrono::hours(24 * 7);
constexpr Duration kMigrationTimeout = std::chrono::minutes(10);

Error ReadOnly() {
  return {Code::kFailedPrecondition, "the store was opened for reading", {}};
}

/// A guest neither creates nor migrates: the schema must be there, and be this one.
Status CheckSchema(Connection& connection, const PostgresOptions& options) {
  HONE_ASSIGN_OR_RETURN(const int applied,
                        postgres::AppliedMigrations(connection, options.migrations));
  if (applied == 0) {
    return Fail(Code::kNotFound, "the database has no tables of hone yet");
  }
  if (static_cast<std::size_t>(applied) < options.migrations.size()) {
    return Fail(Code::kFailedPrecondition,
                "the database has schema " + std::to_string(applied) + ", this hone needs " +
                    std::to_string(options.migrations.size()) +
                    ": it is brought up to date when an engine opens it");
  }
  return {};
}

Status Open(const postgres::Address& address, const PostgresOptions& options) {
  return postgres::Try("open " + address.shown, address.secrets, [&]() -> Status {
    Connection connection(address, kMigrationTimeout);
    if (options.read_only) {
      return CheckSchema(connection, options);
    }
    HONE_RETURN_IF_ERROR(postgres::Migrate(connection, options.migrations, SystemClock().Now()));
    const auto now = options.clock != nullptr ? std::optional(options.clock->Now()) : std::nullopt;
    postgres::ForgetRequests(connection, kKeepRequests, now);
    return {};
  });
}

}  // namespace

Result<std::string> ShownUrl(const std::string& url) {
  HONE_ASSIGN_OR_RETURN(const postgres::Address address, postgres::ReadUrl(url));
  return address.shown;
}

Status PostgresStore::Parts::Write(std::function<Status(Connection&)> apply) {
  return writer ? writer->Run(std::move(apply)) : tl::make_unexpected(ReadOnly());
}

PostgresStore::PostgresStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

PostgresStore::~PostgresStore() {
  if (parts_->writer) {
    parts_->writer->Finish();
  }
}

Result<std::unique_ptr<PostgresStore>> PostgresStore::Create(const std::string& url,
                                                             const PostgresOptions& options) {
  HONE_ASSIGN_OR_RETURN(postgres::Address address, postgres::ReadUrl(url));
  HONE_RETURN_IF_ERROR(Open(address, options));
  std::unique_ptr<Parts> parts(
      new Parts{.address = std::move(address), .options = options, .writer = nullptr});
  if (!options.read_only) {
    parts->writer = std::make_unique<postgres::Writer>(
        parts->address,
        postgres::WriterLimits{.queue = {.items = options.batch_items,
                                         .bytes = options.batch_bytes,
                                         .longest_gathering = postgres::kLongestGathering},
                               .patience = options.patience});
  }
  return std::unique_ptr<PostgresStore>(new PostgresStore(std::move(parts)));
}

void PostgresStore::Append(LedgerStep step, Ledger::Done done) {
  if (!parts_->writer) {
    done(tl::make_unexpected(ReadOnly()));
    return;
  }
  // A step that cannot be encoded takes its place in the order all the same.
  auto encoded =
      std::make_shared<const Result<store::EncodedStep>>(store::EncodeStep(std::move(step)));
  const std::size_t bytes = encoded->has_value() ? (*encoded)->bytes : 0;
  const bool lazy = encoded->has_value() && (*encoded)->lazy;
  parts_->writer->Submit(
      {.what = std::move(encoded), .done = std::move(done), .bytes = bytes, .lazy = lazy});
}

void PostgresStore::MarkDone(const ExperimentId& experiment, Version seq, std::uint32_t n) {
  if (!parts_->writer) {
    return;  // a guest carries no commands out
  }
  parts_->writer->Submit({.what = postgres::DoneCommand{experiment, seq, n},
                          .done = nullptr,
                          .bytes = 0,
                          .lazy = true});
}

Status PostgresStore::WriteSnapshot(const ExperimentId& experiment, Version seq,
                                    std::string_view payload) {
  return parts_->Write([&](Connection& connection) {
    return postgres::PutSnapshot(connection, experiment, seq, payload);
  });
}

void PostgresStore::Record(ObservationBatch batch, Observations::Done done) {
  if (!parts_->writer) {
    done(tl::make_unexpected(ReadOnly()));
    return;
  }
  auto encoded = std::make_shared<const store::EncodedBatch>(store::EncodeBatch(std::move(batch)));
  const std::size_t bytes = encoded->bytes;
  parts_->writer->Submit({.what = std::move(encoded), .done = std::move(done), .bytes = bytes});
}

Status PostgresStore::ReplaceRows(const ExperimentId& experiment, const Projection& projection) {
  return parts_->Write([&](Connection& connection) {
    return postgres::ReplaceRows(connection, experiment, projection);
  });
}

Status PostgresStore::RemoveRecords(const ExperimentId& experiment, TrialNumber through) {
  return parts_->Write([&](Connection& connection) {
    return postgres::RemoveRecords(connection, experiment, through);
  });
}

Status PostgresStore::DeleteExperiment(const ExperimentId& experiment, OwnerEpoch epoch,
                                       Timestamp now) {
  return parts_->Write([&](Connection& connection) {
    return postgres::DeleteExperiment(connection, experiment, epoch, now);
  });
}

Status PostgresStore::Adopt(LedgerStep step, std::vector<ObservationBatch> batches) {
  HONE_RETURN_IF_ERROR(store::CheckAdoption(step, batches));
  HONE_ASSIGN_OR_RETURN(const store::EncodedStep encoded, store::EncodeStep(std::move(step)));
  std::vector<store::EncodedBatch> rows;
  rows.reserve(batches.size());
  for (ObservationBatch& batch : batches) {
    rows.push_back(store::EncodeBatch(std::move(batch)));
  }
  return parts_->Write(
      [&](Connection& connection) { return postgres::ApplyAdoption(connection, encoded, rows); });
}

Result<OwnerEpoch> PostgresStore::RegisterOwner(const std::string& owner, Duration alive_for) {
  OwnerEpoch epoch = 0;
  HONE_RETURN_IF_ERROR(parts_->Write([&](Connection& connection) -> Status {
    epoch = postgres::RegisterOwner(connection, owner, alive_for, parts_->Now());
    return {};
  }));
  return epoch;
}

Status PostgresStore::Heartbeat(OwnerEpoch epoch, Duration alive_for) {
  return parts_->Write([&](Connection& connection) {
    return postgres::Heartbeat(connection, epoch, alive_for, parts_->Now());
  });
}

Status PostgresStore::TakeOver(const ExperimentId& experiment, OwnerEpoch epoch) {
  return parts_->Write([&](Connection& connection) {
    return postgres::TakeOver(connection, experiment, epoch, parts_->Now());
  });
}

Result<std::int64_t> PostgresStore::PostRequest(const std::string& kind,
                                                const std::string& payload) {
  if (!parts_->writer) {  // a guest writes this one row, over a reader's session
    return parts_->readers.Read("post a request", [&](Connection& connection) {
      return postgres::PostRequest(connection, parts_->Addressed(kind), payload, parts_->Now());
    });
  }
  std::int64_t id = 0;
  HONE_RETURN_IF_ERROR(parts_->Write([&](Connection& connection) -> Status {
    id = postgres::PostRequest(connection, parts_->Addressed(kind), payload, parts_->Now());
    return {};
  }));
  return id;
}

Status PostgresStore::AnswerRequest(std::int64_t id, const std::string& reply) {
  return parts_->Write([&](Connection& connection) {
    return postgres::AnswerRequest(connection, id, reply, parts_->Now());
  });
}

}  // namespace hone
