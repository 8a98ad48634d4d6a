// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "core/command.h"
#include "core/input.h"
#include "suggestion/suggester.h"

namespace hone {

/// The conversation of one strand with its search algorithm: keeps what the algorithm has not been
/// told yet, asks one question at a time, repeats it while the environment is to blame, and gives
/// up after a bounded number of tries.
/// @threads  on the strand of its owner only; answers come back there
class Question : public std::enable_shared_from_this<Question> {
 public:
  using Answer = std::function<void(Input)>;  // Proposals or SearchFailed

  Question(std::unique_ptr<Suggester> suggester, std::shared_ptr<Executor> strand,
           std::string runner, Answer answer);

  /// What happened; told with the next question.
  void Tell(HistoryItem item, Timestamp recorded_at) {
    untold_.push_back(std::move(item));
    untold_at_.push_back(recorded_at);
  }
  /// Trials whose checkpoints no answer will name any more; each is told at least once.
  /// @param durable  the last event that no crash undoes: nothing is told that rests on later ones
  std::vector<TrialNumber> TakeReleased(Version durable);
  /// A rule has stopped a trial; durable.
  void TrialStopped(const std::string& name) { suggester_->TrialStopped(name); }
  void Ask(const command::AskSuggester& ask, Version based_on,
           std::optional<std::uint32_t> trials_left);

 private:
  void Send();
  void SendLater(Version reservation);
  void OnReply(Version reservation, const Result<SuggestReply>& reply);

  std::unique_ptr<Suggester> suggester_;
  std::shared_ptr<Executor> strand_;
  std::string runner_;
  Answer answer_;
  std::vector<HistoryItem> untold_;
  std::vector<Timestamp> untold_at_;  // when each was recorded
  SuggestRequest request_;            // the one under way
  std::vector<TrialNumber> released_;
  Version released_by_ = 0;  // the last event that the suggester knew
  int tries_ = 0;
};

}  // namespace hone
