// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduler.h"

#include <algorithm>
#include <tuple>

namespace hone {
namespace {

/// What is left of a capacity; signed, because an adopted trial may have taken more than there is,
/// and what is kept for somebody counts as taken.
struct Free {
  std::int64_t cpus = 0;
  std::int64_t gpus = 0;
  std::int64_t memory = 0;
  bool counts_memory = false;

  explicit Free(const Capacity& total)
      : cpus(total.cpus),
        gpus(total.gpus),
        memory(static_cast<std::int64_t>(total.memory_bytes)),
        counts_memory(total.memory_bytes > 0) {}

  void Take(const Demand& demand, std::uint32_t slots) {
    cpus -= std::int64_t{demand.cpus} * slots;
    gpus -= std::int64_t{demand.gpus} * slots;
    memory -= static_cast<std::int64_t>(demand.memory_bytes) * slots;
  }
  [[nodiscard]] bool LacksCpus(const Demand& demand) const {
    return demand.cpus > 0 && cpus < std::int64_t{demand.cpus};
  }
  [[nodiscard]] bool LacksGpus(const Demand& demand) const {
    return demand.gpus > 0 && gpus < std::int64_t{demand.gpus};
  }
  [[nodiscard]] bool LacksMemory(const Demand& demand) const {
    return counts_memory && demand.memory_bytes > 0 &&
           memory < static_cast<std::int64_t>(demand.memory_bytes);
  }
  [[nodiscard]] bool Fits(const Demand& demand) const {
    return !LacksCpus(demand) && !LacksGpus(demand) && !LacksMemory(demand);
  }
  /// Whether `other` takes of what `demand` lacks.
  [[nodiscard]] bool Harms(const Demand& other, const Demand& demand) const {
    return (LacksCpus(demand) && other.cpus > 0) || (LacksGpus(demand) && other.gpus > 0) ||
           (LacksMemory(demand) && other.memory_bytes > 0);
  }
};

double Part(double amount, double whole) {
  return whole > 0 ? amount / whole : 0;
}

/// The largest part of any resource that one such trial has.
double DominantShare(const Demand& demand, const Capacity& total) {
  return std::max(
      {Part(demand.cpus, total.cpus), Part(demand.gpus, total.gpus),
       Part(static_cast<double>(demand.memory_bytes), static_cast<double>(total.memory_bytes))});
}

std::string Lack(const Free& free, const Demand& demand) {
  Demand missing{.cpus = 0, .gpus = 0};
  Demand left{.cpus = 0, .gpus = 0};
  const auto positive = [](std::int64_t n) { return std::max<std::int64_t>(n, 0); };
  if (free.LacksGpus(demand)) {
    missing.gpus = demand.gpus;
    left.gpus = static_cast<std::uint32_t>(positive(free.gpus));
  } else if (free.LacksMemory(demand)) {
    missing.memory_bytes = demand.memory_bytes;
    left.memory_bytes = static_cast<std::uint64_t>(positive(free.memory));
  } else {
    missing.cpus = demand.cpus;
    left.cpus = static_cast<std::uint32_t>(positive(free.cpus));
  }
  return "a trial takes " + DemandText(missing) + ", and free is " + DemandText(left);
}

}  // namespace

/// One sharing out of what is free.
class SlotScheduler::Round {
 public:
  explicit Round(State& state) : state_(state), free_(state.total) {
    for (auto& [id, client] : state.clients) {
      const std::uint32_t slots = client.held + client.offered;
      free_.Take(client.who.demand, slots);
      const double share = slots * DominantShare(client.who.demand, state.total);
      of_space_[client.who.name_space] += share;
      if (client.offered == 0 && client.want > 0) {
        hungry_.push_back({&client, share});
      }
    }
  }

  std::vector<Grant> Run() {
    while (GiveOne()) {
    }
    std::vector<Grant> grants;
    for (const Hungry& hungry : hungry_) {
      if (hungry.mine > 0) {
        hungry.client->offered = hungry.mine;
        grants.push_back({hungry.client->offer, hungry.mine});
      }
    }
    return grants;
  }

 private:
  struct Hungry {
    Client* client;
    double share;
    std::uint32_t mine = 0;
    bool blocked = false;
  };

