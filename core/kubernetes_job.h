// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/problem.h"

namespace hone {

/// Whether a template decodes as a batch/v1 Job of Kubernetes: fields that a Job does not have and
/// values of another type are refused, as a cluster's API server refuses them. Placeholders may
/// stand in texts only, and anywhere in quantities. Templates of other kinds are left alone.
/// @param trial_spec  JSON text of the template
/// @param field       path of the template, which starts the field of each problem
void CheckJobFields(std::string_view trial_spec, const std::string& field, Problems& problems);

}  // namespace hone
