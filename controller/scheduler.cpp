// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduler.h"

#include <algorithm>
#include <iterator>

namespace hone {
namespace {

/// What is left of a capacity; signed, because an adopted trial may have taken more than there is.
struct Free {
  std::int64_t cpus = 0;
  std::int64_t gpus = 0;

  void Take(const Demand& demand, std::uint32_t slots) {
    cpus -= std::int64_t{demand.cpus} * slots;
    gpus -= std::int64_t{demand.gpus} * slots;
  }
  [[nodiscard]] bool Fits(const Demand& demand) const {
    return (demand.cpus == 0 || cpus >= std::int64_t{demand.cpus}) &&
           (demand.gpus == 0 || gpus >= std::int64_t{demand.gpus});
  }
};

}  // namespace

void SlotScheduler::Register(const ExperimentId& id, Demand demand, Offer offer) {
  state_.WithLock([&](State& s) { s.clients[id] = Client{demand, std::move(offer)}; });
}

void SlotScheduler::Unregister(const ExperimentId& id) {
  state_.WithLock([&](State& s) { s.clients.erase(id); });
  Share();
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

void SlotScheduler::Share() {
  for (Grant& grant : state_.WithLock([](State& s) { return Distribute(s); })) {
    grant.offer(grant.slots);
  }
}

std::vector<SlotScheduler::Grant> SlotScheduler::Distribute(State& state) {
  Free free{state.total.cpus, state.total.gpus};
  std::vector<std::map<ExperimentId, Client>::iterator> hungry;
  // Those after the one served last come first, then the others.
  const auto middle = state.clients.upper_bound(state.last);
  const auto collect = [&](auto client) {
    free.Take(client->second.demand, client->second.held + client->second.offered);
    if (client->second.offered == 0 && client->second.want > 0) {
      hungry.push_back(client);
    }
  };
  for (auto it = middle; it != state.clients.end(); ++it) {
    collect(it);
  }
  for (auto it = state.clients.begin(); it != middle; ++it) {
    collect(it);
  }

  std::map<ExperimentId, std::uint32_t> slots;
  const auto give_one = [&](const auto& client) {
    std::uint32_t& mine = slots[client->first];
    if (mine >= client->second.want || !free.Fits(client->second.demand)) {
      return false;
    }
    free.Take(client->second.demand, 1);
    ++mine;
    state.last = client->first;
    return true;
  };
  // Round after round of one slot each, until nobody can take one.
  while (std::count_if(hungry.begin(), hungry.end(), give_one) > 0) {
  }
  std::vector<Grant> grants;
  for (const auto it : hungry) {
    if (const std::uint32_t mine = slots[it->first]; mine > 0) {
      it->second.offered = mine;
      grants.push_back({it->second.offer, mine});
    }
  }
  return grants;
}

}  // namespace hone
