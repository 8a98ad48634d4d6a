// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

namespace hone::cma {

/// One coordinate as its values are drawn: a normal distribution cut into cells.
struct Stepped {
  double mean = 0;
  double deviation = 1;  ///< > 0
};

/// Edges of the cell that holds the mean; nothing where there is no further cell.
struct Cell {
  std::optional<double> low;
  std::optional<double> high;
};

/// Keeps the distribution of a stepped coordinate from collapsing into one cell: a point leaves the
/// cell of the mean with a probability of at least `alpha` (in an outermost cell), or of at least
/// about half of it on either side. Changes as little as it can; the mean stays in its cell.
/// @param cell   at least one edge
/// @param alpha  0 < alpha < 1/2
/// @source  Hamano, Saito, Nomura, Shirakawa 2022, arXiv 2205.13482, section 4
Stepped KeepMargin(Stepped now, const Cell& cell, double alpha);

}  // namespace hone::cma
