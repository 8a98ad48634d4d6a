// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "core/event.h"
#include "core/spec.h"

namespace hone {

namespace gp {
class Device;
}

/// Where a recomputed answer is not the recorded one.
struct ReplayDifference {
  TrialNumber trial = 0;
  std::string what;  ///< "parameter lr", "tag", "budget", "answer"
  std::string recorded;
  std::string recomputed;
  bool operator==(const ReplayDifference&) const = default;
};

struct ReplayReport {
  std::uint32_t compared = 0;   ///< answers of the algorithm that are in the ledger
  std::uint32_t different = 0;  ///< of these
  std::optional<ReplayDifference> first;
  bool operator==(const ReplayReport&) const = default;
};

/// Asks the algorithm everything again: for each reservation it is told the recorded history up to
/// the answer's based_on, and its answer is compared with the recorded one. Exact for the build and
/// CPU level that ran the experiment. Nothing is compared of an experiment that asks a service.
/// @param seed    of ExperimentCreated
/// @param ledger  all events, in order
/// @param device  what ExperimentCreated says the models were computed with; null: none
/// @errors  kInvalidArgument: not an algorithm of this program; kDataLoss: a ledger that cannot be;
///          else the algorithm's own
Result<ReplayReport> ReplayExperiment(const ExperimentSpec& spec, std::uint64_t seed,
                                      std::span<const Recorded> ledger,
                                      const gp::Device* device = nullptr);

}  // namespace hone
