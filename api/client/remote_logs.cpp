// SPDX-License-Identifier: Apache-2.0
#include "api/client/remote_logs.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <utility>

#include "api/proto/hone/v1/hone.grpc.pb.h"

namespace hone::client {
namespace {

namespace pb = ::hone::v1;

constexpr Duration kWithin = std::chrono::minutes(5);  // of all that is there at one time

class RemoteLog final : public ByteSource {
 public:
  RemoteLog(const Channel& channel, std::string trial, std::uint32_t attempt)
      : channel_(channel),
        stub_(pb::Trials::NewStub(channel.ToDaemon())),
        trial_(std::move(trial)),
        attempt_(attempt) {}

  ~RemoteLog() override { Leave(); }
  RemoteLog(const RemoteLog&) = delete;
  RemoteLog& operator=(const RemoteLog&) = delete;

  Result<std::uint64_t> SkipGap(std::uint64_t offset) override {
    HONE_RETURN_IF_ERROR(Fetch(offset));
    return data_.empty() ? offset : at_;
  }

  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit, std::string& out) override {
    HONE_RETURN_IF_ERROR(Fetch(offset));
    if (at_ != offset) {
      return 0;
    }
    const std::size_t count = std::min<std::uint64_t>(limit, data_.size());
    out.append(data_, 0, count);
    data_.erase(0, count);
    at_ += count;
    return count;
  }

 private:
  /// Makes data_ what comes first from `offset` on; empty: nothing yet.
  Status Fetch(std::uint64_t offset) {
    if (!data_.empty() && (offset == at_ || offset == asked_)) {
      return {};
    }
    if (stream_ == nullptr || offset != at_) {
      Leave();
      Begin(offset);
    }
    asked_ = offset;
    at_ = offset;
    data_.clear();
    pb::LogChunk chunk;
    if (stream_->Read(&chunk)) {
      at_ = std::max(offset, static_cast<std::uint64_t>(chunk.offset()));
      data_ = std::move(*chunk.mutable_data());
      return {};
    }
    const auto status = stream_->Finish();
    stream_.reset();
    return channel_.Read(status);
  }

  void Begin(std::uint64_t offset) {
    pb::GetLogsRequest ask;
    ask.set_trial(trial_);
    ask.set_attempt(static_cast<std::int32_t>(attempt_));
    ask.set_offset(static_cast<std::int64_t>(offset));
    context_ = std::make_unique<grpc::ClientContext>();
    channel_.Prepare(*context_, kWithin);
    stream_ = stub_->Logs(context_.get(), ask);
  }

  void Leave() {
    if (stream_ != nullptr) {
      context_->TryCancel();
      static_cast<void>(stream_->Finish());
      stream_.reset();
    }
  }

  Channel channel_;
  std::unique_ptr<pb::Trials::Stub> stub_;
  std::string trial_;
  std::uint32_t attempt_;
  std::unique_ptr<grpc::ClientContext> context_;              // of stream_
  std::unique_ptr<grpc::ClientReader<pb::LogChunk>> stream_;  // null: ended
  std::uint64_t asked_ = 0;                                   // the offset that data_ answers
  std::uint64_t at_ = 0;                                      // offset of data_
  std::string data_;
};

}  // namespace

std::unique_ptr<ByteSource> OpenRemoteLog(const Channel& channel, std::string trial,
                                          std::uint32_t attempt) {
  return std::make_unique<RemoteLog>(channel, std::move(trial), attempt);
}

}  // namespace hone::client
