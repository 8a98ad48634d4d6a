// SPDX-License-Identifier: Apache-2.0
#include "algorithms/tpe_components.h"

#include <algorithm>
#include <utility>

#include "algorithms/sampling/kernels.h"

namespace hone::tpe {

using Eigen::Index;

Weighted Merged(std::vector<const Known*> trials, std::size_t most) {
  Weighted all{std::move(trials), {}, {}};
  const std::size_t n = all.trials.size();
  all.weights = sampling::WeightsByAge(n);
  if (n <= most) {
    return all;
  }
  const std::size_t fresh = most / 2;
  const std::size_t groups = most - fresh;
  const std::size_t old = n - fresh;
  Weighted merged{{}, Eigen::ArrayXd(static_cast<Index>(most)), {}};
  merged.trials.reserve(most);
  for (std::size_t g = 0; g < groups; ++g) {
    const std::size_t begin = g * old / groups;
    const std::size_t end = (g + 1) * old / groups;
    merged.weights[static_cast<Index>(g)] =
        all.weights.segment(static_cast<Index>(begin), static_cast<Index>(end - begin)).sum();
    merged.trials.push_back(all.trials[end - 1]);
  }
  merged.trials.insert(merged.trials.end(), all.trials.end() - static_cast<std::ptrdiff_t>(fresh),
                       all.trials.end());
  merged.weights.tail(static_cast<Index>(fresh)) = all.weights.tail(static_cast<Index>(fresh));
  return merged;
}

Rows RowsOf(const std::vector<const Known*>& trials) {
  Rows rows;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    rows.resize(std::max<std::size_t>(rows.size(), trials[i]->number + 1), -1);
    rows[trials[i]->number] = static_cast<std::int32_t>(i);
  }
  return rows;
}

void Sorted::Add(const Known& known) {
  for (std::size_t d = 0; d < coordinates_.size(); ++d) {
    std::vector<Entry>& entries = coordinates_[d];
    const auto place = std::ranges::upper_bound(entries, known.u[d], {}, &Entry::value);
    entries.insert(place, {known.u[d], known.number});
  }
}

void Sorted::Remove(const Known& known) {
  for (std::vector<Entry>& entries : coordinates_) {
    std::erase_if(entries, [&](const Entry& entry) { return entry.trial == known.number; });
  }
}

std::vector<sampling::Placed> Sorted::Of(std::size_t d, const std::vector<const Known*>& trials,
                                         const Rows& rows) const {
  std::vector<sampling::Placed> placed;
  placed.reserve(trials.size() + 3);  // three neighbours may join them
  for (const Entry& entry : coordinates_[d]) {
    if (entry.trial < rows.size() && rows[entry.trial] >= 0) {
      placed.push_back({entry.value, rows[entry.trial]});
    }
  }
  for (std::size_t i = placed.size(); i < trials.size(); ++i) {
    sampling::Insert(placed, {trials[i]->u[d], static_cast<Index>(i)});
  }
  return placed;
}

}  // namespace hone::tpe
