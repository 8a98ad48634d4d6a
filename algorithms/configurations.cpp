// SPDX-License-Identifier: Apache-2.0
#include "algorithms/configurations.h"

#include <iterator>
#include <ranges>
#include <string>
#include <utility>

#include "algorithms/registry.h"
#include "algorithms/seed.h"
#include "base/check.h"
#include "base/rng.h"

namespace hone {
namespace {

// Of the stream that decides whether a configuration is random; counter 0 is that of its values.
constexpr std::uint32_t kCoin = 1;

Result<std::unique_ptr<Searcher>> Make(const std::string& name, const SearchContext& context,
                                       const Space& space, const std::vector<Setting>& given) {
  const SearcherInfo* info = SearcherRegistry::Instance().Find(name);
  HONE_CHECK(info != nullptr, "configurations come from registered algorithms");
  Problems problems;
  const Settings settings = CheckSettings(info->settings, given, "", problems);
  return info->create({.space = space,
                       .settings = settings,
                       .seed = SeedOf(context.settings, context.seed),
                       .objectives = 1,
                       .parallel_trial_count = context.parallel_trial_count,
                       .max_trial_count = context.max_trial_count});
}

}  // namespace

Result<Configurations::Level> Configurations::MakeLevel(const SearchContext& context,
                                                        const Space& space, bool with_model) {
  Level level;
  HONE_ASSIGN_OR_RETURN(level.random, Make("random", context, space, {}));
  if (with_model) {
    // Whether there are enough results is decided here.
    HONE_ASSIGN_OR_RETURN(level.modelled,
                          Make("multivariate-tpe", context, space, {{"n_startup_trials", "0"}}));
  }
  return level;
}

Result<Configurations> Configurations::Create(const SearchContext& context, const Ladder& ladder,
                                              std::optional<Model> model) {
  Configurations made(SeedOf(context.settings, context.seed), model);
  for (std::size_t i = 0; i < ladder.size(); ++i) {
    HONE_ASSIGN_OR_RETURN(auto level,
                          MakeLevel(context, ladder.SpaceAt(i, context.space), model.has_value()));
    made.levels_.push_back(std::move(level));
  }
  return made;
}

Status Configurations::Observe(std::size_t level, const HistoryItem& item) {
  Level& at = levels_[level];
  at.results += std::holds_alternative<history::Completed>(item.what) ? 1U : 0U;
  return at.modelled == nullptr ? Status() : at.modelled->Observe(History(&item, 1));
}

const Configurations::Level* Configurations::Modelled() const {
  if (!model_) {
    return nullptr;
  }
  for (const Level& level : std::views::reverse(levels_)) {
    if (level.results >= model_->min_results) {
      return &level;
    }
  }
  return nullptr;
}

bool Configurations::IsRandom(TrialNumber trial) const {
  Rng rng(seed_, Scope::Trial(trial), Purpose::kSample, kCoin);
  return !model_ || rng.Uniform() < model_->random_share;
}

Result<std::vector<Assignment>> Configurations::Draw(const std::vector<Wish>& wishes) const {
  const Level* const modelled = Modelled();
  std::vector<Assignment> drawn(wishes.size());
  ProposeRequest by_model;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    if (modelled != nullptr && !IsRandom(wishes[i].trial)) {
      by_model.numbers.push_back(wishes[i].trial);
      places.push_back(i);
      continue;
    }
    HONE_ASSIGN_OR_RETURN(auto answers,
                          levels_[wishes[i].level].random->Propose({{wishes[i].trial}, {}}));
    drawn[i] = std::move(std::get<proposal::Start>(answers.front()).values);
  }
  if (!places.empty()) {
    HONE_ASSIGN_OR_RETURN(auto answers, modelled->modelled->Propose(by_model));
    for (std::size_t i = 0; i < places.size(); ++i) {
      drawn[places[i]] = std::move(std::get<proposal::Start>(answers[i]).values);
    }
  }
  return drawn;
}

}  // namespace hone
