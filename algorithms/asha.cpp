// SPDX-License-Identifier: Apache-2.0
// Asynchronous successive halving, promoting type: whenever a slot is free, the best trial that is
// among the best 1/eta of its rung and has not gone on does so, with eta times the budget; if there
// is none, a new configuration starts at the lowest rung. It never waits. A promotion is a trial of
// its own, which starts from its parent's checkpoint if there is one. (The stopping type is a rule
// of early stopping.)
//
// Source: Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", arXiv
// 1810.05934, algorithm 2. Differs from the paper in: rungs count down from the full budget (r_l /
// eta^k), so that the last one is the full budget; a failed trial is a member of its rung that is
// worse than all others; a lost one is none.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/brackets.h"
#include "algorithms/configurations.h"
#include "algorithms/ladder.h"
#include "algorithms/registry.h"
#include "algorithms/seed.h"
#include "base/text.h"

namespace hone {
namespace {

double SmallestOf(const SearchContext& context) {
  return context.settings.Real("min_resource");
}

/// State: the results of each rung, and who of them has gone on.
class Asha final : public Searcher {
 public:
  Asha(const SearchContext& context, Configurations configurations)
      : ladder_(context, SmallestOf(context)),
        configurations_(std::move(configurations)),
        rungs_(ladder_.size()) {}

  static Result<std::unique_ptr<Searcher>> Create(const SearchContext& context) {
    HONE_ASSIGN_OR_RETURN(
        Configurations configurations,
        Configurations::Create(context, Ladder(context, SmallestOf(context)), std::nullopt));
    return std::make_unique<Asha>(context, std::move(configurations));
  }
  static void Check(const SearchContext& context, Problems& problems) {
    Ladder::Check(context, SmallestOf(context), problems);
  }

  Status Observe(History deltas) override {
    for (const HistoryItem& item : deltas) {
      HONE_RETURN_IF_ERROR(std::visit([this](const auto& what) { return Learn(what); }, item.what));
    }
    return {};
  }
  [[nodiscard]] Result<std::vector<Proposal>> Propose(const ProposeRequest& request) const override;
  [[nodiscard]] std::optional<double> BudgetOf(const Assignment& values) const override {
    return ladder_.BudgetOf(values);
  }

 private:
  struct Ranked {
    double loss = 0;
    TrialNumber trial = 0;
    auto operator<=>(const Ranked&) const = default;
  };
  struct Rung {
    std::size_t results = 0;   // failures among them
    std::vector<Ranked> stay;  // results that have not gone on, the best first
    std::vector<Ranked> gone;  // those that have, the best first
  };
  struct Running {
    std::optional<std::size_t> level;
    Assignment values;
  };

  Status Learn(const history::Proposed& what);
  Status Learn(const history::Completed& what) {
    if (what.checkpoint) {
      checkpoints_.emplace(what.trial, *what.checkpoint);
    }
    return End(what.trial, what.values.front());
  }
  Status Learn(const history::StoppedEarly& what) { return End(what.trial, std::nullopt); }
  Status Learn(const history::Infeasible& what) { return End(what.trial, std::nullopt); }
  Status Learn(const history::Lost& what);
  template <class Other>
  Status Learn(const Other& /*what*/) {
    return {};
  }
  Status End(TrialNumber trial, std::optional<double> loss);

  [[nodiscard]] std::optional<TrialNumber> ParentOf(const history::Proposed& what,
                                                    std::size_t level) const;
  [[nodiscard]] std::optional<TrialNumber> Promotable(std::size_t level, std::size_t taken) const;
  [[nodiscard]] Place Next(std::vector<std::size_t>& taken) const;
  [[nodiscard]] Result<proposal::Start> StartAt(const Place& place, TrialNumber number) const;

