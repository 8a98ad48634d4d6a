// SPDX-License-Identifier: Apache-2.0
#include "algorithms/pareto/front.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace hone::pareto {

namespace {

/// Indices in an order in which no point dominates an earlier one.
std::vector<std::size_t> Ascending(std::span<const Losses> points) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return points[a] < points[b]; });
  return order;
}

/// The latest members first: they are the nearest.
bool AnyDominates(std::span<const Losses> points, std::span<const std::size_t> members,
                  std::size_t point) {
  return std::any_of(members.rbegin(), members.rend(),
                     [&](std::size_t member) { return Dominates(points[member], points[point]); });
}

}  // namespace

bool Dominates(const Losses& a, const Losses& b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) {
      return false;
    }
    better = better || a[i] < b[i];
  }
  return better;
}

std::vector<std::size_t> Ranks(std::span<const Losses> points) {
  std::vector<std::vector<std::size_t>> fronts;
  std::vector<std::size_t> ranks(points.size());
  for (const std::size_t point : Ascending(points)) {
    const auto front = std::ranges::find_if_not(
        fronts, [&](const auto& members) { return AnyDominates(points, members, point); });
    ranks[point] = static_cast<std::size_t>(front - fronts.begin());
    (front == fronts.end() ? fronts.emplace_back() : *front).push_back(point);
  }
  return ranks;
}

std::vector<std::size_t> Front(std::span<const Losses> points) {
  std::vector<std::size_t> front;
  for (const std::size_t point : Ascending(points)) {
    if (std::ranges::none_of(
            front, [&](std::size_t other) { return Dominates(points[other], points[point]); })) {
      front.push_back(point);
    }
  }
  std::ranges::sort(front);
  return front;
}

std::vector<double> CrowdingDistances(std::span<const Losses> front) {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  std::vector<double> distances(front.size(), 0);
  std::vector<std::size_t> order(front.size());
  const std::size_t objectives = front.empty() ? 0 : front[0].size();
  for (std::size_t m = 0; m < objectives; ++m) {
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(
        order, [&](std::size_t a, std::size_t b) { return front[a][m] < front[b][m]; });
    const double width = front[order.back()][m] - front[order.front()][m];
    distances[order.front()] = kFar;
    distances[order.back()] = kFar;
    for (std::size_t i = 1; width > 0 && i + 1 < order.size(); ++i) {
      distances[order[i]] += (front[order[i + 1]][m] - front[order[i - 1]][m]) / width;
    }
  }
  return distances;
}

namespace {

/// Takes the most crowded members of a front away until `count` are left.
void Thin(std::span<const Losses> points, std::vector<std::size_t>& front, std::size_t count) {
  std::vector<Losses> losses;
  losses.reserve(front.size());
  for (const std::size_t i : front) {
    losses.push_back(points[i]);
  }
  while (front.size() > count) {
    const std::vector<double> distances = CrowdingDistances(losses);
    const auto at = std::ranges::min_element(distances) - distances.begin();
    front.erase(front.begin() + at);
    losses.erase(losses.begin() + at);
  }
}

}  // namespace

std::vector<std::size_t> Elite(std::span<const Losses> points, std::size_t count) {
  const std::vector<std::size_t> ranks = Ranks(points);
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return ranks[i]; });
  const std::size_t border = count < order.size() ? ranks[order[count]] : points.size();
  std::vector<std::size_t> elite;
  std::vector<std::size_t> last;
  for (const std::size_t i : order) {
    if (ranks[i] <= border) {
      (ranks[i] < border ? elite : last).push_back(i);
    }
  }
  Thin(points, last, count - elite.size());
  elite.insert(elite.end(), last.begin(), last.end());
  std::ranges::sort(elite);
  return elite;
}

}  // namespace hone::pareto
