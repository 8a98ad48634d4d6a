// SPDX-License-Identifier: Apache-2.0
#include "algorithms/brackets.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"

namespace hone {
namespace {

// Of products and quotients that should be whole but for the last binary digits.
constexpr double kTolerance = 1e-9;

/// n_i = floor(n eta^-i), n = ceil(B/R eta^s / (s + 1)), B/R = s_max + 1.
std::vector<std::size_t> Sizes(std::size_t s, std::size_t s_max, double eta) {
  const double all = static_cast<double>(s_max + 1) * std::pow(eta, static_cast<double>(s)) /
                     static_cast<double>(s + 1);
  const double n = std::ceil(all * (1 - kTolerance));
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i <= s; ++i) {
    const double share = n * std::pow(eta, -static_cast<double>(i));
    sizes.push_back(
        std::max<std::size_t>(1, static_cast<std::size_t>(std::floor(share * (1 + kTolerance)))));
  }
  return sizes;
}

}  // namespace

std::string TagOf(const Place& place) {
  std::string tag = "b" + std::to_string(place.bracket) + " l" + std::to_string(place.start) +
                    " r" + std::to_string(place.rung);
  if (place.parent) {
    tag += " p" + std::to_string(*place.parent);
  }
  return tag;
}

std::optional<Place> ParseTag(std::string_view tag) {
  constexpr std::string_view kKeys = "blrp";
  std::vector<std::int64_t> numbers;
  for (const std::string_view part : Split(tag, ' ')) {
    const auto number = part.empty() ? std::nullopt : ParseInt(part.substr(1));
    if (!number || *number < 0 || numbers.size() >= kKeys.size() ||
        part.front() != kKeys[numbers.size()]) {
      return std::nullopt;
    }
    numbers.push_back(*number);
  }
  if (numbers.size() < 3) {
    return std::nullopt;
  }
  Place place{static_cast<std::uint32_t>(numbers[0]), static_cast<std::size_t>(numbers[1]),
              static_cast<std::size_t>(numbers[2]), std::nullopt};
  if (numbers.size() == kKeys.size()) {
    place.parent = static_cast<TrialNumber>(numbers[3]);
  }
  return place;
}

Bracket::Bracket(std::uint32_t id, std::size_t start, const std::vector<std::size_t>& sizes)
    : id_(id), start_(start) {
  for (const std::size_t size : sizes) {
    rungs_.push_back({.planned = size, .results = {}, .early = {}});
  }
}

std::size_t Bracket::Target(std::size_t rung) const {
  return rung == 0 ? rungs_[0].planned
                   : std::min(rungs_[rung].planned, rungs_[rung - 1].results.size());
}

bool Bracket::IsComplete(std::size_t rung) const {
  for (std::size_t i = 0; i <= rung; ++i) {
    if (rungs_[i].taken < Target(i) || rungs_[i].over < rungs_[i].taken) {
      return false;
    }
  }
  return true;
}

std::optional<Place> Bracket::Offer() const {
  if (rungs_[0].taken < rungs_[0].planned) {
    return Place{id_, start_, 0, std::nullopt};
  }
  for (std::size_t rung = 1; rung < rungs_.size() && IsComplete(rung - 1); ++rung) {
    if (rungs_[rung].taken >= Target(rung)) {
      continue;
    }
    const std::vector<Result>& before = rungs_[rung - 1].results;
    const auto best = std::ranges::find(before, false, &Result::promoted);
    if (best != before.end()) {
      return Place{id_, start_, rung, best->trial};
    }
  }
  return std::nullopt;
}

std::size_t Bracket::Owed(bool resumes) const {
  if (resumes) {
    return rungs_[0].planned - std::min(rungs_[0].planned, rungs_[0].taken);
  }
  std::size_t owed = 0;
  for (std::size_t rung = 0; rung < rungs_.size(); ++rung) {
    const std::size_t all = rung > 0 && IsComplete(rung - 1) ? Target(rung) : rungs_[rung].planned;
    owed += all - std::min(all, rungs_[rung].taken);
    if (IsComplete(rung) && rungs_[rung].results.empty()) {
      break;
    }
  }
  return owed;
}

bool Bracket::IsOver() const {
  for (std::size_t rung = 0; rung < rungs_.size() && IsComplete(rung); ++rung) {
    if (rung + 1 == rungs_.size() || rungs_[rung].results.empty()) {
      return true;
    }
  }
  return false;
}

std::size_t Bracket::Evaluating(std::size_t rung) const {
  return rung < rungs_.size() ? std::max(rungs_[rung].taken, Target(rung)) : 0;
}

