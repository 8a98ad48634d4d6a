// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "algorithms/encoder.h"
#include "algorithms/sampling/mixture.h"

/// What Parzen estimators are densities over.
namespace hone::tpe {

/// How the densities see one coordinate of the encoder.
sampling::Coordinate CoordinateOf(const SpaceEncoder& encoder, std::size_t d);

/// Coordinates that are modelled together: always active together.
struct Block {
  std::vector<std::size_t> coordinates;
  std::size_t condition = 0;  ///< the same for all blocks that are active together
  std::size_t number = 0;
};

/// Each coordinate is in one block, in the order of the space.
/// @param multivariate  else each is in one of its own
std::vector<Block> BlocksOf(const Space& space, bool multivariate);

}  // namespace hone::tpe
