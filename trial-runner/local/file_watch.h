// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "base/file.h"
#include "base/guarded.h"
#include "core/ids.h"

namespace hone::local {

/// Tells that logs have grown, by the kernel's inotify, so that a line is read when it is written
/// rather than at the next poll. A help, not a promise: where the kernel gives no more watches, or
/// the file system tells nothing, polling is all there is.
/// @threads  all calls are thread-safe
class FileWatch {
 public:
  /// Called for each trial of which something has grown, at most once in kPause for all of them.
  using OnGrown = std::function<void(const TrialId&)>;
  /// However fast trials print, their logs are read no more often than this.
  static constexpr int kPauseMillis = 10;

  explicit FileWatch(OnGrown on_grown);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// Tells of the trial from now on when the open file grows. @returns what Remove wants; -1: no
  /// watch is to be had
  int Add(int file, const TrialId& trial);
  void Remove(int watch);
  /// Nothing is told after that. Idempotent; ends within moments.
  void Stop();

 private:
  struct Watched {
    TrialId trial;
    int users = 0;
  };

  void Run();
  /// Of which trials the kernel tells now.
  std::set<TrialId> Read();
  /// @returns whether to go on
  bool WaitFor(bool events, int millis) const;

  OnGrown on_grown_;
  UniqueFd inotify_;
  UniqueFd wake_;
  Guarded<std::map<int, Watched>> watched_;
  std::atomic<bool> stopped_ = false;
  std::jthread thread_;
};

/// A log as something to be watched, for whom.
struct WatchedBy {
  std::shared_ptr<FileWatch> watch;  ///< shared: logs may outlive the runner. Null: nobody
  TrialId trial;
};

}  // namespace hone::local
