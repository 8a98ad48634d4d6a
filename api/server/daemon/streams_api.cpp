// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/streams_api.h"

#include <algorithm>
#include <utility>

#include "api/server/daemon/convert.h"
#include "api/server/daemon/event_feed.h"
#include "api/server/daemon/experiments_api.h"

namespace hone::daemon {
namespace {

constexpr std::size_t kEventsAtOnce = 256;
constexpr std::uint64_t kBytesAtOnce = 64 << 10;
/// How soon a log that is followed tells what is new.
constexpr Duration kLookEvery = std::chrono::milliseconds(50);

class EventSource final : public Source {
 public:
  EventSource(EventFeed& feed, Position position, std::string uid, auth::Pass pass)
      : feed_(feed), position_(position), uid_(std::move(uid)), pass_(std::move(pass)) {}

  Result<std::vector<Told>> Next() override {
    HONE_ASSIGN_OR_RETURN(const ToldEvents events, feed_.After(position_, kEventsAtOnce));
    std::vector<Told> out;
    for (const auto& event : events) {
      position_ = event->position;
      const bool is_asked = uid_.empty() || event->uid == uid_;
      if (is_asked && pass_.MayEnter(event->name_space)) {
        out.push_back(event->bytes);
      }
    }
    return out;
  }
  void Await(Task wake) override { feed_.Await(position_, std::move(wake)); }

 private:
  EventFeed& feed_;
  Position position_;
  std::string uid_;
  auth::Pass pass_;  // no token is for the empty namespace
};

class LogSource final : public Source {
 public:
  LogSource(const Parts& parts, TrialId id, Attempt attempt, const pb::GetLogsRequest& request)
      : parts_(parts),
        id_(std::move(id)),
        attempt_(attempt),
        offset_(static_cast<std::uint64_t>(request.offset())),
        follow_(request.follow()) {}

  Result<std::vector<Told>> Next() override {
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
      return std::vector<Told>();
    }
    chunk.set_offset(static_cast<std::int64_t>(offset_));
    chunk.set_data(std::move(data));
    offset_ += read;
    return std::vector<Told>{std::make_shared<const std::string>(chunk.SerializeAsString())};
  }
  [[nodiscard]] bool Over() const override { return over_; }
  void Await(Task wake) override { parts_.watchers.PostAfter(kLookEvery, std::move(wake)); }

 private:
  bool HasEnded() {
    const auto row = RowOf(parts_, id_);
    return !row || row->attempt != attempt_ || row->ended_at != Timestamp();
  }

  Parts parts_;
  TrialId id_;
  Attempt attempt_;
  std::uint64_t offset_;
  bool follow_;
  bool over_ = false;
  std::unique_ptr<ByteSource> bytes_;
};

}  // namespace

Result<std::unique_ptr<Source>> Watch(const Parts& parts, const Caller& caller,
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
    HONE_ASSIGN_OR_RETURN(position, parts.feed.Now());
  }
  return std::make_unique<EventSource>(parts.feed, position, std::move(uid), caller.pass);
}

Result<std::unique_ptr<Source>> Logs(const Parts& parts, const pb::GetLogsRequest& request) {
  if (request.offset() < 0) {
    return Fail(Code::kInvalidArgument, "must be >= 0", "offset");
  }
  if (request.attempt() < 0) {
    return Fail(Code::kInvalidArgument, "must be >= 0", "attempt");
  }
  HONE_ASSIGN_OR_RETURN(const TrialId id, parts.store.FindTrial(request.trial()));
  const auto row = RowOf(parts, id);
  const Attempt last = row ? std::max<Attempt>(row->attempt, 1) : 1;
  const Attempt attempt = request.attempt() > 0 ? static_cast<Attempt>(request.attempt()) : last;
  return std::make_unique<LogSource>(parts, id, attempt, request);
}

}  // namespace hone::daemon
