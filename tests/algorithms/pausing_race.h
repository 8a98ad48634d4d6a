// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/brackets.h"
#include "algorithms/check.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"

namespace hone {

/// A search whose trials are paused at their rungs, as the engine runs it.
class PausingRace {
 public:
  /// What was answered; the parent of a resumed trial's place is itself.
  struct Leg {
    TrialNumber trial = 0;
    Place place;
    double budget = 0;
    bool pauses = false;
  };

  PausingRace(const std::string& algorithm, std::vector<Setting> settings, int max_trials)
      : left_(max_trials) {
    ExperimentSpec spec;
    spec.space = Space{{spaces::Real("x", 0, 1), spaces::Whole("epochs", 1, 64)}};
    spec.algorithm = {algorithm, std::move(settings)};
    spec.max_trial_count = max_trials;
    Problems problems;
    const auto choice = CheckAlgorithm(spec, problems);
    REQUIRE_FALSE(problems.HasErrors());
    auto made = choice->info->create(ContextOf(spec, choice->settings, 1));
    REQUIRE(made.has_value());
    searcher_ = std::move(*made);
  }

  /// @returns how many it was told to wait for
  std::size_t Ask(std::size_t count) {
    ProposeRequest request{{}, static_cast<std::uint32_t>(left_)};
    for (std::size_t i = 0; i < count; ++i) {
      request.numbers.push_back(next_++);
    }
    const auto answers = searcher_->Propose(request);
    REQUIRE(answers.has_value());
    std::size_t waits = 0;
    for (std::size_t i = 0; i < count; ++i) {
      waits += Take(request.numbers[i], (*answers)[i]) ? 0U : 1U;
    }
    return waits;
  }

  /// The leg comes to its rung, or to its end.
  void Complete(std::size_t index, double loss) {
    const Leg leg = Extract(index);
    if (leg.pauses) {
      paused_.insert(leg.trial);
      Tell(history::Paused{leg.trial, {loss}, "c"});
    } else {
      --left_;
      Tell(history::Completed{leg.trial, {loss}, std::chrono::seconds(1)});
    }
  }
  void Fail(std::size_t index) {
    --left_;
    Tell(history::Infeasible{Extract(index).trial, EndingKind::kExitCode});
  }
  void Kill(TrialNumber paused) {
    REQUIRE(paused_.erase(paused) == 1);
    --left_;
    Tell(history::Lost{paused});
  }
  /// The experiment ended; a later one has room for more.
  void ConcludeAndGoOn(int more) {
    for (const TrialNumber trial : std::exchange(paused_, {})) {
      --left_;
      Tell(history::StoppedEarly{trial, {1.0}});
    }
    left_ += more;
  }

  [[nodiscard]] const std::vector<Leg>& running() const { return running_; }
  [[nodiscard]] const std::set<TrialNumber>& paused() const { return paused_; }
  [[nodiscard]] const std::vector<Leg>& all() const { return all_; }
  [[nodiscard]] const std::vector<proposal::Start>& starts() const { return starts_; }
  [[nodiscard]] const std::vector<proposal::Resume>& resumes() const { return resumes_; }
  [[nodiscard]] Searcher& searcher() { return *searcher_; }

 private:
  bool Take(TrialNumber number, const Proposal& answer) {
    if (const auto* start = std::get_if<proposal::Start>(&answer)) {
      const Place place = ParseTag(start->tag).value();
      starts_.push_back(*start);
      Begin({number, place, start->budget.value_or(0), start->pauses});
      Tell(history::Proposed{number, start->values, start->tag, start->budget});
      return true;
    }
    const auto* resume = std::get_if<proposal::Resume>(&answer);
    if (resume == nullptr) {
      CHECK(std::holds_alternative<proposal::Wait>(answer));
      return false;
    }
    CHECK(paused_.erase(resume->trial) == 1);
    resumes_.push_back(*resume);
    Place place = ParseTag(resume->tag).value();
    place.parent = resume->trial;
    Begin({resume->trial, place, resume->budget.value_or(0), resume->pauses});
    Tell(history::Resumed{resume->trial, resume->budget, resume->tag});
    return true;
  }
  void Begin(const Leg& leg) {
    running_.push_back(leg);
    all_.push_back(leg);
  }
  Leg Extract(std::size_t index) {
    const Leg leg = running_[index];
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
    return leg;
  }
  void Tell(decltype(HistoryItem::what) what) {
    const HistoryItem item{++seq_, std::move(what)};
    REQUIRE(searcher_->Observe(History(&item, 1)).has_value());
  }

  std::unique_ptr<Searcher> searcher_;
  std::vector<Leg> running_;
  std::set<TrialNumber> paused_;
  std::vector<Leg> all_;
  std::vector<proposal::Start> starts_;
  std::vector<proposal::Resume> resumes_;
  int left_;
  TrialNumber next_ = 1;
  Version seq_ = 0;
};

}  // namespace hone
