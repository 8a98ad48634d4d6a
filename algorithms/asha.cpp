// SPDX-License-Identifier: Apache-2.0
// Asynchronous successive halving, promoting type: whenever a slot is free, the best trial that is
// among the best 1/eta of its rung and has not gone on does so, with eta times the budget; if there
// is none, a new configuration starts at the lowest rung. It never waits while something may start.
// A trial that has come to its rung is paused, and a promotion resumes it (promote_by resume); or a
// promotion is a trial of its own, which starts from its parent's checkpoint if there is one. (The
// stopping type is a rule of early stopping.)
//
// Source: Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", arXiv
// 1810.05934, algorithm 2. Differs from the paper in: rungs count down from the full budget (r_l /
// eta^k), so that the last one is the full budget; a failed trial is a member of its rung that is
// worse than all others; a lost one is none.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
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

/// State: the results of each rung, who of them has gone on, and who of the others is paused.
class Asha final : public Searcher {
 public:
  Asha(const SearchContext& context, Configurations configurations)
      : ladder_(context, SmallestOf(context)),
        resumes_(Ladder::Resumes(context, true)),
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
    Ladder::CheckPromoteBy(context, problems);
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
  /// Answers of one question so far.
  struct Plan {
    bool may_wait = true;
    std::optional<std::size_t> room{};  // for new trials; nothing: enough
    std::set<TrialNumber> taken{};      // that go on
  };

  Status Learn(const history::Proposed& what);
  Status Learn(const history::Completed& what) {
    return EndWith(what.trial, what.values, what.checkpoint);
  }
  Status Learn(const history::Paused& what);
  Status Learn(const history::Resumed& what);
  Status Learn(const history::StoppedEarly& what) {
    // One that was paused stays as it is: a child may go on with it.
    return paused_.erase(what.trial) > 0 ? Status() : End(what.trial, std::nullopt);
  }
  Status Learn(const history::Infeasible& what) { return End(what.trial, std::nullopt); }
  Status Learn(const history::Lost& what);
  Status Learn(const history::Reported& /*what*/) { return {}; }
  Status End(TrialNumber trial, std::optional<double> loss);
  /// @param values  empty: none that counts
  Status EndWith(TrialNumber trial, const std::vector<double>& values,
                 const std::optional<std::string>& checkpoint);
  void GoOn(TrialNumber trial, std::size_t level);

  [[nodiscard]] std::optional<TrialNumber> ParentOf(const history::Proposed& what,
                                                    std::size_t level) const;
  [[nodiscard]] bool Resumes(TrialNumber trial, const Plan& plan) const {
    return plan.may_wait && paused_.contains(trial);
  }
  [[nodiscard]] std::optional<TrialNumber> Promotable(std::size_t level, const Plan& plan) const;
  [[nodiscard]] std::optional<Place> Next(Plan& plan) const;
  [[nodiscard]] Result<proposal::Start> StartAt(const Place& place, TrialNumber number) const;
  [[nodiscard]] proposal::Resume ResumeAt(const Place& place) const;

  Ladder ladder_;
  bool resumes_;
  Configurations configurations_;
  std::vector<Rung> rungs_;  // by level
  std::map<TrialNumber, Running> running_;
  std::set<TrialNumber> paused_;
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

/// A result of the rung below `level` is promoted.
void Asha::GoOn(TrialNumber trial, std::size_t level) {
  Rung& below = rungs_[level - 1];
  const auto found = std::ranges::find(below.stay, trial, &Ranked::trial);
  if (found != below.stay.end()) {
    below.gone.insert(std::ranges::upper_bound(below.gone, *found), *found);
    below.stay.erase(found);
    values_.erase(trial);
    checkpoints_.erase(trial);
  }
}

Status Asha::Learn(const history::Proposed& what) {
  const std::optional<std::size_t> level = ladder_.LevelOf(what);
  running_.emplace(what.trial, Running{level, what.values});
  if (!level || *level == 0) {
    return {};
  }
  if (const std::optional<TrialNumber> parent = ParentOf(what, *level)) {
    GoOn(*parent, *level);
  }
  return {};
}

Status Asha::Learn(const history::Paused& what) {
  HONE_RETURN_IF_ERROR(EndWith(what.trial, what.values, what.checkpoint));
  paused_.insert(what.trial);
  return {};
}

Status Asha::Learn(const history::Resumed& what) {
  const std::optional<Place> place = ParseTag(what.tag);
  if (!place || place->rung == 0 || place->rung > ladder_.top() || paused_.erase(what.trial) == 0) {
    return Fail(Code::kInternal, "trial " + std::to_string(what.trial) + " cannot be resumed");
  }
  const auto values = values_.find(what.trial);
  running_.emplace(what.trial, Running{place->rung, values == values_.end()
                                                        ? Assignment()
                                                        : ladder_.At(place->rung, values->second)});
  GoOn(what.trial, place->rung);
  return {};
}

/// Lost, or killed by a person: also one that was paused is not gone on with.
Status Asha::Learn(const history::Lost& what) {
  running_.erase(what.trial);
  if (paused_.erase(what.trial) > 0) {
    for (Rung& rung : rungs_) {
      std::erase_if(rung.stay, [&](const Ranked& ranked) { return ranked.trial == what.trial; });
    }
    values_.erase(what.trial);
    checkpoints_.erase(what.trial);
  }
  return {};
}

Status Asha::EndWith(TrialNumber trial, const std::vector<double>& values,
                     const std::optional<std::string>& checkpoint) {
  if (checkpoint) {
    checkpoints_.insert_or_assign(trial, *checkpoint);
  }
  return values.empty() ? End(trial, std::nullopt) : End(trial, values.front());
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
    values_.insert_or_assign(trial, std::move(ran.mapped().values));
  }
  return {};
}

