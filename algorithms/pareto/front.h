// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

/// What several objectives say about which point is better. All are to be minimised.
namespace hone::pareto {

/// One point's objectives. Finite; the same number for all points.
using Losses = std::vector<double>;

/// Whether a is at least as good as b in every objective and better in one.
bool Dominates(const Losses& a, const Losses& b);

/// The front that each point lies in: 0 if nothing dominates it, 1 if only points of front 0 do,
/// and so on. Equal points share a front. O(n log n + n k) comparisons for fronts of k points.
/// @returns shape (n)
/// @source Zhang, Tian, Cheng, Jin 2015, "An efficient approach to nondominated sorting"
std::vector<std::size_t> Ranks(std::span<const Losses> points);

/// Indices of the points that nothing dominates, in the order of the points: those of rank 0, for
/// many points. O(n log n + n k) comparisons for a front of k points.
std::vector<std::size_t> Front(std::span<const Losses> points);

/// How far each point of a front is from its neighbours: the sum over the objectives of the gap
/// between its two neighbours as a share of the front's width; infinite at either end.
/// @returns shape (n)
/// @source Deb, Pratap, Agarwal, Meyarivan 2002, "A fast and elitist multiobjective genetic
/// algorithm: NSGA-II"
std::vector<double> CrowdingDistances(std::span<const Losses> front);

/// Indices of the best `count` points: whole fronts, and of the one that does not fit those that
/// are left when the most crowded point leaves again and again. @param count  at most n
/// @returns shape (count), ascending
std::vector<std::size_t> Elite(std::span<const Losses> points, std::size_t count);

}  // namespace hone::pareto