void Bracket::Take(const Place& place) {
  if (place.rung >= rungs_.size()) {
    return;
  }
  ++rungs_[place.rung].taken;
  if (place.parent && place.rung > 0) {
    Rung& before = rungs_[place.rung - 1];
    const auto found = std::ranges::find(before.results, *place.parent, &Result::trial);
    if (found != before.results.end()) {
      found->promoted = true;
    } else {
      before.early.push_back(*place.parent);
    }
  }
}

void Bracket::End(std::size_t rung, TrialNumber trial, std::optional<double> loss) {
  if (rung >= rungs_.size()) {
    return;
  }
  Rung& in = rungs_[rung];
  ++in.over;
  if (loss) {
    const bool early = std::ranges::find(in.early, trial) != in.early.end();
    const Result result{*loss, trial, early};
    const auto worse = [](const Result& a, const Result& b) {
      return a.loss != b.loss ? a.loss < b.loss : a.trial < b.trial;
    };
    in.results.insert(std::ranges::upper_bound(in.results, result, worse), result);
  }
}

void Bracket::Drop(std::size_t rung, TrialNumber trial) {
  if (rung < rungs_.size()) {
    std::erase_if(rungs_[rung].results, [&](const Result& r) { return r.trial == trial; });
  }
}

Brackets::Brackets(std::size_t levels, double eta, bool resumes) : resumes_(resumes) {
  for (std::size_t start = 0; start < levels; ++start) {
    sizes_.push_back(Sizes(levels - 1 - start, levels - 1, eta));
  }
}

std::size_t Brackets::TrialsOf(std::size_t start) const {
  return resumes_ ? sizes_[start].front()
                  : std::accumulate(sizes_[start].begin(), sizes_[start].end(), std::size_t{0});
}

std::size_t Brackets::Owed() const {
  std::size_t owed = 0;
  for (const Bracket& bracket : open_) {
    owed += bracket.Owed(resumes_);
  }
  return owed;
}

/// The first level of the next bracket: the first in turn that can be finished with what is left;
/// if there is none, that of full budgets.
std::size_t Brackets::Fitting(std::optional<std::size_t> room) const {
  for (std::size_t i = 0; room && i < sizes_.size(); ++i) {
    const std::size_t start = (next_start_ + i) % sizes_.size();
    if (TrialsOf(start) <= *room) {
      return start;
    }
  }
  return room ? sizes_.size() - 1 : next_start_;
}

std::optional<Place> Brackets::Next(std::optional<std::size_t> room, bool may_wait) const {
  for (const Bracket& bracket : open_) {
    auto place = bracket.Offer();
    const bool fits = !resumes_ || !may_wait || room != 0U || (place && place->parent);
    if (place && fits) {
      return place;
    }
  }
  if (resumes_ && may_wait && room == 0U) {
    return std::nullopt;
  }
  if (room) {
    const std::size_t owed = Owed();
    if (may_wait && owed > 0 && *room <= owed) {
      return std::nullopt;
    }
    room = *room - std::min(*room, owed);
  }
  return Place{next_id_, Fitting(room), 0, std::nullopt};
}

Place Brackets::Stranger(std::size_t level) const {
  for (const Bracket& bracket : open_) {
    const auto offer = bracket.Offer();
    if (bracket.start() == level && offer && offer->rung == 0) {
      return *offer;
    }
  }
  return Place{next_id_, level, 0, std::nullopt};
}

void Brackets::Take(const Place& place) {
  auto bracket = std::ranges::find(open_, place.bracket, &Bracket::id);
  if (bracket == open_.end()) {
    if (place.bracket < next_id_ || place.start >= sizes_.size()) {
      return;  // not one of ours, or over
    }
    open_.emplace_back(place.bracket, place.start, sizes_[place.start]);
    next_id_ = place.bracket + 1;
    next_start_ = (place.start + 1) % sizes_.size();
    bracket = std::prev(open_.end());
  }
  bracket->Take(place);
}

void Brackets::End(const Place& place, TrialNumber trial, std::optional<double> loss) {
  const auto bracket = std::ranges::find(open_, place.bracket, &Bracket::id);
  if (bracket != open_.end()) {
    bracket->End(place.rung, trial, loss);
    if (bracket->IsOver()) {
      open_.erase(bracket);
    }
  }
}

void Brackets::Drop(const Place& place, TrialNumber trial) {
  const auto bracket = std::ranges::find(open_, place.bracket, &Bracket::id);
  if (bracket != open_.end()) {
    bracket->Drop(place.rung, trial);
    if (bracket->IsOver()) {
      open_.erase(bracket);
    }
  }
}

const Bracket* Brackets::Find(std::uint32_t id) const {
  const auto found = std::ranges::find(open_, id, &Bracket::id);
  return found == open_.end() ? nullptr : &*found;
}

}  // namespace hone
