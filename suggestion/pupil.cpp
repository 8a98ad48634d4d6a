// SPDX-License-Identifier: Apache-2.0
#include "suggestion/pupil.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "algorithms/check.h"
#include "algorithms/expected_gain.h"
#include "suggestion/answers.h"

namespace hone {

Result<std::unique_ptr<Pupil>> Pupil::Create(const ExperimentSpec& spec, std::uint64_t seed,
                                             const gp::Device* device) {
  Problems problems;
  const std::optional<AlgorithmChoice> choice = CheckAlgorithm(spec, problems);
  for (const Problem& problem : problems.list()) {
    if (problem.severity == Problem::Severity::kError) {
      return Fail(Code::kInvalidArgument, problem.message, problem.field);
    }
  }
  if (!choice) {
    return Fail(Code::kInvalidArgument, "unknown algorithm", "spec.algorithm.algorithmName");
  }
  SearchContext context = ContextOf(spec, choice->settings, seed);
  context.device = device;
  context.earlier = EarlierTasks(spec);
  std::vector<InitialTrial> initial = InitialTrials(spec);
  context.warm_trials =
      static_cast<std::size_t>(std::ranges::count_if(initial, &InitialTrial::warm));
  HONE_ASSIGN_OR_RETURN(std::unique_ptr<Searcher> searcher, choice->info->create(context));
  auto pupil = std::make_unique<Pupil>(choice->info->name, spec.space, std::move(searcher),
                                       std::move(initial));
  if (spec.min_expected_gain) {
    HONE_ASSIGN_OR_RETURN(pupil->gain_, ExpectedGain::Create(spec.space));
  }
  return pupil;
}

Pupil::Pupil(std::string algorithm, Space space, std::unique_ptr<Searcher> searcher,
             std::vector<InitialTrial> initial)
    : algorithm_(std::move(algorithm)),
      space_(std::move(space)),
      searcher_(std::move(searcher)),
      initial_(std::move(initial)) {}

Pupil::~Pupil() = default;

Status Pupil::Tell(History items) {
  if (broken_) {
    return tl::make_unexpected(*broken_);
  }
  const auto first_new = std::ranges::upper_bound(items, told_, {}, &HistoryItem::seq);
  const History news(first_new, items.end());
  if (news.empty()) {
    return {};
  }
  Status status = searcher_->Observe(news);
  if (status && gain_ != nullptr) {
    status = gain_->Observe(news);
  }
  if (!status) {
    broken_ = Annotate(status.error(), "algorithm " + algorithm_).value();
    return tl::make_unexpected(*broken_);
  }
  told_ = news.back().seq;
  for (const HistoryItem& item : news) {
    const auto* const completed = std::get_if<history::Completed>(&item.what);
    if (completed != nullptr && completed->checkpoint) {
      left_.insert(completed->trial);
    }
  }
  const auto proposed = std::ranges::count_if(news, [](const HistoryItem& item) {
    return std::holds_alternative<history::Proposed>(item.what);
  });
  given_ = std::min(given_ + static_cast<std::size_t>(proposed), initial_.size());
  return {};
}

std::optional<double> Pupil::TakeExpectedGain() {
  return gain_ == nullptr || given_ < initial_.size() ? std::nullopt : gain_->Best();
}

std::vector<TrialNumber> Pupil::TakeReleased() {
  std::vector<TrialNumber> released;
  if (const auto needed = searcher_->Needed()) {
    std::ranges::set_difference(left_, *needed, std::back_inserter(released));
    std::erase_if(left_, [&](TrialNumber trial) { return !needed->contains(trial); });
  }
  return released;
}

/// Fills up the answers. The searcher does not know yet what the same question gives before, so it
/// is asked for as many more, and what would be a second time is left out.
Status Pupil::AskSearcher(const ProposeRequest& request, std::vector<Proposal>& answers) const {
  const std::size_t given = answers.size();
  const auto begin = request.numbers.begin() + static_cast<std::ptrdiff_t>(given);
  ProposeRequest rest{{begin, request.numbers.end()}, request.trials_left, request.may_wait};
  for (std::size_t i = 0; i < given; ++i) {
    rest.numbers.push_back(rest.numbers.back() + 1);
  }
  auto found = searcher_->Propose(rest);
  if (!found) {
    return Annotate(found.error(), "algorithm " + algorithm_);
  }
  if (found->size() == rest.numbers.size() && given > 0) {
    const auto again = [&](const Proposal& answer) {
      const auto* start = std::get_if<proposal::Start>(&answer);
      return start != nullptr &&
             std::ranges::find(initial_, start->values, &InitialTrial::values) != initial_.end();
    };
    std::ranges::stable_partition(*found, std::not_fn(again));
    found->resize(request.numbers.size() - given);
  }
  answers.insert(answers.end(), std::make_move_iterator(found->begin()),
                 std::make_move_iterator(found->end()));
  return {};
}

Result<std::vector<Proposal>> Pupil::Ask(const ProposeRequest& request) const {
  if (broken_) {
    return tl::make_unexpected(*broken_);
  }
  std::vector<Proposal> answers;
  for (std::size_t i = given_; i < initial_.size() && answers.size() < request.numbers.size();
       ++i) {
    proposal::Start start;
    start.values = initial_[i].values;
    start.note = initial_[i].note;
    start.budget = searcher_->BudgetOf(start.values);
    answers.emplace_back(std::move(start));
  }
  if (answers.size() < request.numbers.size()) {
    HONE_RETURN_IF_ERROR(AskSearcher(request, answers));
  }
  if (const Status status = CheckAnswers(space_, request.numbers, answers); !status) {
    return Annotate(status.error(), "algorithm " + algorithm_);
  }
  return answers;
}

}  // namespace hone
