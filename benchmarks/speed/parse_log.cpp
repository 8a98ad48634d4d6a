// SPDX-License-Identifier: Apache-2.0
// parse_log FORMAT FILE METRIC ...: follows a log to its end as a collector does, and prints how
// long that took as one JSON object.
#include <chrono>
#include <cstdio>
#include <string>

#include "base/json.h"
#include "benchmarks/speed/measure.h"
#include "metrics-collector/event_tailer.h"
#include "metrics-collector/tailer.h"
#include "trial-runner/local/file_source.h"

namespace hone::bench {
namespace {

int Measure(LogReader& reader) {
  const auto start = std::chrono::steady_clock::now();
  std::size_t records = 0;
  TailStep step;
  do {
    auto next = reader.Step(true);
    if (!next.has_value()) {
      Die(next.error().Text());
    }
    step = *std::move(next);
    records += step.records.size();
  } while (!step.at_end);
  const nlohmann::json line{
      {"seconds", SecondsSince(start)}, {"bytes", step.offset_after}, {"records", records}};
  std::printf("%s\n", DumpJson(line).c_str());
  return 0;
}

int Run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3) {
    Die("usage: parse_log TEXT|JSON|TFEVENT FILE METRIC ...");
  }
  if (arguments[0] == "TFEVENT") {
    EventMetrics metrics({arguments.begin() + 2, arguments.end()}, "/");
    EventTailer tailer(local::OpenFileSource(arguments[1]), std::move(metrics), 0);
    return Measure(tailer);
  }
  CollectorSpec collector;
  collector.format = arguments[0] == "JSON" ? FileFormat::kJson : FileFormat::kText;
  Objective objective;
  objective.metric = arguments[2];
  objective.additional_metrics.assign(arguments.begin() + 3, arguments.end());
  const auto parser = MakeParser(collector, objective);
  if (!parser.has_value()) {
    Die(parser.error().Text());
  }
  Tailer tailer(local::OpenFileSource(arguments[1]), **parser, 0);
  return Measure(tailer);
}

}  // namespace
}  // namespace hone::bench

int main(int argc, char** argv) {
  return hone::bench::Run({argv + 1, argv + argc});
}
