// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "core/command.h"
#include "core/transitions.h"
#include "store/ledger.h"

namespace hone {

/// What a strand decided from the inputs it took at once: one transaction, and what follows it.
/// Private to the strand.
struct StrandStep {
  struct Read {
    TrialNumber trial = 0;
    Attempt attempt = 0;
    std::uint64_t offset = 0;
  };

  LedgerStep ledger;
  std::vector<Command> durable;  ///< as in ledger.outbox, in the same order
  std::vector<command::AskSuggester> asks;
  std::set<TrialNumber> touched;  ///< rows of the projection that changed
  std::vector<std::pair<TrialNumber, Attempt>>
      over;  ///< attempts whose end is recorded by this step
  std::vector<std::pair<TrialNumber, Attempt>> launched;  ///< attempts that start with this step
  std::vector<Read> read;                                 ///< logs that are recorded to their end
  std::vector<TrialNumber> running;                       ///< seen to run
  std::vector<TrialNumber> stopped;                       ///< over by a rule of early stopping
  std::vector<std::function<void(Status)>> waiting;       ///< who wants to know when it is durable

  /// Notes what the event means for the outside.
  void Note(const Event& event);
};

}  // namespace hone
