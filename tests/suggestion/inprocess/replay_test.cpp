// SPDX-License-Identifier: Apache-2.0
#include "suggestion/inprocess/replay.h"

#include "suggestion/pupil.h"
#include "tests/catch.h"
#include "tests/suggestion/inprocess/learner.h"

namespace hone {
namespace {

using Why = event::TrialsWithdrawn::Why;

/// Writes the ledger of an experiment by hand, with a pupil of its own to give the answers.
class Scribe {
 public:
  explicit Scribe(const ExperimentSpec& spec, std::uint64_t seed = 1)
      : spec_(spec), max_(spec.max_trial_count.value_or(0)) {
    auto pupil = Pupil::Create(spec, seed);
    REQUIRE(pupil.has_value());
    pupil_ = std::move(*pupil);
    Write(event::ExperimentCreated{"", seed, "", ""});
  }

  Version Write(Event event) {
    ledger.push_back({ledger.size() + 1, Timestamp{}, std::move(event)});
    if (auto item = ToHistory(spec_, ledger.back())) {
      untold_.push_back(std::move(*item));
    }
    return ledger.size();
  }

  void Reserve(std::uint32_t count) {
    reservation_ = Write(event::TrialsReserved{next_, count});
    first_ = next_;
    count_ = count;
    next_ += count;
  }

  void Think() {
    based_on_ = ledger.size();
    REQUIRE(pupil_->Tell(untold_).has_value());
    untold_.clear();
    ProposeRequest request{{}, static_cast<std::uint32_t>(max_ - over_)};
    for (TrialNumber n = first_; n < first_ + count_; ++n) {
      request.numbers.push_back(n);
    }
    auto answers = pupil_->Ask(request);
    REQUIRE(answers.has_value());
    answers_ = std::move(*answers);
  }

  void Answer() {
    for (TrialNumber n = first_; n < first_ + count_; ++n) {
      const Proposal& answer = answers_[n - first_];
      if (const auto* start = std::get_if<proposal::Start>(&answer)) {
        Write(event::TrialProposed{
            n, reservation_, based_on_, start->values, "", start->tag, "", start->budget, {}, {}});
      } else if (const auto* resume = std::get_if<proposal::Resume>(&answer)) {
        Withdraw({n}, Why::kResumedOther);
        Write(event::TrialResumed{resume->trial, reservation_, based_on_, resume->budget,
                                  resume->tag});
      } else {
        Withdraw({n}, Why::kExhausted);
      }
    }
  }

  void Ask(std::uint32_t count) {
    Reserve(count);
    Think();
    Answer();
  }

  void Withdraw(std::vector<TrialNumber> numbers, Why why) {
    Write(event::TrialsWithdrawn{std::move(numbers), why, ""});
  }

  void Succeed(TrialNumber trial, const std::string& loss) {
    event::TrialSucceeded succeeded;
    ++over_;
    succeeded.outcome.trial = trial;
    succeeded.outcome.attempt = 1;
    succeeded.outcome.observation = {{"loss", loss, loss, loss, true}};
    Write(succeeded);
  }

  void SetMax(int max) {
    max_ = max;
    Write(event::BudgetEdited{{}, max, {}});
  }

  std::vector<Recorded> ledger;

