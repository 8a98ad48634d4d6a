// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/streams_api.h"

#include <algorithm>
#include <map>
#include <utility>

#include "api/server/daemon/convert.h"
#include "api/server/daemon/experiments_api.h"

namespace hone::daemon {
namespace {

constexpr std::size_t kEventsAtOnce = 256;
constexpr std::uint64_t kBytesAtOnce = 64 << 10;

class EventSource final : public Source<pb::WatchResponse> {
 public:
  EventSource(Store& store, Position position, std::string uid, auth::Pass pass)
      : store_(store), position_(position), uid_(std::move(uid)), pass_(std::move(pass)) {}

  Result<std::vector<pb::WatchResponse>> Next() override {
    HONE_ASSIGN_OR_RETURN(const auto events, store_.ReadAll(position_, kEventsAtOnce));
    std::vector<pb::WatchResponse> out;
    for (const Positioned& event : events) {
      position_ = event.position;
      if (!uid_.empty() && event.experiment.text != uid_) {
        continue;
      }
      const Owner& owner = OwnerOf(event.experiment);
      if (pass_.MayEnter(owner.name_space)) {
        out.push_back(EventOf(event));
        out.back().set_name(owner.name);
      }
    }
    return out;
  }

 private:
  struct Owner {
    std::string name;
    std::string name_space;  // no token is for the empty one
  };

  /// Of a deleted one: empty.
  const Owner& OwnerOf(const ExperimentId& id) {
    if (const auto known = owners_.find(id); known != owners_.end()) {
      return known->second;
    }
    if (const auto rows = store_.ListExperiments()) {
      for (const ExperimentRow& row : *rows) {
        owners_[row.id] = {row.name, row.name_space};
      }
    }
    return owners_[id];
  }

  Store& store_;
  Position position_;
  std::string uid_;
  auth::Pass pass_;
  std::map<ExperimentId, Owner> owners_;
};

class LogSource final : public Source<pb::LogChunk> {
 public:
  LogSource(const Parts& parts, TrialId id, Attempt attempt, const pb::GetLogsRequest& request)
      : parts_(parts),
        id_(std::move(id)),
        attempt_(attempt),
        offset_(static_cast<std::uint64_t>(request.offset())),
        follow_(request.follow()) {}

  Result<std::vector<pb::LogChunk>> Next() override {
    // Asked before reading, so that what is written until the end is read.
    const bool ended = !follow_ || HasEnded();
    if (bytes_ == nullptr) {
      HONE_ASSIGN_OR_RETURN(bytes_, parts_.runner.OpenOutput(id_, attempt_, ""));
    }
    HONE_ASSIGN_OR_RETURN(offset_, bytes_->SkipGap(offset_));
    pb::LogChunk chunk;
    std::string data;
    HONE_ASSIGN_OR_RETURN(const std::uint64_t read, bytes_->Read(offset_, kBytesAtOnce, data));
    if (read == 0) {
      over_ = ended;
      return std::vector<pb::LogChunk>();
    }
    chunk.set_offset(static_cast<std::int64_t>(offset_));
    chunk.set_data(std::move(data));
    offset_ += read;
    return std::vector<pb::LogChunk>{std::move(chunk)};
  }
  [[nodiscard]] bool Over() const override { return over_; }

 private:
  bool HasEnded() {
    const auto rows = parts_.store.ListTrials(id_.experiment);
    if (!rows) {
      return true;
    }
    const auto row = std::ranges::find(*rows, id_.number, &TrialRow::number);
    return row == rows->end() || row->attempt != attempt_ || row->ended_at != Timestamp();
  }

  Parts parts_;
  TrialId id_;
  Attempt attempt_;
  std::uint64_t offset_;
  bool follow_;
  bool over_ = false;
  std::unique_ptr<ByteSource> bytes_;
};

/// The last position there is.
Result<Position> End(Store& store) {
  Position position = 0;
  while (true) {
    HONE_ASSIGN_OR_RETURN(const auto events, store.ReadAll(position, 10000));
    if (events.empty()) {
      return position;
    }
    position = events.back().position;
  }
}

}  // namespace

Result<std::unique_ptr<Source<pb::WatchResponse>>> Watch(const Parts& parts, const Caller& caller,
                                                         const pb::WatchRequest& request) {
  if (request.position() < -1) {
    return Fail(Code::kInvalidArgument, "must be >= -1", "position");
  }
  std::string uid;
  if (!request.name().empty()) {
    HONE_ASSIGN_OR_RETURN(const auto row, parts.store.FindExperiment(
                                              NamespaceOf(request.namespace_()), request.name()));
    uid = row.id.text;
  }
  auto position = static_cast<Position>(request.position());
  if (request.position() == -1) {
    HONE_ASSIGN_OR_RETURN(position, End(parts.store));
  }
  return std::make_unique<EventSource>(parts.store, position, std::move(uid), caller.pass);
}

Result<std::unique_ptr<Source<pb::LogChunk>>> Logs(const Parts& parts,
                                                   const pb::GetLogsRequest& request) {
  if (request.offset() < 0) {
    return Fail(Code::kInvalidArgument, "must be >= 0", "offset");
  }
  if (request.attempt() < 0) {
    return Fail(Code::kInvalidArgument, "must be >= 0", "attempt");
  }
  HONE_ASSIGN_OR_RETURN(const TrialId id, parts.store.FindTrial(request.trial()));
  HONE_ASSIGN_OR_RETURN(const auto rows, parts.store.ListTrials(id.experiment));
  const auto row = std::ranges::find(rows, id.number, &TrialRow::number);
  const Attempt last = row == rows.end() ? 1 : std::max<Attempt>(row->attempt, 1);
  const Attempt attempt = request.attempt() > 0 ? static_cast<Attempt>(request.attempt()) : last;
  return std::make_unique<LogSource>(parts, id, attempt, request);
}

}  // namespace hone::daemon
