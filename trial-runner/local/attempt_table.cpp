// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/attempt_table.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace hone::local {
namespace {

// The entries of one experiment are neighbours in the table.
template <class Map>
auto EntriesOf(Map& entries, const ExperimentId& experiment) {
  auto first = entries.lower_bound(AttemptKey{{experiment, 0}, 0});
  auto last = first;
  while (last != entries.end() && last->first.trial.experiment == experiment) {
    ++last;
  }
  return std::ranges::subrange(first, last);
}

}  // namespace

AttemptTable::AttemptTable(GpuPool gpus)
    : state_(State{.entries = {}, .suspects = {}, .scanned = {}, .gpus = std::move(gpus)}) {}

AttemptTable::Place AttemptTable::Begin(const AttemptKey& key, TrialRunner::Done& done) {
  return state_.WithLock([&](State& state) {
    auto [at, is_new] = state.entries.try_emplace(key);
    if (at->second.phase != Phase::kLaunching) {
      return Place::kKnown;
    }
    at->second.callers.push_back(std::move(done));
    return is_new ? Place::kNew : Place::kLaunching;
  });
}

bool AttemptTable::Enter(const AttemptKey& key) {
  return state_.WithLock([&](State& state) { return state.entries.try_emplace(key).second; });
}

AttemptTable::Change AttemptTable::Move(const AttemptKey& key, Phase phase, Sighting sighting) {
  return state_.WithLock([&](State& state) -> Change {
    const auto found = state.entries.find(key);
    if (found == state.entries.end() || found->second.phase >= phase) {
      return {};  // forgotten, or told twice
    }
    Entry& entry = found->second;
    entry.phase = phase;
    std::string text;
    for (const std::string& gpu : entry.gpus) {
      text += (text.empty() ? ", gpu " : ",") + gpu;
    }
    sighting.place += text;
    if (phase == Phase::kEnded) {
      state.gpus.Give(entry.gpus);
      entry.gpus.clear();
      sighting.place = sighting.place.empty() ? entry.sighting.place : sighting.place;
    }
    entry.sighting = std::move(sighting);
    state.suspects.erase(key);
    return {std::exchange(entry.callers, {}), entry.stop_wanted};
  });
}

AttemptTable::Change AttemptTable::Running(const AttemptKey& key, Sighting sighting) {
  return Move(key, Phase::kRunning, std::move(sighting));
}

AttemptTable::Change AttemptTable::Ended(const AttemptKey& key, Sighting sighting) {
  return Move(key, Phase::kEnded, std::move(sighting));
}

AttemptTable::Change AttemptTable::Drop(const AttemptKey& key) {
  return state_.WithLock([&](State& state) -> Change {
    auto node = state.entries.extract(key);
    state.suspects.erase(key);
    if (node.empty()) {
      return {};
    }
    state.gpus.Give(node.mapped().gpus);
    return {std::move(node.mapped().callers), node.mapped().stop_wanted};
  });
}

bool AttemptTable::WantStop(const AttemptKey& key) {
  return state_.WithLock([&](State& state) {
    const auto found = state.entries.find(key);
    if (found == state.entries.end()) {
      return false;
    }
    found->second.stop_wanted = true;
    return found->second.phase == Phase::kRunning;
  });
}

std::optional<std::vector<std::string>> AttemptTable::TakeGpus(const AttemptKey& key,
                                                               std::size_t count) {
  return state_.WithLock([&](State& state) {
    auto gpus = state.gpus.Take(count);
    if (gpus) {
      state.entries[key].gpus = *gpus;
    }
    return gpus;
  });
}

void AttemptTable::KeepGpus(const AttemptKey& key, const std::vector<std::string>& gpus) {
  state_.WithLock([&](State& state) {
    std::vector<std::string>& kept = state.entries[key].gpus;
    state.gpus.Give(kept);
    state.gpus.TakeNamed(gpus);
    kept = gpus;
  });
}

bool AttemptTable::Knows(const AttemptKey& key) const {
  return state_.WithLock([&](const State& state) { return state.entries.contains(key); });
}

std::optional<Sighting> AttemptTable::Look(const AttemptKey& key) const {
  return state_.WithLock([&](const State& state) -> std::optional<Sighting> {
    const auto found = state.entries.find(key);
    if (found == state.entries.end() || found->second.phase == Phase::kLaunching) {
      return std::nullopt;
    }
    return found->second.sighting;
  });
}

std::vector<Sighting> AttemptTable::Of(const ExperimentId& experiment) const {
  return state_.WithLock([&](const State& state) {
    const auto is_seen = [](const auto& item) { return item.second.phase != Phase::kLaunching; };
    std::vector<Sighting> sightings;
    for (const auto& item : EntriesOf(state.entries, experiment) | std::views::filter(is_seen)) {
      sightings.push_back(item.second.sighting);
    }
    return sightings;
  });
}

bool AttemptTable::IsActive(const ExperimentId& experiment) const {
  return state_.WithLock([&](const State& state) {
    return std::ranges::any_of(EntriesOf(state.entries, experiment),
                               [](const auto& item) { return item.second.phase != Phase::kEnded; });
  });
}

void AttemptTable::Forget(const AttemptKey& key) {
  state_.WithLock([&](State& state) {
    const auto found = state.entries.find(key);
    if (found != state.entries.end() && found->second.phase == Phase::kEnded) {
      state.entries.erase(found);
    }
  });
}

void AttemptTable::ForgetAll(const ExperimentId& experiment) {
  state_.WithLock([&](State& state) {
    const auto own = EntriesOf(state.entries, experiment);
    state.entries.erase(own.begin(), own.end());
    state.scanned.erase(experiment);
  });
}

void AttemptTable::Suspect(const AttemptKey& key, Since now) {
  state_.WithLock([&](State& state) { state.suspects.try_emplace(key, now); });
}

void AttemptTable::Unsuspect(const AttemptKey& key) {
  state_.WithLock([&](State& state) { state.suspects.erase(key); });
}

std::map<AttemptKey, AttemptTable::Since> AttemptTable::Suspects() const {
  return state_.WithLock([](const State& state) { return state.suspects; });
}

bool AttemptTable::MarkScanned(const ExperimentId& experiment) {
  return state_.WithLock([&](State& state) { return state.scanned.insert(experiment).second; });
}

}  // namespace hone::local
