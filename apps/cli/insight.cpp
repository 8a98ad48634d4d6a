// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/insight.h"

#include <array>
#include <cstdio>
#include <utility>

#include "core/history.h"

namespace hone::cli {

Result<std::vector<PastTrial>> ReadPastTrials(const Session& session,
                                              const ExperimentState& state) {
  HONE_ASSIGN_OR_RETURN(const std::vector<Recorded> ledger, session.ReadLedger(state.id));
  std::vector<HistoryItem> history;
  for (const Recorded& recorded : ledger) {
    if (std::optional<HistoryItem> item = ToHistory(*state.spec, recorded)) {
      history.push_back(*std::move(item));
    }
  }
  return PastTrials(history);
}

std::string FixedText(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

}  // namespace hone::cli
