// SPDX-License-Identifier: Apache-2.0
// Hyperband, and BOHB, which is Hyperband with a model instead of chance: many configurations get
// little of a resource, the best of them more. A promotion is a trial of its own, with a larger
// budget, which starts from its parent's checkpoint if there is one; or the same trial, which was
// paused (promote_by).
//
// Source: Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar 2018, "Hyperband: a novel bandit-based
// approach to hyperparameter optimization", JMLR 18(185), algorithm 1; Falkner, Klein, Hutter 2018,
// "BOHB: robust and efficient hyperparameter optimization at scale", arXiv 1807.01774.
// Differs from the papers in: no slot waits for a rung while maxTrialCount has room for the next
// bracket, which begins meanwhile; near its end a bracket that has no room any more is left out for
// a smaller one; after the last bracket the first comes again; BOHB's model is hone's
// multivariate-tpe, and the budget of the largest rung with enough results is modelled, running
// trials of that budget included.
// Differs from Katib's in: it gives exactly as many trials as were asked for, whatever their
// number; a failed trial does not block its rung; nothing is kept in the settings of a reply.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "algorithms/brackets.h"
#include "algorithms/configurations.h"
#include "algorithms/ladder.h"
#include "algorithms/registry.h"
#include "algorithms/seed.h"
#include "base/text.h"

namespace hone {
namespace {

// Katib's: the first budget is r_l eta^-s_max, so at least 1.
constexpr double kSmallest = 1;
constexpr double kRandomShare = 0.33;  // as in the authors' HpBandSter

/// State: the brackets; the place and configuration of each of their trials; how many run.
class Hyperband final : public Searcher {
 public:
  Hyperband(const SearchContext& context, Configurations configurations, bool publishes)
      : ladder_(context, kSmallest),
        resumes_(Ladder::Resumes(context, false)),
        brackets_(ladder_.size(), ladder_.eta(), resumes_),
        configurations_(std::move(configurations)) {
    if (publishes) {
      resource_name_ = context.settings.Text("resource_name");
    }
  }

  Status Observe(History deltas) override {
    for (const HistoryItem& item : deltas) {
      HONE_RETURN_IF_ERROR(
          std::visit([&](const auto& what) { return Learn(item, what); }, item.what));
    }
    return {};
  }
  [[nodiscard]] Result<std::vector<Proposal>> Propose(const ProposeRequest& request) const override;
  [[nodiscard]] std::optional<double> BudgetOf(const Assignment& values) const override {
    return ladder_.BudgetOf(values);
  }
  [[nodiscard]] std::vector<Setting> Published(const ProposeRequest& request) const override;

 private:
  /// A trial that has a place in a bracket.
  struct Member {
    Place place;
    Assignment values;
    std::optional<std::string> checkpoint{};  // that it left
  };
  using Places = std::vector<std::optional<Place>>;

  Status Learn(const HistoryItem& item, const history::Proposed& what);
  Status Learn(const HistoryItem& item, const history::Completed& what) {
    return End(item, what.trial, what.values.front());
  }
  Status Learn(const HistoryItem& item, const history::StoppedEarly& what) {
    // One that was paused stays as it is: a child may go on with it.
    return paused_.erase(what.trial) > 0 ? Status() : End(item, what.trial, std::nullopt);
  }
  Status Learn(const HistoryItem& item, const history::Paused& what);
  Status Learn(const HistoryItem& item, const history::Resumed& what);
  Status Learn(const HistoryItem& item, const history::Infeasible& what) {
    return End(item, what.trial, std::nullopt);
  }
  Status Learn(const HistoryItem& item, const history::Lost& what);
  Status Learn(const HistoryItem& /*item*/, const history::Reported& /*what*/) { return {}; }
  Status End(const HistoryItem& item, TrialNumber trial, std::optional<double> loss);
  void ForgetIfOver(std::uint32_t bracket);

  [[nodiscard]] std::optional<Place> PlaceOf(const history::Proposed& what,
                                             std::size_t level) const;
  [[nodiscard]] Places Plan(const ProposeRequest& request) const;
  [[nodiscard]] bool Resumes(const Place& place, const ProposeRequest& request) const {
    return request.may_wait && place.parent && paused_.contains(*place.parent);
  }
  [[nodiscard]] proposal::Resume ResumeAt(const Place& place) const;
  [[nodiscard]] proposal::Start StartAt(const Place& place, const Assignment& values) const;

