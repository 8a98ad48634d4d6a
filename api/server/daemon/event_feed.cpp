// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/event_feed.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/server/daemon/convert.h"

namespace hone::daemon {
namespace {

constexpr std::size_t kEventsAtOnce = 1024;
constexpr std::size_t kMostBytes = std::size_t{8} << 20;
constexpr std::size_t kMostOwners = 10'000;
/// How soon watchers hear what is new, and how many events go by together when there are many.
constexpr Duration kLookEvery = std::chrono::milliseconds(20);
/// The same while nobody watches: for whoever comes next.
constexpr Duration kLookIdly = std::chrono::seconds(1);
/// So many looks without news, and all are woken: they may have other reasons to end.
constexpr int kMostQuietLooks = 50;

Result<bool> HasAfter(Ledger& ledger, Position position) {
  HONE_ASSIGN_OR_RETURN(const auto events, ledger.ReadAll(position, 1));
  return !events.empty();
}

/// The last position there is, at least `from`: looked for by doubling and halving, some hundred
/// small reads however many events are after it.
Result<Position> LastPosition(Ledger& ledger, Position from) {
  constexpr Position kFarthest = Position{1} << 62;
  Position below = from;  // there is something after it, in the end
  Position above = from;  // in the end, nothing is after it
  HONE_ASSIGN_OR_RETURN(bool more, HasAfter(ledger, above));
  for (Position step = 1; more && step < kFarthest; step *= 2) {
    below = above;
    above = from + step;
    HONE_ASSIGN_OR_RETURN(more, HasAfter(ledger, above));
  }
  while (above - below > 1) {
    const Position middle = below + (above - below) / 2;
    HONE_ASSIGN_OR_RETURN(more, HasAfter(ledger, middle));
    (more ? below : above) = middle;
  }
  return above;
}

}  // namespace

Result<std::shared_ptr<EventFeed>> EventFeed::Start(Store& store, Executor& executor) {
  HONE_ASSIGN_OR_RETURN(const Position end, LastPosition(store, 0));
  std::shared_ptr<EventFeed> feed(new EventFeed(store, executor));  // shared with its looks
  feed->state_.WithLock([&](State& state) { state.begin = state.end = end; });
  feed->Look(0);
  return feed;
}

Position EventFeed::End() const {
  return state_.WithLock([](const State& state) { return state.end; });
}

Result<Position> EventFeed::Now() {
  Position position = End();
  std::vector<Positioned> more;
  do {
    HONE_ASSIGN_OR_RETURN(more, store_.ReadAll(position, kEventsAtOnce));
    position = more.empty() ? position : more.back().position;
  } while (!more.empty());
  return position;
}

/// A store that does not answer is asked again: watchers who are not behind wait for it.
/// @param turn  of which round of looks; a later one has taken over from others
void EventFeed::Look(std::uint64_t turn) {
  if (state_.WithLock([&](const State& state) { return state.turn != turn; })) {
    return;
  }
  SkipIfIdle();
  auto news = Read(End(), kEventsAtOnce);
  const bool more = news && news->size() == kEventsAtOnce;
  auto woken = state_.WithLock(
      [&](State& state) { return Keep(state, news ? *std::move(news) : ToldEvents()); });
  const bool idle = woken.empty() && state_.WithLock([](State& state) {
    return state.idle = state.waiting.empty();
  });
  Wake(std::move(woken));
  const auto look = [weak = weak_from_this(), turn] {
    if (const auto self = weak.lock()) {
      self->Look(turn);
    }
  };
  more ? executor_.Post(look) : executor_.PostAfter(idle ? kLookIdly : kLookEvery, look);
}

/// While nobody watches, nothing is kept: who comes next reads what it lacks from the store.
void EventFeed::SkipIfIdle() {
  if (!state_.WithLock([](const State& state) { return state.idle && state.waiting.empty(); })) {
    return;
  }
  const auto last = LastPosition(store_, End());
  state_.WithLock([&](State& state) {
    // Who has come meanwhile waits for what is after its position.
    if (last && *last > state.end && state.waiting.empty()) {
      state.begin = state.end = *last;
      state.bytes = 0;
      state.kept.clear();
    }
  });
}

std::vector<Task> EventFeed::Keep(State& state, ToldEvents events) {
  // Of two rounds that look at the same time, one is first.
  std::erase_if(events, [&](const auto& event) { return event->position <= state.end; });
  const bool is_news = !events.empty();
  for (auto& event : events) {
    state.end = event->position;
    state.bytes += event->bytes->size();
    state.kept.push_back(std::move(event));
  }
  while (state.bytes > kMostBytes) {
    state.begin = state.kept.front()->position;
    state.bytes -= state.kept.front()->bytes->size();
    state.kept.pop_front();
  }
  state.quiet_looks = is_news ? 0 : state.quiet_looks + 1;
  if (!is_news && state.quiet_looks < kMostQuietLooks && !state.closed) {
    return {};
  }
  state.quiet_looks = 0;
  return std::exchange(state.waiting, {});
}

void EventFeed::Wake(std::vector<Task> tasks) {
  for (Task& task : tasks) {
    executor_.Post(std::move(task));
  }
}

Result<ToldEvents> EventFeed::After(Position position, std::size_t limit) {
  const auto kept = state_.WithLock([&](const State& state) -> std::optional<ToldEvents> {
    if (position < state.begin) {
      return std::nullopt;
    }
    const auto first = std::ranges::upper_bound(state.kept, position, {},
                                                [](const auto& event) { return event->position; });
    const auto there = static_cast<std::size_t>(state.kept.end() - first);
    return ToldEvents(first, first + static_cast<std::ptrdiff_t>(std::min(there, limit)));
  });
  return kept ? *kept : Read(position, limit);
}

void EventFeed::Await(Position position, Task wake) {
  bool now = false;
  const auto begun = state_.WithLock([&](State& state) -> std::optional<std::uint64_t> {
    now = state.closed || state.end > position;
    if (now) {
      return std::nullopt;
    }
    state.waiting.push_back(std::move(wake));
    return std::exchange(state.idle, false) ? std::optional(++state.turn) : std::nullopt;
  });
  if (now) {
    executor_.Post(std::move(wake));
  }
  if (begun) {
    executor_.Post([weak = weak_from_this(), turn = *begun] {
      if (const auto self = weak.lock()) {
        self->Look(turn);
      }
    });
  }
}

void EventFeed::Close() {
  Wake(state_.WithLock([](State& state) {
    state.closed = true;
    return std::exchange(state.waiting, {});
  }));
}

Result<ToldEvents> EventFeed::Read(Position position, std::size_t limit) {
  HONE_ASSIGN_OR_RETURN(const auto events, store_.ReadAll(position, limit));
  ToldEvents told;
  told.reserve(events.size());
  for (const Positioned& event : events) {
    Owner owner = OwnerOf(event.experiment);
    pb::WatchResponse message = EventOf(event);
    message.set_name(owner.name);
    told.push_back(std::make_shared<const ToldEvent>(
        ToldEvent{event.position, event.experiment.text, std::move(owner.name_space),
                  std::make_shared<const std::string>(message.SerializeAsString())}));
  }
  return told;
}

/// Of a deleted one: empty.
EventFeed::Owner EventFeed::OwnerOf(const ExperimentId& id) {
  const auto known = owners_.WithLock([&](const auto& owners) {
    const auto found = owners.find(id);
    return found == owners.end() ? std::optional<Owner>() : std::optional(found->second);
  });
  if (known) {
    return *known;
  }
  const auto rows = store_.ListExperiments();
  if (!rows) {
    return {};
  }
  return owners_.WithLock([&](auto& owners) {
    if (owners.size() + rows->size() > kMostOwners) {
      owners.clear();
    }
    for (const ExperimentRow& row : *rows) {
      owners[row.id] = {row.name, row.name_space};
    }
    return owners[id];
  });
}

}  // namespace hone::daemon
