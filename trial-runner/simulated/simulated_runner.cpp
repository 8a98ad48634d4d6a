// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/simulated/simulated_runner.h"

#include <algorithm>
#include <utility>

namespace hone {

SimulatedWorld::SimulatedWorld(Executor& executor, const Clock& clock, Behaviour behaviour)
    : executor_(executor), clock_(clock), behaviour_(std::move(behaviour)) {}

std::map<std::pair<TrialNumber, Attempt>, int> SimulatedWorld::Starts() const {
  return state_.WithLock([](const State& s) {
    std::map<std::pair<TrialNumber, Attempt>, int> starts;
    for (const auto& [key, attempted] : s.attempts) {
      starts[{key.first.number, key.second}] = attempted.starts;
    }
    return starts;
  });
}

std::set<TrialId> SimulatedWorld::Dropped() const {
  return state_.WithLock([](const State& s) { return s.dropped; });
}

std::size_t SimulatedWorld::Running() const {
  const Timestamp now = clock_.Now();
  return state_.WithLock([&](const State& s) {
    return static_cast<std::size_t>(std::count_if(
        s.attempts.begin(), s.attempts.end(),
        [&](const auto& entry) { return !See(entry.first, entry.second, now).ending; }));
  });
}

void SimulatedWorld::LoseAll() {
  const Timestamp now = clock_.Now();
  std::vector<TrialId> lost;
  const auto lose = [&](const Key& key, Attempted& attempted) {
    if (!See(key, attempted, now).ending) {
      attempted.lost = true;
      attempted.stop_at = now;
      lost.push_back(key.first);
    }
  };
  state_.WithLock([&](State& s) {
    for (auto& [key, attempted] : s.attempts) {
      lose(key, attempted);
    }
  });
  for (const TrialId& id : lost) {
    HintAfter(id, {});
  }
}

Timestamp SimulatedWorld::EndOf(const Attempted& attempted) {
  const Timestamp natural =
      attempted.launched_at + attempted.job.starts_after + attempted.job.runs_for;
  return attempted.stop_at == Timestamp() ? natural : std::min(natural, attempted.stop_at);
}

Sighting SimulatedWorld::See(const Key& key, const Attempted& attempted, Timestamp now) {
  Sighting sighting;
  sighting.trial = key.first.number;
  sighting.attempt = key.second;
  sighting.place = "simulated";
  sighting.started_at = attempted.launched_at + attempted.job.starts_after;
  const Timestamp end = EndOf(attempted);
  if (now < end) {
    return sighting;
  }
  sighting.started_at = std::min(sighting.started_at, end);
  sighting.ended_at = end;
  if (attempted.lost) {
    sighting.ending = Ending{EndingKind::kLost, 0, 0, "lost in the simulation"};
  } else if (end == attempted.stop_at) {
    sighting.ending = Ending{EndingKind::kStopped, 0, 15, "stopped"};
  } else {
    sighting.ending = attempted.job.ending;
  }
  if (!attempted.lost) {
    sighting.checkpoint = attempted.job.checkpoint;
  }
  return sighting;
}

void SimulatedWorld::HintAfter(const TrialId& id, Duration delay) {
  const auto tell = [this, id] {
    const auto hint = state_.WithLock([](const State& s) { return s.hint; });
    if (hint) {
      hint(id);
    }
  };
  if (delay <= Duration::zero()) {
    executor_.Post(tell);
  } else {
    executor_.PostAfter(delay, tell);
  }
}

SimulatedRunner::SimulatedRunner(SimulatedWorld& world, Capacity capacity, DemandOfSpec demand_of,
                                 std::string instance)
    : world_(world),
      capacity_(capacity),
      demand_of_(std::move(demand_of)),
      instance_(std::move(instance)),
      number_(world.state_.WithLock([](SimulatedWorld::State& s) { return ++s.runners; })) {}

SimulatedRunner::~SimulatedRunner() {
  world_.state_.WithLock([&](SimulatedWorld::State& s) {
    if (s.hint_owner == number_) {
      s.hint = nullptr;
    }
  });
}

void SimulatedRunner::Check(const ExperimentSpec& /*spec*/, Problems& /*problems*/) const {}

Demand SimulatedRunner::DemandOf(const ExperimentSpec& spec) const {
  return demand_of_ ? demand_of_(spec) : Demand{};
}

void SimulatedRunner::Launch(LaunchSpec spec, Done done) {
  const SimulatedWorld::Key key{spec.id, spec.attempt};
  const SimulatedJob job = world_.behaviour_(spec);
  const Timestamp now = world_.clock_.Now();
  const bool started = world_.state_.WithLock([&](SimulatedWorld::State& s) {
    auto [it, fresh] = s.attempts.try_emplace(key);
    if (fresh) {
      it->second.job = job;
      it->second.launched_at = now;
      ++it->second.starts;
    }
    return fresh;
  });
  world_.executor_.Post([done = std::move(done)] { done({}); });
  if (!started) {
    return;
  }
  const bool seen_running = job.runs_for > Duration::zero();
  if (seen_running) {
    world_.HintAfter(spec.id, job.starts_after);
  }
  world_.HintAfter(spec.id, job.starts_after + job.runs_for);
}

void SimulatedRunner::Stop(TrialId id, Attempt attempt, StopMode /*mode*/, Done done) {
  const Timestamp now = world_.clock_.Now();
  const Duration delay = world_.state_.WithLock([&](SimulatedWorld::State& s) {
    const auto found = s.attempts.find({id, attempt});
    if (found == s.attempts.end() || found->second.stop_at != Timestamp()) {
      return Duration::zero();
    }
    found->second.stop_at = now + found->second.job.stops_after;
    return found->second.job.stops_after;
  });
  world_.executor_.Post([done = std::move(done)] { done({}); });
  world_.HintAfter(id, delay);
}

void SimulatedRunner::Observe(const ExperimentId& experiment, Seen seen) {
  const Timestamp now = world_.clock_.Now();
  std::vector<Sighting> all;
  const auto see = [&](const auto& entry) {
    if (entry.first.first.experiment == experiment && !entry.second.forgotten) {
      all.push_back(SimulatedWorld::See(entry.first, entry.second, now));
    }
  };
  world_.state_.WithLock([&](const SimulatedWorld::State& s) {
    std::for_each(s.attempts.begin(), s.attempts.end(), see);
  });
  world_.executor_.Post(
      [seen = std::move(seen), all = std::move(all)]() mutable { seen(std::move(all)); });
}

void SimulatedRunner::OnHint(std::function<void(TrialId)> hint) {
  world_.state_.WithLock([&](SimulatedWorld::State& s) {
    s.hint = std::move(hint);
    s.hint_owner = number_;
  });
}

Result<std::optional<Sighting>> SimulatedRunner::Look(TrialId id, Attempt attempt) {
  const Timestamp now = world_.clock_.Now();
  return world_.state_.WithLock([&](const SimulatedWorld::State& s) {
    const auto found = s.attempts.find({id, attempt});
    return found == s.attempts.end()
               ? std::nullopt
               : std::optional(SimulatedWorld::See(found->first, found->second, now));
  });
}

void SimulatedRunner::Forget(TrialId id, Attempt attempt) {
  world_.state_.WithLock([&](SimulatedWorld::State& s) {
    if (const auto found = s.attempts.find({id, attempt}); found != s.attempts.end()) {
      found->second.forgotten = true;
      found->second.job.lines.clear();
      found->second.job.lines.shrink_to_fit();
    }
  });
}

/// The lines that a simulated job has printed by now.
class SimulatedOutput final : public ByteSource {
 public:
  SimulatedOutput(SimulatedWorld& world, SimulatedWorld::Key key)
      : world_(world), key_(std::move(key)) {}

