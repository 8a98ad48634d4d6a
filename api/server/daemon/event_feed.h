// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/guarded.h"
#include "base/result.h"
#include "store/store.h"

namespace hone::daemon {

/// An event as watchers are told it: made once, for all of them.
struct ToldEvent {
  Position position = 0;
  std::string uid;
  std::string name_space;                    ///< empty: of an experiment that is gone
  std::shared_ptr<const std::string> bytes;  ///< of a WatchResponse; shared by streams that send it
};
using ToldEvents = std::vector<std::shared_ptr<const ToldEvent>>;  // shared: the feed lets go first

/// The events of all experiments for any number of watchers. One task looks for what is new, and
/// the last few MiB of it are kept, so that watchers who are not behind cost the store nothing.
/// @threads  safe
class EventFeed : public std::enable_shared_from_this<EventFeed> {
 public:
  /// @param executor  of the looks and of who is woken; both outlive the last look
  /// @errors those of Ledger::ReadAll
  static Result<std::shared_ptr<EventFeed>> Start(Store& store, Executor& executor);

  /// Events after a position, in order, at most `limit`. May block on the store if the position is
  /// older than what is kept.
  Result<ToldEvents> After(Position position, std::size_t limit);
  /// The last position by now: where a watcher "from now on" begins. @errors those of ReadAll
  Result<Position> Now();
  /// Calls `wake` once, on the executor: when there is something after `position`, and at the
  /// latest after a second.
  void Await(Position position, Task wake);
  /// Wakes all who wait, and from now on everybody at once.
  void Close();

 private:
  struct State {
    std::deque<std::shared_ptr<const ToldEvent>> kept;
    std::size_t bytes = 0;  // of `kept`
    Position begin = 0;     // `kept` has all events after it ...
    Position end = 0;       // ... up to this one
    std::vector<Task> waiting;
    int quiet_looks = 0;     // since those who wait were woken
    std::uint64_t turn = 0;  // of the round of looks that goes on
    bool idle = false;       // its next look is a while ahead
    bool closed = false;
  };
  struct Owner {
    std::string name;
    std::string name_space;
  };

  EventFeed(Store& store, Executor& executor) : store_(store), executor_(executor) {}
  void Look(std::uint64_t turn);
  void SkipIfIdle();
  /// Takes in what is new. @returns who is to be woken
  static std::vector<Task> Keep(State& state, ToldEvents events);
  void Wake(std::vector<Task> tasks);
  /// Where the feed is; while nobody watches it is a little behind.
  Position End() const;
  Result<ToldEvents> Read(Position position, std::size_t limit);
  Owner OwnerOf(const ExperimentId& id);

  Store& store_;
  Executor& executor_;
  Guarded<State> state_;
  Guarded<std::map<ExperimentId, Owner>> owners_;  // an experiment never moves
};

}  // namespace hone::daemon
