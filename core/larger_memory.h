// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/state.h"

/// Retries on a larger slot (`retryPolicy.memoryFactor`).
namespace hone {

/// How many times the memory that the template states the next start of a trial gets: the factor
/// to the power of the starts that ran out of it.
double MemoryFactor(const RetryPolicy& policy, const TrialState& trial);
/// The largest of the trials that are not over: 1 without a policy.
double MemoryFactor(const ExperimentState& state);

/// A Kubernetes object in which every container has that many times the memory it asks for or is
/// limited to. One that states none stays as it is.
/// @param object  JSON text
std::string WithMoreMemory(std::string_view object, double factor);

}  // namespace hone
