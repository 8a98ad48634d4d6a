// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/spec.h"

namespace hone {

/// `spec.initialTrials` of a decoded experiment: what is tried first, in this order. Complete: what
/// an entry left out is put in.
std::vector<Assignment> InitialTrials(const ExperimentSpec& spec);

}  // namespace hone
