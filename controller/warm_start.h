// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "core/spec.h"
#include "store/store.h"

namespace hone {

/// An experiment with `spec.warmStart`, and what it takes from the experiments named there written
/// into its document. Reads their whole ledgers.
/// @errors kNotFound: one of them is not there; those of WithWarmStart and of the store
Result<ExperimentSpec> TakeWarmStart(Store& store, const ExperimentSpec& spec);

}  // namespace hone
