// SPDX-License-Identifier: Apache-2.0
// What is written can be read again; tests/apps/tensorboard_test.cpp lets the real package read it.
#include "metrics-collector/event_writer.h"

#include <filesystem>

#include "metrics-collector/event_tailer.h"
#include "tests/catch.h"
#include "tests/metrics-collector/records.h"

namespace hone {
namespace {

class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit, std::string& out) override {
    const std::string part = text_.substr(std::min<std::size_t>(offset, text_.size()), limit);
    out += part;
    return part.size();
  }

 private:
  std::string text_;
};

TEST_CASE("event writer: a curve is read back with step and time", "[metrics-collector]") {
  const Timestamp at(std::chrono::milliseconds(1'700'000'000'250));
  std::string text = VersionRecord(at);
  text += PluginRecord(at, "loss", "hparams", "not a scalar");
  text += ScalarRecord(at, 7, "loss", 0.5F);
  text += ScalarRecord(at, 300, "loss", -2.0F);
  EventTailer tailer(std::make_unique<TextSource>(text), EventMetrics({"loss"}, "/runs"), 0);
  const auto step = tailer.Step(true);
  REQUIRE(step.has_value());
  CHECK(step->damaged.empty());
  CHECK(test::Show(step->records) ==
        std::vector<std::string>{"loss=0.5@2023-11-14T22:13:20.250000Z",
                                 "loss=-2@2023-11-14T22:13:20.250000Z"});
  REQUIRE(step->records.size() == 2);
  CHECK(step->records[1].step == 300.0);
}

}  // namespace
}  // namespace hone
