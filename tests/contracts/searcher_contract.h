// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "algorithms/registry.h"
#include "core/spec.h"

namespace hone {

/// One searcher at work, with a made-up world around it: reservations, results and losses, in the
/// order of a ledger. Also for tests of single algorithms.
class SearcherLab {
 public:
  /// Fails the test if the algorithm refuses the experiment.
  /// @param earlier  what it knows of other tasks
  SearcherLab(const SearcherInfo& info, ExperimentSpec spec, std::uint64_t seed,
              std::vector<EarlierTask> earlier = {});

  /// Reserves the next numbers, asks for them and records what starts.
  /// @returns the answers, one for each number
  std::vector<Proposal> Ask(std::uint32_t count);
  /// Reserves and asks, but the answers are lost: the numbers are withdrawn.
  std::vector<Proposal> AskInVain(std::uint32_t count);
  /// The answers the algorithm would give now to the next numbers; nothing is recorded.
  [[nodiscard]] std::vector<Proposal> Peek(std::uint32_t count) const;

  void Complete(TrialNumber trial, double value);
  /// @param losses  shape (objectives)
  void Complete(TrialNumber trial, std::vector<double> losses);
  /// Ends well, with these values beyond the bounds of the outcome constraints; if one is positive,
  /// it is told as infeasible.
  void CompleteWithin(TrialNumber trial, double loss, std::vector<double> excess);
  void Fail(TrialNumber trial);
  void Lose(TrialNumber trial);
  void StopEarly(TrialNumber trial, double value);

  /// Makes the searcher anew from the recorded history, told in batches of this size.
  void Rebuild(std::size_t batch);
  /// Makes the searcher anew by Save and Load, where it can; else like Rebuild.
  void SaveAndLoad();

  /// Trials that have started and are not over, oldest first.
  [[nodiscard]] const std::vector<TrialNumber>& running() const { return running_; }
  [[nodiscard]] const std::vector<HistoryItem>& history() const { return history_; }

 private:
  [[nodiscard]] std::unique_ptr<Searcher> Make() const;
  [[nodiscard]] ProposeRequest RequestFor(std::uint32_t count) const;
  void Record(decltype(HistoryItem::what) what);
  void End(TrialNumber trial, decltype(HistoryItem::what) what);

  const SearcherInfo& info_;
  ExperimentSpec spec_;
  std::uint64_t seed_;
  std::vector<EarlierTask> earlier_;
  std::unique_ptr<Searcher> searcher_;
  std::vector<HistoryItem> history_;
  std::vector<TrialNumber> running_;
  TrialNumber next_ = 1;
};

/// An experiment that the algorithm accepts: one parameter of each kind if it can, else a countable
/// space of 756 combinations.
ExperimentSpec ContractSpec(const SearcherInfo& info);

/// How long the made-up lives are that the promises are held against.
struct ContractEffort {
  std::uint32_t lives = 5;
  int rounds = 40;              ///< of each life, 2.5 trials a round
  std::uint32_t rebuilds = 12;  ///< points of a life where the searcher is made anew
};

/// What every searcher promises. Call inside a section; makes sections of its own.
void CheckSearcherContract(const SearcherInfo& info, const ContractEffort& effort);

/// This many trials, one at a time and with results, in a time that only something worse than
/// n log n would miss.
void CheckSearcherKeepsUp(const SearcherInfo& info, int trials);

/// For algorithms that do not learn: asking for 1 + 1 + 1 gives the points of asking for 3.
void CheckSplitInvariance(const SearcherInfo& info);

}  // namespace hone