/// The best of a rung that has not gone on, if it is among the best 1/eta. A child needs room.
std::optional<TrialNumber> Asha::Promotable(std::size_t level, const Plan& plan) const {
  const Rung& rung = rungs_[level];
  const double share = static_cast<double>(rung.results) / ladder_.eta();
  for (std::size_t i = 0; i < rung.stay.size(); ++i) {
    const Ranked& best = rung.stay[i];
    const auto better = std::ranges::lower_bound(rung.gone, best) - rung.gone.begin();
    if (static_cast<double>(better) + static_cast<double>(i) + 1 > share) {
      break;
    }
    const bool fits = plan.room != 0U || Resumes(best.trial, plan);
    if (fits && !plan.taken.contains(best.trial)) {
      return best.trial;
    }
  }
  return std::nullopt;
}

/// get_job() of the paper, which is noted in the plan. @returns nothing: there is room for none
std::optional<Place> Asha::Next(Plan& plan) const {
  Place place{1, 0, 0, std::nullopt};
  for (std::size_t level = ladder_.top(); level-- > 0 && !place.parent;) {
    if (const auto parent = Promotable(level, plan)) {
      plan.taken.insert(*parent);
      place = {1, 0, level + 1, parent};
    }
  }
  if (plan.room && !(place.parent && Resumes(*place.parent, plan))) {
    if (*plan.room == 0) {
      return std::nullopt;
    }
    --*plan.room;
  }
  return place;
}

Result<proposal::Start> Asha::StartAt(const Place& place, TrialNumber number) const {
  const std::string rung =
      "rung " + std::to_string(place.rung) + ": budget " + ladder_.Text(place.rung);
  proposal::Start start;
  if (place.parent) {
    start = ladder_.Start(place.rung, values_.at(*place.parent));
    start.note = rung;
    const auto left = checkpoints_.find(*place.parent);
    ladder_.Promote(*place.parent,
                    left == checkpoints_.end() ? std::nullopt : std::optional(left->second), start);
  } else {
    HONE_ASSIGN_OR_RETURN(const auto drawn, configurations_.Draw({{number, 0}}));
    start = ladder_.Start(0, drawn.front());
    start.note = rung;
  }
  start.tag = TagOf(place);
  start.pauses = resumes_ && place.rung < ladder_.top();
  return start;
}

proposal::Resume Asha::ResumeAt(const Place& place) const {
  const TrialNumber trial = place.parent.value_or(0);
  proposal::Resume resume =
      ladder_.Resume(place.rung, trial, values_.at(trial), "rung " + std::to_string(place.rung),
                     checkpoints_.contains(trial));
  resume.tag = TagOf({1, 0, place.rung, std::nullopt});
  return resume;
}

Result<std::vector<Proposal>> Asha::Propose(const ProposeRequest& request) const {
  Plan plan{.may_wait = request.may_wait};
  if (request.may_wait && request.trials_left && !paused_.empty()) {
    const std::size_t open = running_.size() + paused_.size();
    plan.room = *request.trials_left - std::min<std::size_t>(*request.trials_left, open);
  }
  std::vector<Proposal> answers;
  for (const TrialNumber number : request.numbers) {
    const std::optional<Place> place = Next(plan);
    if (!place) {
      answers.emplace_back(proposal::Wait{});
    } else if (place->parent && Resumes(*place->parent, plan)) {
      answers.emplace_back(ResumeAt(*place));
    } else {
      HONE_ASSIGN_OR_RETURN(auto start, StartAt(*place, number));
      answers.emplace_back(std::move(start));
    }
  }
  return answers;
}

std::vector<SettingSpec> SettingsOfAsha() {
  std::vector<SettingSpec> settings = Ladder::SettingSpecs();
  settings.push_back(Ladder::PromoteBySetting(true));
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
