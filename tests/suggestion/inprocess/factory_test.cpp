// SPDX-License-Identifier: Apache-2.0
#include "suggestion/inprocess/factory.h"

#include <chrono>
#include <future>

#include "base/crash.h"
#include "tests/catch.h"
#include "tests/suggestion/inprocess/learner.h"

namespace hone {
namespace {

const ExperimentId kId{"0b3c1f0e-0000-4000-8000-000000000001"};

SuggestRequest Question(Version reservation, std::vector<TrialNumber> numbers,
                        std::vector<HistoryItem> deltas = {}) {
  SuggestRequest request;
  request.reservation = reservation;
  request.based_on = reservation + 1;
  request.deltas = std::move(deltas);
  request.numbers = std::move(numbers);
  request.trials_left = 10;
  return request;
}

TEST_CASE("in-process suggester: answers name their reservation and base", "[suggestion]") {
  SimExecutor compute{Timestamp{}};
  InProcessSuggesterFactory factory(compute);
  const auto suggester = factory.Create(kId, LearnerSpec(), {1});
  REQUIRE(suggester.has_value());
  std::vector<Result<SuggestReply>> replies;
  const auto keep = [&](Result<SuggestReply> reply) { replies.push_back(std::move(reply)); };
  (*suggester)->Ask(Question(2, {1, 2}), keep);
  CHECK(replies.empty());  // Ask returns at once
  compute.RunUntil([] { return false; });
  (*suggester)->Ask(Question(8, {3}, {{5, history::Completed{1, {0.5}, {}}}}), keep);
  compute.RunUntil([] { return false; });

  REQUIRE(replies.size() == 2);
  REQUIRE((replies[0].has_value() && replies[1].has_value()));
  CHECK(replies[0]->reservation == 2);
  CHECK(replies[0]->based_on == 3);
  CHECK(replies[0]->answers.size() == 2);
  CHECK(replies[1]->reservation == 8);
  const auto& start = std::get<proposal::Start>(replies[1]->answers[0]);
  CHECK(start.values[0].text == "1");
  CHECK(start.tag == "left 10 sum 0.500000");
}

TEST_CASE("in-process suggester: a crash of a search counts against its experiment",
          "[suggestion]") {
  SimExecutor compute{Timestamp{}};
  InProcessSuggesterFactory factory(compute);
  const auto suggester = factory.Create(kId, LearnerSpec({{"label", "true"}}), {1});
  REQUIRE(suggester.has_value());
  std::optional<Result<SuggestReply>> reply;
  (*suggester)->Ask(Question(1, {1}), [&](Result<SuggestReply> r) { reply = std::move(r); });
  compute.RunUntil([] { return false; });
  REQUIRE((reply.has_value() && reply->has_value()));
  CHECK(std::get<proposal::Start>((*reply)->answers[0]).tag == kId.text);
  CHECK(CrashLabel::Current().empty());
}

TEST_CASE("in-process suggester: errors reach the caller", "[suggestion]") {
  SimExecutor compute{Timestamp{}};
  InProcessSuggesterFactory factory(compute);
  const auto suggester = factory.Create(kId, LearnerSpec({{"lie", "true"}}), {1});
  REQUIRE(suggester.has_value());
  std::optional<Result<SuggestReply>> reply;
  (*suggester)->Ask(Question(1, {1}), [&](Result<SuggestReply> r) { reply = std::move(r); });
  compute.RunUntil([] { return false; });
  REQUIRE(reply.has_value());
  REQUIRE_FALSE(reply->has_value());
  CHECK(reply->error().code == Code::kInternal);

  ExperimentSpec unknown = LearnerSpec();
  unknown.algorithm.name = "?";
  CHECK(factory.Create(kId, unknown, {1}).error().code == Code::kInvalidArgument);
}

TEST_CASE("in-process suggester: once destroyed it is silent", "[suggestion]") {
  SimExecutor compute{Timestamp{}};
  InProcessSuggesterFactory factory(compute);
  auto suggester = factory.Create(kId, LearnerSpec(), {1});
  REQUIRE(suggester.has_value());
  bool answered = false;
  (*suggester)->Ask(Question(1, {1}), [&](const Result<SuggestReply>&) { answered = true; });
  suggester->reset();
  compute.RunUntil([] { return false; });
  CHECK_FALSE(answered);
}

TEST_CASE("in-process suggester: many experiments search side by side on real threads",
          "[suggestion]") {
  constexpr std::size_t kExperiments = 16;
  constexpr Version kQuestions = 20;
  AsioExecutor compute("test-compute", 2);
  InProcessSuggesterFactory factory(compute);
  std::vector<std::unique_ptr<Suggester>> suggesters;
  std::vector<std::promise<std::vector<Version>>> promises(kExperiments);
  std::vector<std::vector<Version>> seen(kExperiments);  // each touched by its own strand only
  for (std::size_t i = 0; i < kExperiments; ++i) {
    auto suggester = factory.Create(kId, LearnerSpec(), {i});
    REQUIRE(suggester.has_value());
    suggesters.push_back(std::move(*suggester));
  }
  for (Version q = 1; q <= kQuestions; ++q) {
    for (std::size_t i = 0; i < kExperiments; ++i) {
      suggesters[i]->Ask(Question(q, {1}), [&, i](const Result<SuggestReply>& reply) {
        seen[i].push_back(reply ? reply->reservation : 0);
        if (seen[i].size() == kQuestions) {
          promises[i].set_value(seen[i]);
        }
      });
    }
  }
  for (std::size_t i = 0; i < kExperiments; ++i) {
    const std::vector<Version> order = promises[i].get_future().get();
    for (Version q = 1; q <= kQuestions; ++q) {
      CHECK(order[q - 1] == q);
    }
  }
  compute.Stop();
}

TEST_CASE(
    "in-process suggester: what takes microseconds is answered at once, but never beside a "
    "question",
    "[suggestion]") {
  ExperimentSpec spec = LearnerSpec();
  spec.algorithm = {"random", {}};
  SimExecutor compute{Timestamp{}};
  InProcessSuggesterFactory factory(compute);
  const auto suggester = factory.Create(kId, spec, {1});
  REQUIRE(suggester.has_value());
  std::vector<Version> answered;
  const auto keep = [&](const Result<SuggestReply>& reply) {
    REQUIRE(reply.has_value());
    answered.push_back(reply->reservation);
  };
  (*suggester)->Ask(Question(1, {1}), keep);
  CHECK(answered == std::vector<Version>{1});
  // A long history has a turn on the pool, and so has whoever asks meanwhile.
  std::vector<HistoryItem> history;
  for (Version seq = 3; seq < 203; ++seq) {
    history.push_back({seq, history::Completed{1, {0.5}, {}}});
  }
  (*suggester)->Ask(Question(210, {2}, history), keep);
  (*suggester)->Ask(Question(220, {3}), keep);
  CHECK(answered.size() == 1);
  compute.RunUntil([] { return false; });
  CHECK(answered == std::vector<Version>{1, 210, 220});
  (*suggester)->Ask(Question(230, {4}), keep);
  CHECK(answered.back() == 230);
}

TEST_CASE("in-process suggester: 5,000 questions a second to random search", "[suggestion]") {
  ExperimentSpec spec = LearnerSpec();
  spec.algorithm = {"random", {}};
  for (int i = 0; i < 9; ++i) {
    Parameter parameter{
        "p" + std::to_string(i), RealDomain{1e-5, 1, {}, Distribution::kLogUniform}, {}, {}};
    spec.space.parameters.push_back(std::move(parameter));
  }
  SimExecutor compute{Timestamp{}};
  InProcessSuggesterFactory factory(compute);
  const auto suggester = factory.Create(kId, spec, {1});
  REQUIRE(suggester.has_value());
  int answered = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (TrialNumber n = 1; n <= 5000; ++n) {
    (*suggester)->Ask(Question(n, {n}), [&](const Result<SuggestReply>& reply) {
      answered += reply.has_value() ? 1 : 0;
    });
    compute.RunUntil([] { return false; });
  }
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin);
  CHECK(answered == 5000);
  CHECK(seconds.count() < 1.0);
}

}  // namespace
}  // namespace hone
