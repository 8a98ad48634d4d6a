// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/earlier.h"
#include "core/history.h"
#include "core/input.h"
#include "core/objective.h"
#include "core/settings.h"
#include "core/space.h"

namespace hone {

namespace gp {
class Device;
}

/// What a searcher is made from. References are valid during Create only.
struct SearchContext {
  const Space& space;
  const Settings& settings;  ///< checked against the registration's schema
  std::uint64_t seed = 0;
  std::size_t objectives = 1;
  int parallel_trial_count = 1;
  std::optional<int> max_trial_count;
  bool noisy = false;  ///< a configuration may be tried again, and comes to another result then
  /// For models that can use one; null: none. Not owned: outlives the searcher.
  const gp::Device* device = nullptr;
  bool keeps_folders = true;  ///< a trial that goes on after a pause finds what it left
  /// Trials that a warm start brings first. They lie close to each other, and elsewhere they may
  /// have been the best: so they stand beside a search's own first trials and not for them.
  std::size_t warm_trials = 0;
  /// What earlier experiments found, for those that can learn from other tasks.
  std::vector<EarlierTask> earlier{};
};

struct ProposeRequest {
  std::vector<TrialNumber> numbers;          ///< ascending; one answer each, in this order
  std::optional<std::uint32_t> trials_left;  ///< of the budget, these included; nothing: unbounded
  bool may_wait = true;  ///< false: there is nobody whom Wait could be told (Katib's wire)
};

/// A search algorithm: a deterministic pupil. Its answers are a function of (context, history in
/// order, request), bit for bit, whatever the number of threads, the time, or saves and loads in
/// between.
/// @threads  Observe is never called together with anything else; Propose may memoise if it does so
/// thread-safely
class Searcher {
 public:
  virtual ~Searcher() = default;

  /// Learns what happened since the last call, in ledger order. The only thing that changes state;
  /// O(d) per item.
  /// @errors kInternal: the history cannot be (an unknown trial); the experiment fails with it
  virtual Status Observe(History deltas) = 0;

  /// One answer for each number. Work is bounded by counts, never by the clock.
  [[nodiscard]] virtual Result<std::vector<Proposal>> Propose(
      const ProposeRequest& request) const = 0;

  /// Whether Observe and Propose take microseconds for a trial, however long the history: then they
  /// need no thread of their own.
  [[nodiscard]] virtual bool AnswersAtOnce() const { return false; }

  /// The budget of a configuration that a person gives (initialTrials); nothing: there are none.
  [[nodiscard]] virtual std::optional<double> BudgetOf(const Assignment& /*values*/) const {
    return std::nullopt;
  }

  /// Trials whose checkpoints may be named by start_from from now on, besides those that are not
  /// over yet; nothing: all. What is not needed may be removed from the disk.
  [[nodiscard]] virtual std::optional<std::set<TrialNumber>> Needed() const { return std::nullopt; }

  /// What a controller of Katib's is shown beside the answer to this request, as settings of its
  /// algorithm; for people and Katib's own names only: nothing is read from them.
  [[nodiscard]] virtual std::vector<Setting> Published(const ProposeRequest& /*request*/) const {
    return {};
  }

  /// The state as text, for searchers whose replay is slow. @errors kUnimplemented: replay the
  /// history instead
  [[nodiscard]] virtual Result<std::string> Save() const {
    return Fail(Code::kUnimplemented, "this searcher is rebuilt from its history");
  }
  virtual Status Load(std::string_view /*saved*/) {
    return Fail(Code::kUnimplemented, "this searcher is rebuilt from its history");
  }
};

}  // namespace hone
