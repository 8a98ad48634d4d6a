// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/event_tailer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "metrics-collector/record_frame.h"

namespace hone {
namespace {

constexpr std::uint64_t kMostARead = std::uint64_t{256} << 10U;
constexpr std::uint64_t kLongestFrame = std::uint64_t{1} << 20U;
constexpr std::uint64_t kMostBelieved = std::uint64_t{1} << 40U;  // of a length, whose sum is right
constexpr std::size_t kHeader = 12;                               // length, checksum of it
constexpr std::size_t kChecksum = 4;                              // of the data, behind it

template <class Number>
Number NumberAt(std::string_view bytes, std::size_t at) {
  Number number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

}  // namespace

bool IsEventFile(std::string_view path) {
  return path.substr(path.rfind('/') + 1).find("tfevents") != std::string_view::npos;
}

EventTailer::EventTailer(std::unique_ptr<ByteSource> source, EventMetrics metrics,
                         std::uint64_t offset)
    : source_(std::move(source)), metrics_(std::move(metrics)), frame_(offset), read_to_(offset) {}

Result<TailStep> EventTailer::Step(bool final) {
  TailStep step;
  step.offset_before = frame_;
  step.offset_after = frame_;
  if (lost_) {
    return step;
  }
  const Result<std::uint64_t> got = source_->Read(read_to_, kMostARead, pending_);
  if (!got.has_value() && got.error().code == Code::kOutOfRange) {
    step.started_over = got.error().message;
    step.offset_after = 0;
    step.at_end = false;
    frame_ = read_to_ = skip_ = 0;
    pending_.clear();
    return step;
  }
  if (!got.has_value()) {
    return tl::make_unexpected(got.error());
  }
  read_to_ += *got;
  std::string_view rest = pending_;
  while (TakeFrame(rest, step)) {
  }
  pending_.erase(0, pending_.size() - rest.size());
  step.offset_after = frame_;
  step.at_end = *got == 0 || lost_;
  if (final && step.at_end && !lost_ && read_to_ > frame_ && !told_short_) {
    told_short_ = true;
    Tell(step, "the last record is not whole");
  }
  return step;
}

/// Takes a whole frame off. @returns false if there is none
bool EventTailer::TakeFrame(std::string_view& rest, TailStep& step) {
  if (skip_ > 0) {
    return SkipLong(rest);
  }
  if (lost_ || rest.size() < kHeader) {
    return false;
  }
  const auto length = NumberAt<std::uint64_t>(rest, 0);
  const bool is_length = MaskedChecksum(rest.substr(0, 8)) == NumberAt<std::uint32_t>(rest, 8);
  if (!is_length || length > kMostBelieved) {
    Tell(step, "the checksum of a length is wrong: the rest of the file is left out");
    lost_ = true;
    return false;
  }
  const std::uint64_t whole = kHeader + length + kChecksum;
  if (length > kLongestFrame) {
    skip_ = whole;
    return SkipLong(rest);
  }
  if (rest.size() < whole) {
    return false;
  }
  const std::string_view data = rest.substr(kHeader, length);
  if (MaskedChecksum(data) != NumberAt<std::uint32_t>(rest, kHeader + length)) {
    Tell(step, "the checksum of a record is wrong: it is left out");
  } else if (!ParseEvent(data, metrics_, step.records)) {
    Tell(step, "a record is no event: it is left out");
  }
  rest.remove_prefix(whole);
  frame_ += whole;
  return true;
}

/// @returns whether the long frame's end was reached
bool EventTailer::SkipLong(std::string_view& rest) {
  const std::uint64_t taken = std::min<std::uint64_t>(skip_, rest.size());
  rest.remove_prefix(taken);
  skip_ -= taken;
  if (skip_ > 0) {
    return false;
  }
  frame_ = read_to_ - rest.size();
  return true;
}

void EventTailer::Tell(TailStep& step, const std::string& what) const {
  if (step.damaged.empty()) {
    step.damaged = "at byte " + std::to_string(frame_) + ": " + what;
  }
}

}  // namespace hone
