// SPDX-License-Identifier: Apache-2.0
#include "suggestion/inprocess/pupil.h"

#include <algorithm>
#include <utility>

#include "algorithms/check.h"
#include "suggestion/answers.h"

namespace hone {

Result<std::unique_ptr<Pupil>> Pupil::Create(const ExperimentSpec& spec, std::uint64_t seed) {
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
  HONE_ASSIGN_OR_RETURN(std::unique_ptr<Searcher> searcher,
                        choice->info->create(ContextOf(spec, choice->settings, seed)));
  return std::make_unique<Pupil>(choice->info->name, spec.space, std::move(searcher));
}

Pupil::Pupil(std::string algorithm, Space space, std::unique_ptr<Searcher> searcher)
    : algorithm_(std::move(algorithm)), space_(std::move(space)), searcher_(std::move(searcher)) {}

Status Pupil::Tell(History items) {
  if (broken_) {
    return tl::make_unexpected(*broken_);
  }
  const auto first_new = std::ranges::upper_bound(items, told_, {}, &HistoryItem::seq);
  const History news(first_new, items.end());
  if (news.empty()) {
    return {};
  }
  const Status status = searcher_->Observe(news);
  if (!status) {
    broken_ = Annotate(status.error(), "algorithm " + algorithm_).value();
    return tl::make_unexpected(*broken_);
  }
  told_ = news.back().seq;
  return {};
}

Result<std::vector<Proposal>> Pupil::Ask(const ProposeRequest& request) const {
  if (broken_) {
    return tl::make_unexpected(*broken_);
  }
  auto answers = searcher_->Propose(request);
  if (!answers) {
    return Annotate(answers.error(), "algorithm " + algorithm_);
  }
  if (const Status status = CheckAnswers(space_, request.numbers, *answers); !status) {
    return Annotate(status.error(), "algorithm " + algorithm_);
  }
  return answers;
}

}  // namespace hone
