// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/view.h"

#include "tests/apps/story.h"
#include "tests/catch.h"

using hone::EndingKind;
using hone::Timestamp;
using hone::test::ExampleWith;
using hone::test::Story;
using namespace hone::cli;  // NOLINT(google-build-using-namespace): the subject of this file
namespace event = hone::event;

namespace {

constexpr std::size_t kWide = 300;

Timestamp Start() {
  return Story().now();
}

}  // namespace

TEST_CASE("view: the live line counts what is done, runs and failed, and shows the best",
          "[apps]") {
  Story story;
  CHECK(LiveLine(story.state(), Start(), story.now(), kWide) == "example: 0/10 done | 0.0 s");
  story.At(1).Launch("0.05", "sgd").Run(1).Launch("0.02", "adam").Run(2);
  CHECK(LiveLine(story.state(), Start(), story.now(), kWide) ==
        "example: 0/10 done, 2 running | 1.0 s");
  story.At(21).Succeed(1, "0.5").Tell(event::BestChanged{1}).Fail(2, "exit code 1");
  CHECK(LiveLine(story.state(), Start(), story.now(), kWide) ==
        "example: 2/10 done, 1 failed | 21 s, about 2 min 40 s left | best loss=0.5 by " +
            story.NameOf(1) + " (lr=0.05 opt=sgd)");
}

TEST_CASE("view: the live line fits into the terminal", "[apps]") {
  Story story;
  story.Launch().Run(1).Succeed(1, "0.5").Tell(event::BestChanged{1});
  const std::string line = LiveLine(story.state(), Start(), story.now(), 40);
  CHECK(line.size() == 40);
  CHECK(line.substr(37) == "...");
}

TEST_CASE("view: the time left is the work left over the trials that run", "[apps]") {
  Story story;
  story.Launch().Run(1);
  CHECK_FALSE(TimeLeft(story.state(), story.now()));  // nothing to estimate from
  story.At(10).Succeed(1, "1");
  CHECK(TimeLeft(story.state(), story.now()) == std::chrono::seconds(90));
  story.Launch().Run(2).Launch().Run(3);
  CHECK(TimeLeft(story.state(), story.now()) == std::chrono::seconds(45));
  story.At(14);  // both have run 4 of 10 seconds
  CHECK(TimeLeft(story.state(), story.now()) == std::chrono::seconds(41));
  story.At(1000);  // longer than the mean: they are as good as done
  CHECK(TimeLeft(story.state(), story.now()) == std::chrono::seconds(35));
}

TEST_CASE("view: without maxTrialCount nobody can say how long it takes", "[apps]") {
  Story story(ExampleWith("/spec/maxTrialCount", nullptr));
  story.Launch().Run(1).At(10).Succeed(1, "1");
  CHECK_FALSE(TimeLeft(story.state(), story.now()));
  CHECK(LiveLine(story.state(), Start(), story.now(), kWide) == "example: 1 done | 10 s");
}

TEST_CASE("view: each change that matters is one line", "[apps]") {
  Story story;
  const auto line = [&] { return ChangeLine(story.state(), story.last()); };
  CHECK(line().empty());  // created: run says so itself
  story.Launch();
  CHECK(line().empty());
  const std::string name = story.NameOf(1);
  story.Run(1);
  CHECK(line() == name + " runs: lr=0.05 opt=sgd");
  story.At(3).Succeed(1, "0.25");
  CHECK(line() == name + " succeeded after 3.0 s: loss=0.25 (1/10)");
  story.Tell(event::BestChanged{1});
  CHECK(line() == "best loss=0.25 by " + name + " (lr=0.05 opt=sgd)");
  story.Launch().Run(2).At(4).Fail(2, "exit code 1; last lines: \x1b[31mboom");
  CHECK(line() ==
        story.NameOf(2) + " failed after 1.0 s: exit code 1; last lines: \\x1b[31mboom (2/10)");
  story.Launch().Run(3).Tell(
      event::TrialRequeued{3, 1, EndingKind::kLost, "the machine restarted"});
  CHECK(line() == story.NameOf(3) + " waits to be started again: the machine restarted");
  story.Launch("0.05", "sgd", 3).Run(4).Pause(4, "0.5");
  CHECK(line() == story.NameOf(4) + " paused with budget 3: loss=0.5");
  CHECK(LiveLine(story.state(), Start(), story.now(), kWide)
            .find(", 1 waiting, 1 paused, 1 failed | 4.0 s | best") != std::string::npos);
  story.Tell(event::TrialResumed{4, 2, 3, 9, "t"});
  CHECK(line() == story.NameOf(4) + " goes on with budget 9");
  story.Tell(event::ExperimentSuspended{"interrupted", false});
  CHECK(line() == "suspended: interrupted");
  story.Tell(event::ExperimentResumed{});
  CHECK(line() == "resumed");
  story.Tell(event::ExperimentEnded{event::ExperimentEnded::Reason::kMaxFailedReached, "1 failed"});
  CHECK(line() == "failed: 1 failed");
}

TEST_CASE("view: the result names the best trial, its parameters and its logs", "[apps]") {
  Story story;
  story.Launch().Run(1).At(3).Succeed(1, "0.25").Tell(event::BestChanged{1});
  story.Tell(event::ExperimentEnded{event::ExperimentEnded::Reason::kGoalReached, "goal reached"});
  const std::string name = story.NameOf(1);
  CHECK(ResultText(story.state()) ==
        "experiment  example\n"
        "status      Succeeded: goal reached\n"
        "trials      1/10 done\n"
        "best trial  " +
            name +
            "\n"
            "objective   loss=0.25\n"
            "parameters  lr=0.05 opt=sgd\n"
            "logs        hone logs " +
            name + "\n");
  CHECK(ResultText(Story().state())
            .find("best trial  none: no trial has reported the objective "
                  "'loss'") != std::string::npos);
}
