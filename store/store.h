// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/catalog.h"
#include "store/ledger.h"
#include "store/observations.h"

namespace hone {

/// One database: the three ports over the same data. Made by memory/, sqlite/, postgres/.
/// Life: Create opens and migrates; the destructor finishes what was handed over and closes.
class Store : public Ledger, public Observations, public Catalog {};

}  // namespace hone
