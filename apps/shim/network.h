// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "apps/shim/launch.h"

/// A network that only an attempt's own containers and its collector see.
namespace hone::shim {

/// Makes a network with nothing but a loopback interface that is up; this process stays in its own.
/// @returns a descriptor of it, closed on exec; -1, with errno, where the kernel does not let us
int MakeNetwork();

/// In a child, before it becomes its program: a collector enters its replica's network itself; of a
/// container the argument files::kOwnNetwork is completed, so that podman lets it in.
/// @returns false, with errno, if that failed
bool EnterNetwork(const Replica& replica);

}  // namespace hone::shim
