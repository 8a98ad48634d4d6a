// SPDX-License-Identifier: Apache-2.0
#include "suggestion/pupil.h"

#include "tests/catch.h"
#include "tests/suggestion/inprocess/learner.h"

namespace hone {
namespace {

HistoryItem Completed(Version seq, double value) {
  return {seq, history::Completed{1, {value}, {}}};
}

std::string XOf(const Result<std::vector<Proposal>>& answers) {
  REQUIRE(answers.has_value());
  return std::get<proposal::Start>(answers->at(0)).values[0].text;
}

std::unique_ptr<Pupil> Learner(std::vector<Setting> settings = {}) {
  auto pupil = Pupil::Create(LearnerSpec(std::move(settings)), 1);
  REQUIRE(pupil.has_value());
  return std::move(*pupil);
}

TEST_CASE("pupil: what was told before is not told again", "[suggestion]") {
  const auto pupil = Learner();
  const std::vector<HistoryItem> items = {Completed(3, 1), Completed(5, 2), Completed(9, 4)};
  REQUIRE(pupil->Tell(History(items).first(2)).has_value());
  CHECK(XOf(pupil->Ask({{1}, {}})) == "2");
  REQUIRE(pupil->Tell(History(items).first(2)).has_value());
  CHECK(XOf(pupil->Ask({{1}, {}})) == "2");
  REQUIRE(pupil->Tell(items).has_value());
  CHECK(XOf(pupil->Ask({{1}, {}})) == "3");
}

TEST_CASE("pupil: a lying searcher is an error of ours with the reason", "[suggestion]") {
  const auto answers = Learner({{"lie", "true"}})->Ask({{4}, {}});
  REQUIRE_FALSE(answers.has_value());
  CHECK(answers.error().code == Code::kInternal);
  CHECK(answers.error().message ==
        "algorithm learner: answer for trial 4: parameter x: \"-1\" is below the minimum 0");
}

TEST_CASE("pupil: a searcher that could not learn is not asked again", "[suggestion]") {
  const auto pupil = Learner({{"stumble", "true"}});
  const std::vector<HistoryItem> lost = {{1, history::Lost{1}}};
  const Status first = pupil->Tell(lost);
  REQUIRE_FALSE(first.has_value());
  CHECK(first.error().message == "algorithm learner: a trial got lost");
  const std::vector<HistoryItem> more = {Completed(2, 1)};
  CHECK(pupil->Tell(more).error() == first.error());
  CHECK(pupil->Ask({{1}, {}}).error() == first.error());
}

TEST_CASE("pupil: an experiment that the algorithm cannot do is refused", "[suggestion]") {
  ExperimentSpec spec = LearnerSpec();
  SECTION("unknown algorithm") {
    spec.algorithm.name = "lerner";
    const auto pupil = Pupil::Create(spec, 1);
    REQUIRE_FALSE(pupil.has_value());
    CHECK(pupil.error().code == Code::kInvalidArgument);
    CHECK(pupil.error().field == "spec.algorithm.algorithmName");
  }
  SECTION("wrong kind of parameter") {
    spec.space.parameters[0].domain = CategoricalDomain{{"a"}};
    const auto pupil = Pupil::Create(spec, 1);
    REQUIRE_FALSE(pupil.has_value());
    CHECK(pupil.error().field == "spec.parameters[0].parameterType");
  }
}

TEST_CASE("pupil: random_state wins over the seed", "[suggestion]") {
  ExperimentSpec spec = LearnerSpec();
  const auto x = [&](std::vector<Setting> settings, std::uint64_t seed) {
    spec.algorithm = {"random", std::move(settings)};
    return XOf((*Pupil::Create(spec, seed))->Ask({{1}, {}}));
  };
  CHECK(x({}, 1) != x({}, 2));
  CHECK(x({{"random_state", "9"}}, 1) == x({{"random_state", "9"}}, 2));
  CHECK(x({{"random_state", "9"}}, 1) == x({}, 9));
}

}  // namespace
}  // namespace hone
