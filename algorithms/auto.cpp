// SPDX-License-Identifier: Apache-2.0
// Chooses among the other algorithms: one for the first results, and one for those after them.
//
// The rule and the figures behind it are in docs/choosing.md. A choice is a function of space,
// budget, parallelism and the number of results so far. All candidates are told everything, so the
// second one begins with what the first has found. A proposal's tag is
// "auto/<algorithm>/<reason>/<the algorithm's own tag>".
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "algorithms/registry.h"
#include "algorithms/seed.h"
#include "base/check.h"

namespace hone {
namespace {

// Results up to which the Gaussian process proposes (docs/choosing.md).
constexpr std::size_t kModelResults = 200;

/// An algorithm and why it was chosen.
struct Choice {
  std::string algorithm;
  std::string reason;  ///< a word, for tags
  std::string why;     ///< a clause, for people
};

/// How many configurations there are, if conditions are left out of account; nothing: some number
/// is continuous, or they are more than `most`.
std::optional<std::uint64_t> Configurations(const Space& space, std::uint64_t most) {
  std::uint64_t count = 1;
  for (const Parameter& parameter : space.parameters) {
    const std::optional<std::uint64_t> values = Cardinality(parameter.domain);
    if (!values || *values > most / count) {
      return std::nullopt;
    }
    count *= *values;
  }
  return count;
}

bool IsUniform(const Parameter& parameter) {
  if (const auto* whole = std::get_if<IntegerDomain>(&parameter.domain)) {
    return whole->distribution == Distribution::kUniform;
  }
  const auto* real = std::get_if<RealDomain>(&parameter.domain);
  return real == nullptr || real->distribution == Distribution::kUniform;
}

/// Whether every parameter is a number that always plays a role, and there are at least two.
bool IsBox(const Space& space) {
  return space.parameters.size() >= 2 &&
         std::ranges::all_of(space.parameters, [](const Parameter& parameter) {
           const bool number = std::holds_alternative<RealDomain>(parameter.domain) ||
                               std::holds_alternative<IntegerDomain>(parameter.domain);
           return number && !parameter.active_when;
         });
}

/// Who proposes until there are kModelResults results.
Choice FirstChoice(const SearchContext& context) {
  if (context.max_trial_count && *context.max_trial_count > 1 &&
      *context.max_trial_count <= context.parallel_trial_count) {
    return {"sobol", "one-batch", "all trials run at once, so none can learn from another"};
  }
  return {"bayesianoptimization", "few-results",
          "a model of every result finds most while there are fewer than " +
              std::to_string(kModelResults)};
}

/// Who proposes from then on.
Choice SecondChoice(const SearchContext& context) {
  const std::string after = "after " + std::to_string(kModelResults) + " results ";
  const auto budget = static_cast<std::uint64_t>(std::max(context.max_trial_count.value_or(0), 0));
  if (std::ranges::all_of(context.space.parameters, IsUniform)) {
    if (const auto count = Configurations(context.space, budget)) {
      return {"grid", "all-fit",
              after + "all " + std::to_string(*count) +
                  " configurations fit into maxTrialCount: each is tried once"};
    }
  }
  if (context.objectives > 1) {
    return {"nsga2", "several-objectives", after + "a population covers a front best"};
  }
  if (IsBox(context.space)) {
    return {"cmaes", "many-numbers", after + "a distribution that learns suits numbers best"};
  }
  return {"multivariate-tpe", "many-mixed",
          after + "densities of good and bad trials suit mixed spaces, and answer at once"};
}

/// What an algorithm of the registry is made of, with its default settings.
Result<std::unique_ptr<Searcher>> Make(const std::string& name, const SearchContext& context) {
  const SearcherInfo* info = SearcherRegistry::Instance().Find(name);
  HONE_CHECK(info != nullptr, "auto chooses among registered algorithms");
  Problems problems;
  const Settings settings = CheckSettings(info->settings, {}, "", problems);
  SearchContext own{.space = context.space,
                    .settings = settings,
                    .seed = SeedOf(context.settings, context.seed),
                    .objectives = context.objectives,
                    .parallel_trial_count = context.parallel_trial_count,
                    .max_trial_count = context.max_trial_count,
                    .noisy = context.noisy,
                    .device = context.device,
                    .warm_trials = context.warm_trials,
                    .earlier = context.earlier};
  return info->create(own);
}

/// One of the algorithms, and what its tags begin with.
struct Stage {
  std::string prefix;
  std::string note;
  std::unique_ptr<Searcher> searcher;
};

/// State: the candidates', and how many results there are.
class Auto final : public Searcher {
 public:
  static Result<std::unique_ptr<Searcher>> Create(const SearchContext& context) {
    auto chooser = std::make_unique<Auto>();
    for (const Choice& choice : {FirstChoice(context), SecondChoice(context)}) {
      Stage stage{"auto/" + choice.algorithm + "/" + choice.reason + "/",
                  choice.algorithm + ", chosen because " + choice.why, nullptr};
      HONE_ASSIGN_OR_RETURN(stage.searcher, Make(choice.algorithm, context));
      chooser->stages_.push_back(std::move(stage));
    }
    return chooser;
  }

  Status Observe(History deltas) override {
    for (Stage& stage : stages_) {
      std::vector<HistoryItem> items(deltas.begin(), deltas.end());
      std::ranges::for_each(items, [&](HistoryItem& item) { MakeOwn(stage, item); });
      HONE_RETURN_IF_ERROR(stage.searcher->Observe(items));
    }
    results_ += static_cast<std::size_t>(std::ranges::count_if(deltas, [](const auto& item) {
      return std::holds_alternative<history::Completed>(item.what);
    }));
    return {};
  }

  [[nodiscard]] Result<std::vector<Proposal>> Propose(
      const ProposeRequest& request) const override {
    const Stage& stage = stages_[results_ < kModelResults ? 0 : 1];
    HONE_ASSIGN_OR_RETURN(std::vector<Proposal> answers, stage.searcher->Propose(request));
    for (Proposal& answer : answers) {
      if (auto* start = std::get_if<proposal::Start>(&answer)) {
        start->tag = stage.prefix + start->tag;
        start->note = stage.note;
      }
    }
    return answers;
  }

 private:
  /// A candidate sees the tags that it gave, and none of others.
  static void MakeOwn(const Stage& stage, HistoryItem& item) {
    if (auto* proposed = std::get_if<history::Proposed>(&item.what)) {
      proposed->tag = proposed->tag.starts_with(stage.prefix)
                          ? proposed->tag.substr(stage.prefix.size())
                          : std::string();
    }
  }

  std::vector<Stage> stages_;  // the first, and the one after kModelResults results
  std::size_t results_ = 0;
};

HONE_REGISTER_SEARCHER_AS(
    "auto", automatic,
    {.summary = "chooses an algorithm from space, budget and parallelism, and says why",
     .source = "docs/choosing.md",
     .supports = kReal | kInteger | kDiscrete | kCategorical | kDistributions | kParallel |
                 kConditional | kConstrained | kMultiObjective,
     .settings = {RandomStateSetting()},
     .create = &Auto::Create});

}  // namespace
}  // namespace hone
