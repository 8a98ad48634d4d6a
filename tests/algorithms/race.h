// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/brackets.h"
#include "algorithms/check.h"
#include "tests/algorithms/spaces.h"
#include "tests/catch.h"

/// A multi-fidelity search with a limited number of trials, some of which run at once.
namespace hone {

class Race {
 public:
  struct Runner {
    TrialNumber number = 0;
    proposal::Start start;
    Place place;
  };

  Race(const std::string& algorithm, std::vector<Setting> settings, std::size_t max_trials,
       Space space = Space{{spaces::Real("x", 0, 1)}}, std::uint64_t seed = 1)
      : left_(max_trials) {
    ExperimentSpec spec;
    spec.space = std::move(space);
    spec.algorithm = {algorithm, std::move(settings)};
    spec.max_trial_count = static_cast<int>(max_trials);
    Problems problems;
    const auto choice = CheckAlgorithm(spec, problems);
    REQUIRE_FALSE(problems.HasErrors());
    auto made = choice->info->create(ContextOf(spec, choice->settings, seed));
    REQUIRE(made.has_value());
    searcher_ = std::move(*made);
  }

  /// Asks for so many, fewer if there is no room. @returns how many it was told to wait for
  std::size_t Ask(std::size_t count) {
    count = std::min(count, left_ - running_.size());
    if (count == 0) {
      return 0;
    }
    ProposeRequest request{{}, static_cast<std::uint32_t>(left_)};
    for (std::size_t i = 0; i < count; ++i) {
      request.numbers.push_back(next_++);
    }
    const auto answers = searcher_->Propose(request);
    REQUIRE(answers.has_value());
    REQUIRE(answers->size() == count);
    std::size_t waits = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto* start = std::get_if<proposal::Start>(&(*answers)[i]);
      waits += start == nullptr ? 1U : 0U;
      if (start != nullptr) {
        Begin(request.numbers[i], *start);
      }
    }
    return waits;
  }

  void Complete(std::size_t index, double loss) {
    End(index, history::Completed{running_[index].number, {loss}, std::chrono::seconds(1)});
  }
  void Fail(std::size_t index) {
    End(index, history::Infeasible{running_[index].number, EndingKind::kExitCode});
  }
  void Lose(std::size_t index) { End(index, history::Lost{running_[index].number}); }

  [[nodiscard]] const std::vector<Runner>& running() const { return running_; }
  [[nodiscard]] const std::vector<Runner>& all() const { return all_; }
  [[nodiscard]] std::size_t left() const { return left_; }
  [[nodiscard]] Searcher& searcher() { return *searcher_; }
  [[nodiscard]] TrialNumber next() const { return next_; }

 private:
  void Begin(TrialNumber number, const proposal::Start& start) {
    const auto place = ParseTag(start.tag);
    REQUIRE(place.has_value());
    REQUIRE(TagOf(*place) == start.tag);
    running_.push_back({number, start, *place});
    all_.push_back(running_.back());
    Tell(history::Proposed{number, start.values, start.tag, start.budget});
  }
  void End(std::size_t index, decltype(HistoryItem::what) what) {
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
    --left_;
    Tell(std::move(what));
  }
  void Tell(decltype(HistoryItem::what) what) {
    const HistoryItem item{++seq_, std::move(what)};
    REQUIRE(searcher_->Observe(History(&item, 1)).has_value());
  }

  std::unique_ptr<Searcher> searcher_;
  std::vector<Runner> running_;
  std::vector<Runner> all_;
  std::size_t left_;
  TrialNumber next_ = 1;
  Version seq_ = 0;
};

}  // namespace hone
