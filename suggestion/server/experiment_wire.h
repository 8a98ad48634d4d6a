// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/result.h"
#include "core/spec.h"

namespace api::v1::beta1 {
class Experiment;
}

namespace hone {

/// An experiment as Katib's controller tells it: space, objective, algorithm and counts. Everything
/// else of the spec is empty.
/// @param has_volume  the service reaches the folders of the trials
/// @errors kInvalidArgument: all that is wrong with it, each with the field path of the
///         experiment's file
Result<ExperimentSpec> DecodeExperiment(const api::v1::beta1::Experiment& experiment,
                                        bool has_volume = false);

/// The experiment as its user wrote it, as far as that can be told: without what replies of this
/// service have added to the settings of its algorithm.
api::v1::beta1::Experiment WithoutPublished(api::v1::beta1::Experiment experiment);

/// The seed of an experiment that has no random_state. The wire has no seed, so it is made from
/// what stays the same as long as the experiment does: name, parameters, objective, algorithm.
std::uint64_t SeedOf(const api::v1::beta1::Experiment& experiment);

}  // namespace hone
