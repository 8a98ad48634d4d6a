// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "algorithms/searcher.h"
#include "base/result.h"
#include "core/history.h"
#include "core/initial_trials.h"
#include "core/spec.h"

namespace hone {

class ExpectedGain;

/// A registered searcher at work on one experiment: told history, asked questions, its answers
/// checked. What the suggester and the replay have in common. Answers with the experiment's
/// initialTrials and warm start first; the searcher learns of them like of its own proposals.
/// @threads  one at a time
class Pupil {
 public:
  /// @errors kInvalidArgument: the algorithm is unknown or cannot do this experiment; the first
  ///         problem found
  /// @param device  see SearchContext
  static Result<std::unique_ptr<Pupil>> Create(const ExperimentSpec& spec, std::uint64_t seed,
                                               const gp::Device* device = nullptr);
  /// With a searcher of the caller's, for tests.
  Pupil(std::string algorithm, Space space, std::unique_ptr<Searcher> searcher,
        std::vector<InitialTrial> initial = {});
  ~Pupil();
  Pupil(const Pupil&) = delete;
  Pupil& operator=(const Pupil&) = delete;

  /// Items that were told before (by their seq) are skipped, so a repeated question does no harm.
  /// @errors final: the searcher is not to be asked again
  Status Tell(History items);
  /// @errors kInternal: the answers cannot be; else the searcher's own
  [[nodiscard]] Result<std::vector<Proposal>> Ask(const ProposeRequest& request) const;
  /// Whether telling and asking take microseconds, however much was told before.
  [[nodiscard]] bool AnswersAtOnce() const {
    return gain_ == nullptr && searcher_->AnswersAtOnce();
  }
  /// Trials that left a checkpoint which no answer will name any more; each is told once.
  std::vector<TrialNumber> TakeReleased();
  /// By how much the experiment can be expected to get better, by what was told so far; nothing: it
  /// did not ask for that (minExpectedGain), or a person's trials come first, or it is too early.
  std::optional<double> TakeExpectedGain();
  /// What Katib is shown beside these answers.
  [[nodiscard]] std::vector<Setting> Published(const ProposeRequest& request) const {
    return searcher_->Published(request);
  }

 private:
  Status AskSearcher(const ProposeRequest& request, std::vector<Proposal>& answers) const;

  std::string algorithm_;
  Space space_;
  std::unique_ptr<Searcher> searcher_;
  std::unique_ptr<ExpectedGain> gain_;  // null: not asked for
  std::vector<InitialTrial> initial_;
  std::size_t given_ = 0;  // of initial_: the first proposals of the ledger
  Version told_ = 0;
  std::set<TrialNumber> left_;   // a checkpoint, and may still be named
  std::optional<Error> broken_;  // of a failed Tell
};

}  // namespace hone
