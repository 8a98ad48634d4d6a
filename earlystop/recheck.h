// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "core/event.h"
#include "core/spec.h"
#include "earlystop/report.h"

namespace hone {

/// How recomputed verdicts compare with the recorded ones.
struct VerdictReport {
  std::size_t compared = 0;
  std::size_t different = 0;
  struct Difference {
    TrialNumber trial = 0;
    std::string recorded;    ///< reasons
    std::string recomputed;  ///< empty: it would go on
  };
  std::optional<Difference> first;
};

/// Reaches every recorded verdict again, from what stands before it in the ledger and the reports
/// up to the one that was judged.
/// @param spec    of the experiment; without a rule there is nothing to compare
/// @param curves  of all trials that succeeded or were stopped by a rule
Result<VerdictReport> RecheckVerdicts(const ExperimentSpec& spec, std::span<const Recorded> ledger,
                                      const StoredCurves& curves);

}  // namespace hone
