// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/space.h"

namespace hone {

/// Whether a parameter plays a role beside these values. @param values  of the parameters before
/// it, at least, each of its domain
bool IsActive(const Space& space, const Parameter& parameter, const Assignment& values);

}  // namespace hone
