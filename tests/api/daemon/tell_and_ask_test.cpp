// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/tell_and_ask.h"

#include <optional>
#include <utility>

#include "tests/catch.h"

namespace hone::daemon {
namespace {

/// Both calls under the test's thumb.
struct Calls {
  Answer<pb::TellResponse> tell;
  Answer<pb::AskResponse> ask;
  std::optional<Result<pb::TellResponse>> answer;
  int answers = 0;
  int withdrawn = 0;
  bool asked = false;

  void Start(bool along) {
    const auto pair = std::make_shared<TellAndAsk>(
        [this](const Answer<pb::AskResponse>& given, const TellAndAsk::Leave& leave) {
          asked = true;
          ask = given;
          leave([this] { ++withdrawn; });
        },
        [this](Result<pb::TellResponse> both) {
          answer = std::move(both);
          ++answers;
        },
        TellAndAsk::Leave());
    pair->Start([this](const Answer<pb::TellResponse>& told) { tell = told; }, along);
  }
};

pb::TellResponse Recorded() {
  pb::TellResponse out;
  out.set_outcome(pb::TellResponse::RECORDED);
  return out;
}

pb::AskResponse OneTrial() {
  pb::AskResponse out;
  out.add_trials()->set_trial("t");
  return out;
}

TEST_CASE("tell and ask: answered once both are, whichever is first", "[api]") {
  const bool told_first = GENERATE(true, false);
  Calls calls;
  calls.Start(true);
  REQUIRE(calls.asked);
  if (told_first) {
    calls.tell(Recorded());
    CHECK(calls.answers == 0);
    calls.ask(OneTrial());
  } else {
    calls.ask(OneTrial());
    CHECK(calls.answers == 0);
    calls.tell(Recorded());
  }
  REQUIRE(calls.answers == 1);
  CHECK(calls.answer->value().outcome() == pb::TellResponse::RECORDED);
  CHECK(calls.answer->value().next().trials_size() == 1);
  CHECK(calls.withdrawn == 0);
}

TEST_CASE("tell and ask: a question that cannot go along is asked after the end", "[api]") {
  Calls calls;
  calls.Start(false);
  REQUIRE_FALSE(calls.asked);
  calls.tell(Recorded());
  REQUIRE(calls.asked);
  CHECK(calls.answers == 0);
  calls.ask(OneTrial());
  CHECK(calls.answers == 1);
}

TEST_CASE("tell and ask: an end that is refused takes the question back", "[api]") {
  Calls calls;
  calls.Start(true);
  calls.tell(Fail(Code::kUnavailable, "no store"));
  REQUIRE(calls.answers == 1);
  CHECK(calls.answer->error().code == Code::kUnavailable);
  CHECK(calls.withdrawn == 1);
  calls.ask(pb::AskResponse());  // what a withdrawn question is answered
  CHECK(calls.answers == 1);
}

TEST_CASE("tell and ask: the end counts, though the question has no answer", "[api]") {
  Calls calls;
  calls.Start(true);
  calls.ask(Fail(Code::kFailedPrecondition, "the experiment is stopped; resume it first"));
  calls.tell(Recorded());
  REQUIRE(calls.answers == 1);
  CHECK(calls.answer->value().outcome() == pb::TellResponse::RECORDED);
  CHECK_FALSE(calls.answer->value().has_next());
}

}  // namespace
}  // namespace hone::daemon