  Ladder ladder_;
  Configurations configurations_;
  std::vector<Rung> rungs_;  // by level
  std::map<TrialNumber, Running> running_;
  std::map<TrialNumber, Assignment> values_;        // of results that have not gone on
  std::map<TrialNumber, std::string> checkpoints_;  // of those of them that left one
};

/// As the tag says; without one: a result of the rung below with the same configuration.
std::optional<TrialNumber> Asha::ParentOf(const history::Proposed& what, std::size_t level) const {
  if (const std::optional<Place> told = ParseTag(what.tag)) {
    return told->parent;
  }
  if (level == 0) {
    return std::nullopt;
  }
  const std::string key = ladder_.KeyOf(what.values);
  for (const Ranked& below : rungs_[level - 1].stay) {
    if (ladder_.KeyOf(values_.at(below.trial)) == key) {
      return below.trial;
    }
  }
  return std::nullopt;
}

Status Asha::Learn(const history::Proposed& what) {
  const std::optional<std::size_t> level = ladder_.LevelOf(what);
  running_.emplace(what.trial, Running{level, what.values});
  if (!level || *level == 0) {
    return {};
  }
  if (const std::optional<TrialNumber> parent = ParentOf(what, *level)) {
    Rung& below = rungs_[*level - 1];
    const auto found = std::ranges::find(below.stay, *parent, &Ranked::trial);
    if (found != below.stay.end()) {
      below.gone.insert(std::ranges::upper_bound(below.gone, *found), *found);
      below.stay.erase(found);
      values_.erase(*parent);
      checkpoints_.erase(*parent);
    }
  }
  return {};
}

Status Asha::Learn(const history::Lost& what) {
  running_.erase(what.trial);
  return {};
}

Status Asha::End(TrialNumber trial, std::optional<double> loss) {
  auto ran = running_.extract(trial);
  if (!ran) {
    return Fail(Code::kInternal, "trial " + std::to_string(trial) + " ended before its proposal");
  }
  const std::optional<std::size_t> level = ran.mapped().level;
  if (!level) {
    return {};
  }
  Rung& rung = rungs_[*level];
  ++rung.results;
  if (loss) {
    const Ranked ranked{*loss, trial};
    rung.stay.insert(std::ranges::upper_bound(rung.stay, ranked), ranked);
    values_.emplace(trial, std::move(ran.mapped().values));
  }
  return {};
}

/// The best of a rung that has not gone on, if it is among the best 1/eta.
/// @param taken  of the best ones, that many go on by answers before this one
std::optional<TrialNumber> Asha::Promotable(std::size_t level, std::size_t taken) const {
  const Rung& rung = rungs_[level];
  if (taken >= rung.stay.size()) {
    return std::nullopt;
  }
  const Ranked& best = rung.stay[taken];
  const auto better = std::ranges::lower_bound(rung.gone, best) - rung.gone.begin();
  const double share = static_cast<double>(rung.results) / ladder_.eta();
  const bool among = static_cast<double>(better) + static_cast<double>(taken) + 1 <= share;
  return among ? std::optional(best.trial) : std::nullopt;
}

/// get_job() of the paper. @param taken  promotions from each rung so far; one more, perhaps
Place Asha::Next(std::vector<std::size_t>& taken) const {
  for (std::size_t level = ladder_.top(); level-- > 0;) {
    if (const auto parent = Promotable(level, taken[level])) {
      ++taken[level];
      return {1, 0, level + 1, parent};
    }
  }
  return {1, 0, 0, std::nullopt};
}

Result<proposal::Start> Asha::StartAt(const Place& place, TrialNumber number) const {
  proposal::Start start;
  std::string from;
  if (place.parent) {
    start = ladder_.Start(place.rung, values_.at(*place.parent));
    const auto left = checkpoints_.find(*place.parent);
    ladder_.Promote(*place.parent,
                    left == checkpoints_.end() ? std::nullopt : std::optional(left->second), start);
    from = ", promoted from trial number " + std::to_string(*place.parent);
  } else {
    HONE_ASSIGN_OR_RETURN(const auto drawn, configurations_.Draw({{number, 0}}));
    start = ladder_.Start(0, drawn.front());
  }
  start.tag = TagOf(place);
  start.note = "rung " + std::to_string(place.rung) + ": budget " + ladder_.Text(place.rung) + from;
  return start;
}

Result<std::vector<Proposal>> Asha::Propose(const ProposeRequest& request) const {
  std::vector<std::size_t> taken(ladder_.size());
  std::vector<Proposal> answers;
  for (const TrialNumber number : request.numbers) {
    HONE_ASSIGN_OR_RETURN(auto start, StartAt(Next(taken), number));
    answers.emplace_back(std::move(start));
  }
  return answers;
}

std::vector<SettingSpec> SettingsOfAsha() {
  std::vector<SettingSpec> settings = Ladder::SettingSpecs();
  settings.push_back(
      RealSetting("min_resource", 1, {.min = 1, .max = 1e9}, "no budget is smaller than this one"));
  settings.push_back(RandomStateSetting());
  return settings;
}

HONE_REGISTER_SEARCHER(
    asha, {.summary = "asynchronous successive halving, promoting: the best of each rung go on "
                      "with more training; it never waits",
           .source = "Li et al. 2020, arXiv 1810.05934",
           .supports = kReal | kInteger | kDiscrete | kCategorical | kDistributions | kParallel |
                       kConditional | kConstrained | kBudgets,
           .settings = SettingsOfAsha(),
           .create = &Asha::Create,
           .check = &Asha::Check});

}  // namespace
}  // namespace hone