  Ladder ladder_;
  bool resumes_;
  Brackets brackets_;
  Configurations configurations_;
  std::map<TrialNumber, Member> members_;                      // of open brackets
  std::map<TrialNumber, std::optional<std::size_t>> running_;  // its level, if it has one
  std::set<TrialNumber> paused_;
  std::optional<std::string> resource_name_;  // to be published
};

/// What the tag says; without one (it came over Katib's wire, or a person gave it) a trial goes on
/// with an open one of the same configuration and the budget below, or is new.
std::optional<Place> Hyperband::PlaceOf(const history::Proposed& what, std::size_t level) const {
  const std::optional<Place> told = ParseTag(what.tag);
  if (told && told->Level() == level) {
    return told;
  }
  const std::string key = ladder_.KeyOf(what.values);
  for (const auto& [trial, member] : members_) {
    if (member.place.Level() + 1 == level && ladder_.KeyOf(member.values) == key &&
        brackets_.Find(member.place.bracket) != nullptr) {
      return Place{member.place.bracket, member.place.start, member.place.rung + 1, trial};
    }
  }
  return brackets_.Stranger(level);
}

Status Hyperband::Learn(const HistoryItem& item, const history::Proposed& what) {
  const std::optional<std::size_t> level = ladder_.LevelOf(what);
  running_.emplace(what.trial, level);
  if (!level) {
    return {};
  }
  HONE_RETURN_IF_ERROR(configurations_.Observe(*level, item));
  if (const std::optional<Place> place = PlaceOf(what, *level)) {
    brackets_.Take(*place);
    if (place->parent && !running_.contains(*place->parent)) {
      members_.erase(*place->parent);  // it has gone on
    }
    members_.insert_or_assign(what.trial, Member{*place, what.values});
  }
  return {};
}

Status Hyperband::End(const HistoryItem& item, TrialNumber trial, std::optional<double> loss) {
  const auto ran = running_.extract(trial);
  if (!ran) {
    return Fail(Code::kInternal, "trial " + std::to_string(trial) + " ended before its proposal");
  }
  const std::optional<std::size_t> level = ran.mapped();
  if (!level) {
    return {};
  }
  HONE_RETURN_IF_ERROR(configurations_.Observe(*level, item));
  const auto member = members_.find(trial);
  if (member == members_.end()) {
    return {};
  }
  const Place place = member->second.place;
  brackets_.End(place, trial, loss);
  if (const auto* const completed = std::get_if<history::Completed>(&item.what)) {
    member->second.checkpoint = completed->checkpoint;
  }
  if (!loss) {
    members_.erase(member);
  }
  ForgetIfOver(place.bracket);
  return {};
}

void Hyperband::ForgetIfOver(std::uint32_t bracket) {
  if (brackets_.Find(bracket) == nullptr) {
    std::erase_if(members_,
                  [&](const auto& entry) { return entry.second.place.bracket == bracket; });
  }
}

/// For the model and the bracket, a pause is an end with a result at this budget.
Status Hyperband::Learn(const HistoryItem& item, const history::Paused& what) {
  paused_.insert(what.trial);
  if (what.values.empty()) {
    return End({item.seq, history::Infeasible{what.trial, EndingKind::kSucceeded}}, what.trial,
               std::nullopt);
  }
  return End({item.seq, history::Completed{what.trial, what.values, {}, what.checkpoint}},
             what.trial, what.values.front());
}

/// And what goes on is a new trial of the next budget.
Status Hyperband::Learn(const HistoryItem& item, const history::Resumed& what) {
  const std::optional<Place> place = ParseTag(what.tag);
  const auto member = members_.find(what.trial);
  if (!place || place->Level() > ladder_.top() || member == members_.end() ||
      paused_.erase(what.trial) == 0) {
    return Fail(Code::kInternal, "trial " + std::to_string(what.trial) + " cannot be resumed");
  }
  const std::size_t level = place->Level();
  const Assignment values = ladder_.At(level, member->second.values);
  running_.emplace(what.trial, level);
  HONE_RETURN_IF_ERROR(configurations_.Observe(
      level, {item.seq, history::Proposed{what.trial, values, what.tag, what.budget}}));
  brackets_.Take(*place);
  member->second = Member{*place, values};
  return {};
}

/// Lost, or killed by a person: also one that was paused is not gone on with.
Status Hyperband::Learn(const HistoryItem& item, const history::Lost& what) {
  if (paused_.erase(what.trial) == 0) {
    return End(item, what.trial, std::nullopt);
  }
  if (const auto member = members_.extract(what.trial)) {
    brackets_.Drop(member.mapped().place, what.trial);
    ForgetIfOver(member.mapped().place.bracket);
  }
  return {};
}

Hyperband::Places Hyperband::Plan(const ProposeRequest& request) const {
  Brackets brackets = brackets_;
  std::optional<std::size_t> room;
  if (request.trials_left) {
    const std::size_t open = running_.size() + paused_.size();
    room = *request.trials_left - std::min<std::size_t>(*request.trials_left, open);
  }
  Places places;
  for (std::size_t i = 0; i < request.numbers.size(); ++i) {
    const std::optional<Place>& place = places.emplace_back(brackets.Next(room, request.may_wait));
    if (place) {
      brackets.Take(*place);
      room = room && !Resumes(*place, request)
                 ? std::optional(*room - std::min<std::size_t>(*room, 1))
                 : room;
    }
  }
  return places;
}

proposal::Start Hyperband::StartAt(const Place& place, const Assignment& values) const {
  proposal::Start start = ladder_.Start(place.Level(), values);
  start.tag = TagOf(place);
  start.pauses = resumes_ && place.Level() < ladder_.top();
  start.note = "bracket " + std::to_string(place.bracket) + ", rung " + std::to_string(place.rung) +
               ": budget " + ladder_.Text(place.Level());
  if (place.parent) {
    ladder_.Promote(*place.parent, members_.at(*place.parent).checkpoint, start);
  }
  return start;
}

proposal::Resume Hyperband::ResumeAt(const Place& place) const {
  const TrialNumber trial = place.parent.value_or(0);
  const Member& member = members_.at(trial);
  proposal::Resume resume = ladder_.Resume(
      place.Level(), trial, member.values,
      "bracket " + std::to_string(place.bracket) + ", rung " + std::to_string(place.rung),
      member.checkpoint.has_value());
  resume.tag = TagOf(place);
  return resume;
}

Result<std::vector<Proposal>> Hyperband::Propose(const ProposeRequest& request) const {
  const Places places = Plan(request);
  std::vector<Configurations::Wish> wishes;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] && !places[i]->parent) {
      wishes.push_back({request.numbers[i], places[i]->Level()});
    }
  }
  HONE_ASSIGN_OR_RETURN(const std::vector<Assignment> drawn, configurations_.Draw(wishes));
  std::vector<Proposal> answers;
  auto fresh = drawn.begin();
  for (const std::optional<Place>& place : places) {
    if (!place) {
      answers.emplace_back(proposal::Wait{});
    } else if (Resumes(*place, request)) {
      answers.emplace_back(ResumeAt(*place));
    } else {
      answers.emplace_back(
          StartAt(*place, place->parent ? members_.at(*place->parent).values : *fresh++));
    }
  }
  return answers;
}