 private:
  const ExperimentSpec& spec_;
  std::unique_ptr<Pupil> pupil_;
  std::vector<HistoryItem> untold_;
  std::vector<Proposal> answers_;
  Version reservation_ = 0;
  Version based_on_ = 0;
  TrialNumber first_ = 1;
  TrialNumber next_ = 1;
  std::uint32_t count_ = 0;
  int over_ = 0;
  int max_ = 0;
};

/// A life with everything in it: events between question and answer, withdrawn reservations, an
/// edited budget.
Scribe Eventful(const ExperimentSpec& spec) {
  Scribe scribe(spec);
  scribe.Ask(3);
  scribe.Succeed(2, "0.5");
  scribe.Reserve(1);
  scribe.Think();
  scribe.Succeed(1, "0.25");  // comes while the algorithm thinks
  scribe.Answer();
  scribe.Reserve(2);
  scribe.Withdraw({5, 6}, Why::kSuspended);  // never answered
  scribe.SetMax(80);
  scribe.Ask(2);
  scribe.Succeed(3, "4");
  scribe.Ask(1);
  return scribe;
}

template <class T>
T& EventAt(std::vector<Recorded>& ledger, std::size_t nth) {
  for (Recorded& recorded : ledger) {
    if (auto* event = std::get_if<T>(&recorded.event)) {
      if (nth-- == 0) {
        return *event;
      }
    }
  }
  FAIL("no such event");
  return std::get<T>(ledger.at(0).event);
}

TEST_CASE("replay: an honest ledger comes out the same", "[suggestion]") {
  for (const char* algorithm : {"learner", "random", "sobol", "grid"}) {
    DYNAMIC_SECTION(algorithm) {
      ExperimentSpec spec = LearnerSpec();
      spec.algorithm = {algorithm, {}};
      const Scribe scribe = Eventful(spec);
      const auto report = ReplayExperiment(spec, 1, scribe.ledger);
      REQUIRE(report.has_value());
      CHECK(*report == ReplayReport{7, 0, std::nullopt});
    }
  }
}

TEST_CASE("replay: the first difference is named", "[suggestion]") {
  const ExperimentSpec spec = LearnerSpec();
  Scribe scribe = Eventful(spec);
  SECTION("a value") {
    auto& proposed = EventAt<event::TrialProposed>(scribe.ledger, 3);
    const std::string was = proposed.values[0].text;
    proposed.values[0].text = "77";
    const auto report = ReplayExperiment(spec, 1, scribe.ledger);
    REQUIRE(report.has_value());
    CHECK(report->compared == 7);
    CHECK(report->different == 1);
    CHECK(report->first == ReplayDifference{4, "parameter x", "77", was});
  }
  SECTION("a tag, and a later budget") {
    EventAt<event::TrialProposed>(scribe.ledger, 0).tag = "forged";
    EventAt<event::TrialProposed>(scribe.ledger, 6).budget.reset();
    const auto report = ReplayExperiment(spec, 1, scribe.ledger);
    REQUIRE(report.has_value());
    CHECK(report->different == 2);
    REQUIRE(report->first.has_value());
    CHECK(report->first->trial == 1);
    CHECK(report->first->what == "tag");
    CHECK(report->first->recorded == "forged");
  }
  SECTION("a changed result shows in what was learnt from it") {
    EventAt<event::TrialSucceeded>(scribe.ledger, 0).outcome.observation[0].min = "0.75";
    const auto report = ReplayExperiment(spec, 1, scribe.ledger);
    REQUIRE(report.has_value());
    REQUIRE(report->first.has_value());
    CHECK(report->first->trial == 4);
  }
  SECTION("the wrong base") {
    EventAt<event::TrialProposed>(scribe.ledger, 3).based_on += 1;  // one result too many
    const auto report = ReplayExperiment(spec, 1, scribe.ledger);
    REQUIRE(report.has_value());
    CHECK(report->first->trial == 4);
  }
}

TEST_CASE("replay: another seed is another search", "[suggestion]") {
  ExperimentSpec spec = LearnerSpec();
  spec.algorithm.name = "random";
  const Scribe scribe = Eventful(spec);
  const auto report = ReplayExperiment(spec, 2, scribe.ledger);
  REQUIRE(report.has_value());
  CHECK(report->different == 7);
  CHECK(report->first->trial == 1);
}

TEST_CASE("replay: resumed trials and the end of the search are compared too", "[suggestion]") {
  SECTION("resumed") {
    const ExperimentSpec spec = LearnerSpec({{"resume", "true"}});
    Scribe scribe(spec);
    scribe.Ask(2);
    event::TrialPaused paused;
    paused.outcome.trial = 2;
    paused.outcome.attempt = 1;
    scribe.Write(paused);
    scribe.Ask(2);
    auto report = ReplayExperiment(spec, 1, scribe.ledger);
    REQUIRE(report.has_value());
    CHECK(*report == ReplayReport{4, 0, std::nullopt});
    EventAt<event::TrialResumed>(scribe.ledger, 0).budget = 1000000;
    report = ReplayExperiment(spec, 1, scribe.ledger);
    REQUIRE(report.has_value());
    REQUIRE(report->first.has_value());
    CHECK(report->first->trial == 3);
    CHECK(report->first->what == "budget");
    CHECK(report->first->recorded == "1000000");
  }
  SECTION("exhausted") {
    ExperimentSpec spec = LearnerSpec();
    spec.algorithm.name = "grid";
    spec.space.parameters[0].domain = IntegerDomain{1, 3, 1, Distribution::kUniform};
    Scribe scribe(spec);
    scribe.Ask(2);
    scribe.Ask(2);
    const auto report = ReplayExperiment(spec, 1, scribe.ledger);
    REQUIRE(report.has_value());
    CHECK(*report == ReplayReport{4, 0, std::nullopt});
  }
}

TEST_CASE("replay: what cannot be replayed says so", "[suggestion]") {
  ExperimentSpec spec = LearnerSpec();
  Scribe scribe = Eventful(spec);
  SECTION("an algorithm that is not of this program") {
    spec.algorithm.name = "elsewhere";
    CHECK(ReplayExperiment(spec, 1, scribe.ledger).error().code == Code::kInvalidArgument);
  }
  SECTION("an answer outside its reservation") {
    EventAt<event::TrialProposed>(scribe.ledger, 0).trial = 44;
    CHECK(ReplayExperiment(spec, 1, scribe.ledger).error().code == Code::kDataLoss);
  }
  SECTION("an answer of a reservation that is not there") {
    EventAt<event::TrialProposed>(scribe.ledger, 0).reservation = 999;
    CHECK(ReplayExperiment(spec, 1, scribe.ledger).error().code == Code::kDataLoss);
  }
  SECTION("bases that run backwards") {
    EventAt<event::TrialProposed>(scribe.ledger, 6).based_on = 1;
    CHECK(ReplayExperiment(spec, 1, scribe.ledger).error().code == Code::kDataLoss);
  }
  SECTION("an empty ledger has nothing to compare") {
    CHECK(*ReplayExperiment(spec, 1, {}) == ReplayReport{});
  }
}

}  // namespace
}  // namespace hone
