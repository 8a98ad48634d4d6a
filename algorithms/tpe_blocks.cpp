// SPDX-License-Identifier: Apache-2.0
#include "algorithms/tpe_blocks.h"

#include <cstdint>
#include <map>
#include <string>

namespace hone::tpe {

using sampling::Coordinate;

namespace {

// Coordinates with more cells than this are taken for continuous ones between proposals.
constexpr std::uint64_t kMaxTableCells = 64;

/// The condition under which a parameter is active, as a key; empty: always.
std::string ConditionOf(const Parameter& parameter) {
  std::string condition;
  if (const auto& active_when = parameter.active_when) {
    condition = active_when->parameter;
    for (const std::string& text : active_when->in) {
      condition += '\n';
      condition += text;
    }
  }
  return condition;
}

}  // namespace

Coordinate CoordinateOf(const SpaceEncoder& encoder, std::size_t d) {
  Coordinate coordinate;
  coordinate.categorical = encoder.IsCategorical(d);
  const auto cells = encoder.Cells(d);
  if (cells && (coordinate.categorical || *cells <= kMaxTableCells)) {
    coordinate.edges.push_back(0);
    for (std::uint64_t cell = 1; cell < *cells; ++cell) {
      coordinate.edges.push_back(
          coordinate.categorical ? static_cast<double>(cell) / static_cast<double>(*cells)
                                 : (encoder.MiddleOf(d, cell - 1) + encoder.MiddleOf(d, cell)) / 2);
    }
    coordinate.edges.push_back(1);
  }
  // A bell-shaped distribution of the user's is the prior. Quartiles of a normal distribution are
  // 0.6745 standard deviations from its middle.
  const double low = encoder.FromUniform(d, 0.25);
  const double high = encoder.FromUniform(d, 0.75);
  if (low != 0.25 || high != 0.75) {
    coordinate.prior_mean = encoder.FromUniform(d, 0.5);
    coordinate.prior_sd = (high - low) / (2 * 0.6745);
  }
  return coordinate;
}

std::vector<Block> BlocksOf(const Space& space, bool multivariate) {
  std::vector<Block> blocks;
  std::map<std::string, std::size_t> known;
  for (std::size_t d = 0; d < space.parameters.size(); ++d) {
    const auto [at, is_new] = known.try_emplace(ConditionOf(space.parameters[d]), known.size());
    if (is_new || !multivariate) {
      blocks.push_back({{}, at->second, blocks.size()});
    }
    blocks[multivariate ? at->second : blocks.size() - 1].coordinates.push_back(d);
  }
  return blocks;
}

}  // namespace hone::tpe