std::vector<Setting> Hyperband::Published(const ProposeRequest& request) const {
  const Places places = Plan(request);
  const std::optional<Place> last = places.empty() ? std::nullopt : places.back();
  if (!resource_name_ || !last) {
    return {};
  }
  const Place& place = *last;
  const Bracket* const bracket = brackets_.Find(place.bracket);
  const std::size_t first = brackets_.SizesAt(place.start).front();
  const std::size_t evaluating = bracket != nullptr ? bracket->Evaluating(place.rung) : first;
  const double largest = ladder_.Budget(ladder_.top());
  return {{"eta", FormatDouble(ladder_.eta())},
          {"s_max", std::to_string(ladder_.top())},
          {"r_l", FormatDouble(largest)},
          {"b_l", FormatDouble(static_cast<double>(ladder_.size()) * largest)},
          {"r", ladder_.Text(place.start)},
          {"n", std::to_string(first)},
          {"current_s", std::to_string(ladder_.top() - place.start)},
          {"current_i", std::to_string(place.rung)},
          {"resource_name", *resource_name_},
          {"evaluating_trials", std::to_string(evaluating)}};
}

/// Parameters that are searched, plus three (BOHB, section 3.2: |D| >= N_min + 2, N_min = d + 1).
Configurations::Model ModelOf(const SearchContext& context) {
  const std::size_t searched = context.space.parameters.size() -
                               (Ladder::HasCarrier(context.space, context.settings) ? 1U : 0U);
  const std::size_t least =
      context.settings.Has("min_points_in_model")
          ? static_cast<std::size_t>(context.settings.Int("min_points_in_model"))
          : searched + 1;
  return {least + 2, context.settings.Real("random_fraction")};
}