  /// The next whose turn it is, or null.
  Hungry* Next() {
    const auto key = [&](const Hungry& hungry) {
      const Client& client = *hungry.client;
      return std::tuple(client.passed < kPatience, of_space_[client.who.name_space], hungry.share,
                        client.last_turn);
    };
    Hungry* next = nullptr;
    for (Hungry& hungry : hungry_) {
      const bool wants = !hungry.blocked && hungry.mine < hungry.client->want;
      if (wants && (next == nullptr || key(hungry) < key(*next))) {
        next = &hungry;
      }
    }
    return next;
  }

  bool GiveOne() {
    Hungry* const next = Next();
    if (next == nullptr) {
      return false;
    }
    Client& client = *next->client;
    const Demand& demand = client.who.demand;
    if (!free_.Fits(demand)) {
      next->blocked = true;
      if (client.passed >= kPatience) {
        free_.Take(demand, 1);  // kept for it
      }
      return true;
    }
    for (const Hungry& other : hungry_) {
      if (other.blocked && other.mine == 0 && free_.Harms(demand, other.client->who.demand)) {
        ++other.client->passed;
      }
    }
    // Of what takes nothing there is enough for all.
    const std::uint32_t slots = demand == Demand{.cpus = 0, .gpus = 0} ? client.want : 1;
    free_.Take(demand, slots);
    next->mine += slots;
    const double share = DominantShare(demand, state_.total);
    next->share += share;
    of_space_[client.who.name_space] += share;
    client.last_turn = ++state_.turn;
    client.passed = 0;
    return true;
  }

  State& state_;
  Free free_;
  std::vector<Hungry> hungry_;
  std::map<std::string, double> of_space_;
};

SlotScheduler::SlotScheduler(Capacity total, std::function<void()> on_change)
    : on_change_(std::move(on_change)) {
  state_.WithLock([&](State& s) { s.total = total; });
}

void SlotScheduler::Register(const ExperimentId& id, SlotClient who, Offer offer) {
  state_.WithLock(
      [&](State& s) { s.clients[id] = Client{.who = std::move(who), .offer = std::move(offer)}; });
}

void SlotScheduler::Unregister(const ExperimentId& id) {
  state_.WithLock([&](State& s) { s.clients.erase(id); });
  Share();
}

void SlotScheduler::Resize(const ExperimentId& id, const Demand& demand) {
  state_.WithLock([&](State& s) {
    if (const auto found = s.clients.find(id); found != s.clients.end()) {
      found->second.who.demand = demand;
    }
  });
}

void SlotScheduler::Report(const ExperimentId& id, std::uint32_t held, std::uint32_t want,
                           bool answered) {
  state_.WithLock([&](State& s) {
    const auto found = s.clients.find(id);
    if (found == s.clients.end()) {
      return;
    }
    found->second.held = held;
    found->second.want = want;
    if (answered) {
      found->second.offered = 0;
    }
  });
  Share();
}

SlotsView SlotScheduler::View() const {
  return state_.WithLock([](const State& state) {
    SlotsView view{.total = state.total, .uses = {}};
    Free free(state.total);
    for (const auto& [id, client] : state.clients) {
      free.Take(client.who.demand, client.held + client.offered);
    }
    for (const auto& [id, client] : state.clients) {
      const bool waits = client.want > 0 && client.offered == 0;
      std::string why;
      if (waits && !free.Fits(client.who.demand)) {
        why = Lack(free, client.who.demand);
      } else if (waits) {
        why = "what is free is kept for a larger trial that has waited longer";
      }
      view.uses.push_back({.id = id,
                           .name = client.who.name,
                           .name_space = client.who.name_space,
                           .demand = client.who.demand,
                           .held = client.held,
                           .want = client.want,
                           .waits = std::move(why)});
    }
    return view;
  });
}

void SlotScheduler::Share() {
  for (Grant& grant : state_.WithLock([](State& s) { return Distribute(s); })) {
    grant.offer(grant.slots);
  }
  if (on_change_) {
    on_change_();
  }
}

std::vector<SlotScheduler::Grant> SlotScheduler::Distribute(State& state) {
  return Round(state).Run();
}

}  // namespace hone
