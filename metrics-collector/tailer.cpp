// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/tailer.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace hone {
namespace {

constexpr std::uint64_t kStepBytes = 1U << 18U;
constexpr std::size_t kLongestLine = 64U << 10U;

std::string_view StripWord(std::string_view text) {
  constexpr std::string_view kWordChars =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+-_|=";
  return text.substr(0, text.find_last_not_of(kWordChars) + 1);
}

/// A line cut at an arbitrary byte, without its last word: half of a number is another number.
/// "loss = 0.12" also loses its "loss =", which would read as an empty value.
std::string_view CutAtWord(std::string_view text) {
  std::string_view kept = Trim(StripWord(text));
  if (kept.ends_with('=') || kept.ends_with(':')) {
    kept = StripWord(Trim(kept.substr(0, kept.size() - 1)));
  }
  return kept;
}

std::string_view WithoutCarriageReturn(std::string_view line) {
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

}  // namespace

Tailer::Tailer(std::unique_ptr<ByteSource> source, const MetricParser& parser, std::uint64_t offset)
    : source_(std::move(source)), parser_(parser), offset_(offset), read_up_to_(offset) {}

Result<TailStep> Tailer::Step(bool final) {
  TailStep step;
  step.offset_before = offset_;
  HONE_RETURN_IF_ERROR(SkipGap());
  std::string bytes;
  bool at_end = false;
  while (!at_end && bytes.size() < kStepBytes) {
    const auto read = source_->Read(read_up_to_ + bytes.size(), kStepBytes - bytes.size(), bytes);
    if (!read.has_value() && read.error().code == Code::kOutOfRange) {
      step.started_over = read.error().message;
      break;
    }
    if (!read.has_value()) {
      return tl::make_unexpected(read.error());
    }
    at_end = *read == 0;
  }
  TakeLines(bytes, step.records);
  if (!step.started_over.empty()) {
    StartOver();
    at_end = false;
  } else if (at_end) {
    HONE_ASSIGN_OR_RETURN(const std::uint64_t next, source_->SkipGap(read_up_to_));
    at_end = next == read_up_to_;  // else there is more behind the gap, for the next step
  }
  if (final && at_end && read_up_to_ > offset_) {
    EndLine(step.records);
  }
  step.offset_after = offset_;
  step.at_end = at_end;
  return step;
}

void Tailer::StartOver() {
  offset_ = 0;
  read_up_to_ = 0;
  partial_.clear();
  cutting_ = false;
}

/// What was cut out of the log ends the line before it, half of which is worth nothing.
Status Tailer::SkipGap() {
  HONE_ASSIGN_OR_RETURN(const std::uint64_t next, source_->SkipGap(read_up_to_));
  if (next > read_up_to_) {
    partial_.clear();
    cutting_ = false;
    read_up_to_ = next;
    offset_ = next;
  }
  return {};
}

void Tailer::TakeLines(std::string_view bytes, Records& out) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view line = bytes.substr(0, end);
    if (end == std::string_view::npos) {
      TakePart(line, out);
      return;
    }
    if (partial_.empty() && !cutting_ && line.size() <= kLongestLine) {
      parser_.ParseLine(WithoutCarriageReturn(line), out);
      read_up_to_ += line.size() + 1;
      offset_ = read_up_to_;
    } else {
      TakePart(line, out);
      ++read_up_to_;
      EndLine(out);
    }
    ++lines_before_;
    bytes.remove_prefix(end + 1);
  }
}

/// Takes bytes without LF.
void Tailer::TakePart(std::string_view bytes, Records& out) {
  while (!bytes.empty()) {
    if (cutting_) {
      bytes.remove_prefix(SkipRest(bytes, out));
      continue;
    }
    const std::size_t taken = std::min(bytes.size(), kLongestLine - partial_.size());
    partial_ += bytes.substr(0, taken);
    read_up_to_ += taken;
    bytes.remove_prefix(taken);
    if (!bytes.empty()) {
      Overflow(out);
    }
  }
}

/// Drops what is left of a cut line. @returns bytes taken
std::size_t Tailer::SkipRest(std::string_view bytes, Records& out) {
  const std::size_t end = bytes.find('\r');
  const bool ends = end != std::string_view::npos;
  const std::size_t taken = ends ? end + 1 : bytes.size();
  read_up_to_ += taken;
  if (ends) {
    EndLine(out);
  }
  return taken;
}

/// The line is longer than partial_ may be: makes room at its last CR, or cuts it.
void Tailer::Overflow(Records& out) {
  const std::size_t last = partial_.rfind('\r');
  if (last == std::string::npos) {
    cutting_ = true;
    return;
  }
  parser_.ParseLine(std::string_view(partial_).substr(0, last), out);
  partial_.erase(0, last + 1);
  offset_ += last + 1;
}

void Tailer::EndLine(Records& out) {
  parser_.ParseLine(cutting_ ? CutAtWord(partial_) : WithoutCarriageReturn(partial_), out);
  partial_.clear();
  cutting_ = false;
  offset_ = read_up_to_;
}

}  // namespace hone
