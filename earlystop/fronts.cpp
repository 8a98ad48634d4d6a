// SPDX-License-Identifier: Apache-2.0
#include "earlystop/fronts.h"

#include <algorithm>
#include <utility>

namespace hone {
namespace {

bool Dominates(std::span<const double> a, std::span<const double> b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) {
      return false;
    }
    better = better || a[i] < b[i];
  }
  return better;
}

}  // namespace

std::size_t Fronts::FrontOf(std::span<const double> losses) const {
  std::size_t front = 1;
  for (const auto& [trial, member] : members_) {
    if (member.front >= front && Dominates(member.losses, losses)) {
      front = member.front + 1;
    }
  }
  return front;
}

/// Those that the new one dominates move on if nothing else had kept them further back, and push
/// the next ones.
void Fronts::Add(TrialNumber trial, Losses losses) {
  Erase(trial);
  const std::size_t front = FrontOf(losses);
  std::vector<std::pair<std::size_t, TrialNumber>> moving;
  const auto push = [this, &moving](const Losses& by, std::size_t from) {
    for (auto& [number, member] : members_) {
      if (member.front == from && Dominates(by, member.losses)) {
        moving.emplace_back(from, number);
      }
    }
  };
  push(losses, front);
  while (!moving.empty()) {
    std::vector<std::pair<std::size_t, TrialNumber>> now = std::exchange(moving, {});
    for (const auto& [from, number] : now) {
      members_.at(number).front = from + 1;
    }
    for (const auto& [from, number] : now) {
      const Losses by = members_.at(number).losses;
      push(by, from + 1);
    }
    std::ranges::sort(moving);
    moving.erase(std::unique(moving.begin(), moving.end()), moving.end());
  }
  members_.emplace(trial, Member{std::move(losses), front});
  sizes_.assign(sizes_.size() + 1, 0);
  for (const auto& [number, member] : members_) {
    ++sizes_[member.front - 1];
  }
  while (!sizes_.empty() && sizes_.back() == 0) {
    sizes_.pop_back();
  }
}

/// Rare: all are put in again.
void Fronts::Erase(TrialNumber trial) {
  if (members_.erase(trial) == 0) {
    return;
  }
  std::map<TrialNumber, Member> left = std::exchange(members_, {});
  sizes_.clear();
  for (auto& [number, member] : left) {
    Add(number, std::move(member.losses));
  }
}

std::size_t Fronts::Before(std::size_t front) const {
  std::size_t count = 0;
  for (std::size_t i = 0; i + 1 < front && i < sizes_.size(); ++i) {
    count += sizes_[i];
  }
  return count;
}

std::size_t Fronts::FrontOfBest(std::size_t k) const {
  std::size_t front = 1;
  std::size_t count = 0;
  for (const std::size_t size : sizes_) {
    count += size;
    if (count >= k) {
      return front;
    }
    ++front;
  }
  return front;
}

}  // namespace hone
