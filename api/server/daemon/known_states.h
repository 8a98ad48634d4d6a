// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "base/last_used.h"
#include "base/result.h"
#include "core/projection.h"
#include "core/state.h"
#include "store/catalog.h"
#include "store/ledger.h"

namespace hone::daemon {

/// States of the experiments that were asked for last, caught up by what their ledgers have gained
/// since: asking again costs what is new, not the whole ledger. Those of very many trials are not
/// kept, so that memory stays bounded.
/// @threads  safe; those who ask for the same experiment wait for each other
class KnownStates {
 public:
  explicit KnownStates(Ledger& ledger) : ledger_(ledger) {}

  /// @param use  with the state as it is recorded now; @errors those of ReadState
  Status With(const ExperimentId& id, const std::function<void(const ExperimentState&)>& use);
  /// Rows of trials with a number > `after`, in their order, at most `limit`; of an experiment that
  /// is too large to be kept from the store's list. @errors those of ReadState and ListTrials
  Result<std::vector<TrialRow>> Rows(Catalog& catalog, const ExperimentId& id, TrialNumber after,
                                     std::size_t limit);

 private:
  struct Known {
    std::mutex mutex;
    ExperimentState state;
    bool is_large = false;
  };
  static constexpr std::size_t kMost = 8;

  Ledger& ledger_;
  LastUsed<Known> known_{kMost};
};

}  // namespace hone::daemon