Result<std::unique_ptr<Searcher>> MakeHyperband(const SearchContext& context,
                                                std::optional<Configurations::Model> model) {
  HONE_ASSIGN_OR_RETURN(Configurations configurations,
                        Configurations::Create(context, Ladder(context, kSmallest), model));
  return std::make_unique<Hyperband>(context, std::move(configurations), !model);
}

Result<std::unique_ptr<Searcher>> CreateHyperband(const SearchContext& context) {
  return MakeHyperband(context, std::nullopt);
}

Result<std::unique_ptr<Searcher>> CreateBohb(const SearchContext& context) {
  return MakeHyperband(context, ModelOf(context));
}

void CheckHyperband(const SearchContext& context, Problems& problems) {
  Ladder::Check(context, kSmallest, problems);
  Ladder::CheckPromoteBy(context, problems);
  if (problems.HasErrors() || !context.max_trial_count) {
    return;
  }
  const Ladder ladder(context, kSmallest);
  const Brackets brackets(ladder.size(), ladder.eta(), Ladder::Resumes(context, false));
  const auto largest = brackets.TrialsOf(0);
  std::size_t all = 0;
  for (std::size_t start = 0; start < ladder.size(); ++start) {
    all += brackets.TrialsOf(start);
  }
  if (static_cast<std::size_t>(*context.max_trial_count) < largest) {
    problems.Warn("spec.maxTrialCount",
                  "is less than the " + std::to_string(largest) +
                      " trials of the largest bracket, which is left out for a smaller one; all "
                      "brackets together have " +
                      std::to_string(all));
  }
}

std::vector<SettingSpec> SettingsOf(bool bohb) {
  std::vector<SettingSpec> settings = Ladder::SettingSpecs();
  settings.push_back(Ladder::PromoteBySetting(false));
  settings.push_back(RandomStateSetting());
  if (bohb) {
    settings.push_back(IntSetting("min_points_in_model", std::nullopt, {.min = 1, .max = 10000},
                                  "results at one budget, less two, from which on it is modelled; "
                                  "unset: searched parameters + 1"));
    settings.push_back(RealSetting("random_fraction", kRandomShare, {.min = 0, .max = 1},
                                   "share of new configurations that are random"));
  }
  return settings;
}

constexpr std::uint32_t kSupports = kReal | kInteger | kDiscrete | kCategorical | kDistributions |
                                    kParallel | kConditional | kConstrained | kBudgets;

HONE_REGISTER_SEARCHER(
    hyperband, {.summary = "successive halving of random configurations in brackets, from many "
                           "with little training to few with all of it",
                .source = "Li et al. 2018, JMLR 18(185)",
                .supports = kSupports,
                .settings = SettingsOf(false),
                .ignores_unknown_settings = true,
                .create = &CreateHyperband,
                .check = &CheckHyperband});

HONE_REGISTER_SEARCHER(bohb,
                       {.summary = "Hyperband whose new configurations come from a model of the "
                                   "results at the largest budget that has enough",
                        .source = "Falkner, Klein & Hutter 2018, arXiv 1807.01774",
                        .supports = kSupports,
                        .settings = SettingsOf(true),
                        .create = &CreateBohb,
                        .check = &CheckHyperband});

}  // namespace
}  // namespace hone
