// SPDX-License-Identifier: Apache-2.0
// TensorFlow event files: the input as a message, and as a file that comes in pieces.
#include <algorithm>
#include <memory>

#include "base/check.h"
#include "metrics-collector/event_tailer.h"
#include "tests/fuzz/fuzz.h"

namespace hone {
namespace {

class Pieces final : public ByteSource {
 public:
  explicit Pieces(std::string_view bytes) : bytes_(bytes) {}
  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit, std::string& out) override {
    HONE_CHECK(offset <= bytes_.size(), "nothing is asked for beyond the end");
    constexpr std::uint64_t kPiece = 7;
    const std::string_view piece = bytes_.substr(offset, std::min(limit, kPiece));
    out += piece;
    return piece.size();
  }

 private:
  std::string_view bytes_;
};

}  // namespace
}  // namespace hone

void hone::fuzz::FuzzOne(std::string_view input) {
  const EventMetrics metrics({"loss", "validation/acc"}, "/logs/validation");
  std::vector<MetricRecord> records;
  static_cast<void>(ParseEvent(input, metrics, records));  // either answer is right
  EventTailer tailer(std::make_unique<Pieces>(input), metrics, 0);
  bool at_end = false;
  while (!at_end) {
    const auto step = tailer.Step(true);
    HONE_CHECK(step.has_value(), "this source has no errors");
    HONE_CHECK(step->offset_after >= step->offset_before && step->offset_after <= input.size(),
               "reading goes forwards");
    at_end = step->at_end;
  }
}
