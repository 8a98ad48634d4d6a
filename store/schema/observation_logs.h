// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "store/schema/schema.h"

namespace hone::store {

/// store/schema/observation_logs/*.sql in order.
std::span<const Migration> ObservationLogMigrations();

}  // namespace hone::store