  Result<std::uint64_t> Read(std::uint64_t offset, std::uint64_t limit, std::string& out) override {
    const std::string text = Printed();
    if (offset >= text.size()) {
      return 0;
    }
    const std::uint64_t count = std::min<std::uint64_t>(limit, text.size() - offset);
    out.append(text, offset, count);
    return count;
  }

 private:
  std::string Printed() {
    const Timestamp now = world_.clock_.Now();
    return world_.state_.WithLock([&](const SimulatedWorld::State& s) {
      const auto found = s.attempts.find(key_);
      return found == s.attempts.end() ? std::string() : PrintedBy(found->second, now);
    });
  }

  static std::string PrintedBy(const SimulatedWorld::Attempted& attempted, Timestamp now) {
    const Timestamp start = attempted.launched_at + attempted.job.starts_after;
    const Timestamp until = std::min(now, SimulatedWorld::EndOf(attempted));
    std::string text;
    for (const SimulatedJob::Line& line : attempted.job.lines) {
      if (start + line.after <= until) {
        text += line.text + "\n";
      }
    }
    return text;
  }

  SimulatedWorld& world_;
  SimulatedWorld::Key key_;
};

Result<std::unique_ptr<ByteSource>> SimulatedRunner::OpenOutput(TrialId id, Attempt attempt,
                                                                const std::string& /*file*/) {
  return std::make_unique<SimulatedOutput>(world_, SimulatedWorld::Key{std::move(id), attempt});
}

void SimulatedRunner::DropCheckpoint(const TrialId& id) {
  world_.state_.WithLock([&](SimulatedWorld::State& s) { s.dropped.insert(id); });
}

Status SimulatedRunner::Remove(const ExperimentId& experiment) {
  world_.state_.WithLock([&](SimulatedWorld::State& s) {
    std::erase_if(s.attempts,
                  [&](const auto& entry) { return entry.first.first.experiment == experiment; });
  });
  return {};
}

}  // namespace hone
