// SPDX-License-Identifier: Apache-2.0
#include "suggestion/server/trial_book.h"

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include "suggestion/server/experiment_wire.h"
#include "tests/catch.h"
#include "tests/suggestion/server/requests.h"

namespace hone {
namespace {

using namespace test;

std::vector<std::string> Bytes(const std::vector<pb::Trial>& trials) {
  std::vector<std::string> bytes;
  for (const pb::Trial& trial : trials) {
    bytes.push_back(trial.SerializeAsString());
  }
  return bytes;
}

Status ReadInto(TrialBook& book, const std::vector<std::string>& bytes) {
  const std::vector<std::string_view> views(bytes.begin(), bytes.end());
  return book.Read(views);
}

/// All that a book says.
struct Told {
  std::vector<Lesson> history;
  std::vector<std::string> names;
  std::size_t passed_over = 0;
  bool operator==(const Told&) const = default;
};

Told ToldBy(const TrialBook& book) {
  Told told;
  for (const TrialBook::Mark& mark : book.History()) {
    told.history.push_back(book.LessonOf(mark));
  }
  for (TrialNumber number = 1; number <= book.size(); ++number) {
    told.names.push_back(book.Numbered(number).name);
  }
  told.passed_over = book.passed_over();
  return told;
}

ExperimentSpec Spec() {
  return DecodeExperiment(SmallExperiment("random")).value();
}

/// A controller with trials that start, end, vanish, come twice and change their places.
class Changes {
 public:
  explicit Changes(unsigned seed) : random_(seed) {}

  const std::vector<pb::Trial>& Next() {
    for (int change = Below(4); change > 0; --change) {
      ChangeOne();
    }
    if (Below(4) == 0) {
      std::ranges::shuffle(trials_, random_);
    }
    return trials_;
  }

 private:
  int Below(int n) { return std::uniform_int_distribution(0, n - 1)(random_); }

  void ChangeOne() {
    const int what = trials_.empty() ? 0 : Below(8);
    if (what <= 2) {
      const std::vector<std::string> values{"0.5", std::to_string(1 + Below(10)),
                                            Below(9) == 0 ? "none such" : "a"};
      const std::string name = Below(20) == 0 ? "" : "t" + std::to_string(++made_);
      trials_.insert(trials_.begin() + Below(static_cast<int>(trials_.size()) + 1),
                     Below(3) == 0 ? PendingTrial(name, values)
                                   : SucceededTrial(name, values, Below(20), "0.25"));
      return;
    }
    pb::Trial& trial = trials_[static_cast<std::size_t>(Below(static_cast<int>(trials_.size())))];
    const pb::TrialStatus::TrialConditionType conditions[] = {
        pb::TrialStatus::SUCCEEDED, pb::TrialStatus::FAILED, pb::TrialStatus::KILLED,
        pb::TrialStatus::EARLYSTOPPED, pb::TrialStatus::RUNNING};
    if (what <= 5) {
      trial.mutable_status()->set_condition(conditions[Below(5)]);
    } else if (what == 6) {
      trials_.push_back(pb::Trial(trial));
      trials_.back().mutable_status()->set_condition(conditions[Below(5)]);
    } else {
      trials_.erase(trials_.begin() + (&trial - trials_.data()));
    }
  }

  std::mt19937 random_;
  std::vector<pb::Trial> trials_;
  int made_ = 0;
};

TEST_CASE("trial book: what was told before changes nothing that is said of a request",
          "[suggestion]") {
  const ExperimentSpec spec = Spec();
  for (unsigned seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Changes changes(seed);
    TrialBook kept(spec);
    for (int request = 0; request < 60; ++request) {
      const std::vector<std::string> bytes = Bytes(changes.Next());
      TrialBook fresh(spec);
      REQUIRE(ReadInto(fresh, bytes));
      REQUIRE(ReadInto(kept, bytes));
      REQUIRE(ToldBy(kept) == ToldBy(fresh));
    }
  }
}

TEST_CASE("trial book: marks that are the same mean the same", "[suggestion]") {
  const ExperimentSpec spec = Spec();
  Changes changes(7);
  TrialBook book(spec);
  std::vector<TrialBook::Mark> before;
  std::vector<Lesson> meant;
  for (int request = 0; request < 100; ++request) {
    REQUIRE(ReadInto(book, Bytes(changes.Next())));
    const std::vector<TrialBook::Mark> marks = book.History();
    std::vector<Lesson> means;
    for (const TrialBook::Mark& mark : marks) {
      means.push_back(book.LessonOf(mark));
    }
    for (std::size_t i = 0; i < marks.size(); ++i) {
      const auto same = std::ranges::find(before, marks[i]);
      if (same != before.end()) {
        REQUIRE(meant[static_cast<std::size_t>(same - before.begin())] == means[i]);
      }
    }
    before = marks;
    meant = means;
  }
}

TEST_CASE("trial book: proposals and endings stand in the order of their times", "[suggestion]") {
  const ExperimentSpec spec = Spec();
  TrialBook book(spec);
  // Each ends half a minute after its start.
  REQUIRE(ReadInto(book, Bytes({PendingTrial("late", {"0", "1", "a"}),
                                SucceededTrial("second", {"0.5", "1", "a"}, 30, "2"),
                                SucceededTrial("first", {"1", "1", "a"}, 0, "1"),
                                SucceededTrial("third", {"0.25", "1", "a"}, 31, "nan")})));
  const Told told = ToldBy(book);
  CHECK(told.names == std::vector<std::string>{"first", "second", "third", "late"});
  std::vector<std::pair<std::size_t, TrialNumber>> order;
  for (const Lesson& lesson : told.history) {
    order.emplace_back(lesson.index(),
                       std::visit([](const auto& what) { return what.trial; }, lesson));
  }
  const std::size_t proposed = Lesson(history::Proposed{}).index();
  const std::size_t completed = Lesson(history::Completed{}).index();
  const std::size_t infeasible = Lesson(history::Infeasible{}).index();
  CHECK(order == std::vector<std::pair<std::size_t, TrialNumber>>{{proposed, 1},
                                                                  {proposed, 2},
                                                                  {completed, 1},
                                                                  {proposed, 3},
                                                                  {completed, 2},
                                                                  {infeasible, 3},
                                                                  {proposed, 4}});
}

TEST_CASE("trial book: a text that is no trial leaves the book empty, and usable", "[suggestion]") {
  const ExperimentSpec spec = Spec();
  TrialBook book(spec);
  const std::vector<std::string> good = Bytes(
      {SucceededTrial("one", {"0.5", "1", "a"}, 1, "1"), PendingTrial("two", {"0", "1", "a"})});
  REQUIRE(ReadInto(book, good));
  const Told before = ToldBy(book);
  std::vector<std::string> bad = good;
  bad.insert(bad.begin() + 1, "\xff\xff");
  const Status status = ReadInto(book, bad);
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().code == Code::kInvalidArgument);
  CHECK(book.size() == 0);
  REQUIRE(ReadInto(book, good));
  CHECK(ToldBy(book) == before);
}

}  // namespace
}  // namespace hone
