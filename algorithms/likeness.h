// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace hone {

/// How much an earlier task is like this one, from 0 (it says nothing, or the opposite) to 1: the
/// rank correlation of what it expected of configurations with what came of them here, drawn
/// towards a guess while there are few.
/// @param expected, found  shape (n), both to be minimised; n may be 0
/// @source  Spearman 1904; equal values share the mean of their ranks
double Likeness(std::span<const double> expected, std::span<const double> found);

}  // namespace hone
