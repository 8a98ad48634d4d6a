// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/explain_text.h"

#include "tests/apps/story.h"
#include "tests/catch.h"

using hone::EndingKind;
using hone::cli::ExplainExperiment;
using hone::cli::ExplainTrial;
using hone::test::Story;
namespace event = hone::event;

namespace {

std::string Explain(const Story& story, hone::TrialNumber number) {
  return ExplainTrial(story.state(), number, story.now());
}

}  // namespace

TEST_CASE("explain: a trial's life, state by state", "[apps]") {
  Story story;
  story.Tell(event::TrialsReserved{1, 1});
  const std::string trial = "Trial " + story.NameOf(1);
  CHECK(Explain(story, 1) ==
        trial + " is reserved: the search algorithm has been asked for its parameters.");
  event::TrialProposed proposed;
  proposed.trial = 1;
  proposed.values = {{"0.05", true}, {"sgd", true}};
  story.Tell(proposed);
  CHECK(Explain(story, 1) == trial +
                                 " is pending: it waits for a free slot to be started, 0 of 3 of "
                                 "this experiment are in use.");
  story.Tell(event::TrialLaunched{1, 1, "here"});
  CHECK(Explain(story, 1) ==
        trial + " is pending: attempt 1 was ordered and has not been seen to run yet.");
  story.Run(1).At(5);
  CHECK(Explain(story, 1) == trial + " runs since 1970-01-02T00:00:00Z (5.0 s), pid 4711.");
  story.Tell(
      event::TrialStopRequested{1, 1, event::TrialStopRequested::Cause::kInterrupted, "stopped"});
  CHECK(Explain(story, 1) == trial +
                                 " runs since 1970-01-02T00:00:00Z (5.0 s), pid 4711; it was asked "
                                 "to end: stopped.");
  story.Tell(event::TrialRequeued{1, 1, EndingKind::kStopped, "stopped"});
  CHECK(Explain(story, 1) ==
        trial +
            " is pending (stopped): it waits for a free slot to be started again, 0 of 3 of "
            "this experiment are in use.");
  story.Tell(event::TrialLaunched{1, 2, "here"}).Run(1).At(8).Succeed(1, "0.5");
  CHECK(Explain(story, 1) == trial + " succeeded after 3.0 s in attempt 2: it reported loss=0.5.");
  story.Tell(event::BestChanged{1});
  CHECK(Explain(story, 1) ==
        trial + " succeeded after 3.0 s in attempt 2: it reported loss=0.5, the best so far.");
}

TEST_CASE("explain: how a trial ended badly", "[apps]") {
  Story story;
  story.Launch().Run(1).Launch().Run(2).Launch().Run(3).At(3);
  story.Fail(1, "exit code 1; last lines: boom");
  CHECK(Explain(story, 1) ==
        "Trial " + story.NameOf(1) + " failed after 3.0 s: exit code 1; last lines: boom.");
  event::TrialFailed silent{{2, 1, story.state().Find(2)->started_at, story.now(), {}},
                            {EndingKind::kMetricMissing, 0, 0, "it never reported 'loss'"}};
  story.Tell(silent);
  CHECK(Explain(story, 2) ==
        "Trial " + story.NameOf(2) +
            " counts as failed (metrics unavailable) after 3.0 s: it never reported 'loss'.");
  story.Tell(event::TrialKilled{{3, 1, {}, story.now(), {}}, "the experiment ended: goal reached"});
  CHECK(Explain(story, 3) == "Trial " + story.NameOf(3) +
                                 " was killed before it was started: the experiment ended: goal "
                                 "reached.");
}

TEST_CASE("explain: a trial that is paused at its rung, goes on, and goes no further", "[apps]") {
  Story story;
  story.Launch("0.05", "sgd", 3).Run(1).At(3).Pause(1, "0.5");
  const std::string trial = "Trial " + story.NameOf(1);
  CHECK(Explain(story, 1) == trial +
                                 " is paused at budget 3, with loss=0.5: the search algorithm may "
                                 "continue it with a larger budget.");
  story.Tell(event::BestChanged{1});
  CHECK(Explain(story, 1).find("with loss=0.5, the best so far: the search") != std::string::npos);
  CHECK(ExplainExperiment(story.state(), true).find("Trials: 1 paused.") != std::string::npos);
  story.Tell(event::TrialResumed{1, 2, 3, 9, "t", {}, "rung 2", false});
  CHECK(Explain(story, 1).find(" is pending: it waits for a free slot to be started again") !=
        std::string::npos);
  story.Tell(event::TrialLaunched{1, 2, "here"}).Run(1).At(10);
  CHECK(Explain(story, 1) ==
        trial +
            " runs in attempt 2 since 1970-01-02T00:00:03Z (7.0 s), pid 4711. Its parameters: rung "
            "2.");
  story.Tell(event::TrialEarlyStopped{
      {1, 2, story.now(), story.now(), story.state().Find(1)->observation}, "enough"});
  CHECK(Explain(story, 1) == trial +
                                 " went no further than its pause at budget 3, with loss=0.5, the "
                                 "best so far: enough. Its parameters: rung 2.");
}

TEST_CASE("explain: an experiment tells why the last trial failed", "[apps]") {
  Story story;
  story.Launch().Run(1).Launch().Run(2).At(3);
  story.Fail(2, "exit code 2").At(4).Fail(1, "exit code 1");
  CHECK(ExplainExperiment(story.state(), true)
            .ends_with("Trials: 2 failed. The last that failed, " + story.NameOf(1) +
                       ": exit code 1."));
}

TEST_CASE("explain: a pending trial of a suspended experiment waits for a person", "[apps]") {
  Story story;
  story.Launch().Tell(event::ExperimentSuspended{"interrupted", false});
  story.Tell(event::TrialRequeued{1, 1, EndingKind::kStopped, "interrupted"});
  CHECK(Explain(story, 1) == "Trial " + story.NameOf(1) +
                                 " is pending (interrupted): it waits until 'hone resume example' "
                                 "goes on.");
  CHECK(ExplainExperiment(story.state(), false) ==
        "Experiment example is suspended: interrupted; 'hone resume example' goes on. Trials: 1 "
        "pending.");
}

TEST_CASE("explain: an experiment that nobody drives is told from one that runs", "[apps]") {
  Story story;
  CHECK(ExplainExperiment(story.state(), true) ==
        "Experiment example waits for a free slot. Trials: no trials yet.");
  CHECK(ExplainExperiment(story.state(), false).find("no process drives it") != std::string::npos);
  story.Launch().Run(1);
  CHECK(ExplainExperiment(story.state(), true) == "Experiment example runs. Trials: 1 running.");
}
