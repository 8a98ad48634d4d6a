// SPDX-License-Identifier: Apache-2.0
// A workflow, a zero byte, and a text with tags, which is read as a condition, too. What can be
// decoded is walked through to its end.
#include "core/workflow/run.h"
#include "core/workflow/tags.h"
#include "core/workflow/when.h"
#include "core/workflow/workflow.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace hone;            // NOLINT(google-build-using-namespace): a fuzzer of one function
using namespace hone::workflow;  // NOLINT(google-build-using-namespace)

void Walk(const Workflow& workflow) {
  Run run(workflow, {.name = "n", .name_space = "s", .uid = "u"});
  Timestamp now{std::chrono::seconds(1)};
  for (int round = 0; round < 200 && !run.IsOver(); ++round) {
    now += std::chrono::hours(1);
    for (const ReadyStep& step : run.Advance(now, 4)) {
      StepEnd end{.succeeded = round % 3 != 2};
      end.result = "[1,2]";
      [[maybe_unused]] const auto text = FillTags(
          step.what->container, [&](std::string_view tag) { return run.ValueIn(step, {}, tag); });
      run.Finish(step.id, std::move(end), now);
    }
  }
  [[maybe_unused]] const std::string status = StatusOf(run, now, now);
}

}  // namespace

void hone::fuzz::FuzzOne(std::string_view input) {
  const std::string object(TakePart(input));
  Problems problems;
  const Workflow workflow = DecodeWorkflow(object, "x", problems);
  if (!problems.HasErrors()) {
    [[maybe_unused]] const auto width = WidthOf(workflow);
    Walk(workflow);
  }
  const TagValue value = [](std::string_view tag) -> Result<std::string> {
    return std::string(tag);
  };
  [[maybe_unused]] const auto filled = FillTags(input, value);
  [[maybe_unused]] const auto holds = Holds(input, value);
}
