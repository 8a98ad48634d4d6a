// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "apps/cli/ask_engine.h"
#include "apps/cli/config.h"
#include "apps/cli/engine_host.h"
#include "apps/cli/follower.h"
#include "apps/cli/progress.h"
#include "apps/cli/waiter.h"
#include "base/result.h"
#include "controller/request.h"
#include "core/state.h"
#include "store/store.h"

namespace hone::cli {

/// What `run` and `resume` have in common: gives a request that starts an experiment to the engine,
/// shows its progress until nothing of it runs any more, and prints the best trial. This process is
/// the engine if the data folder is free; else it joins the one that holds it, and takes its place
/// if that dies.
/// @threads  the main thread
class Drive {
 public:
  /// @param waiter  outlives this
  Drive(const Config& config, OutputFormat output, Waiter& waiter);
  ~Drive();

  /// @param start  Create or Resume; its reply is the experiment's UID
  /// @param known  version of the experiment before; what happened up to it is not shown again
  /// @returns the exit code; @errors what kept the experiment from starting, or from being followed
  Result<int> Run(const EngineRequest& start, Version known);

 private:
  Status Begin(const EngineRequest& start);
  Status BeginAsEngine(const EngineRequest& start);
  Status Join(const EngineRequest& start);
  Status FollowToEnd();
  Status Follow();
  Status TakeTheHoldersPlace();
  Status Finish();
  void WaitForOthers();
  void TellOfOthers();
  void LookNowAndThen();
  void OnSignal();
  void InterruptOwn();
  void InterruptJoined();
  [[nodiscard]] bool Over() const;
  [[nodiscard]] const ExperimentState& state() const { return follower_->state(); }

  Config config_;
  OutputFormat output_;
  Waiter& waiter_;
  Progress progress_;
  std::unique_ptr<EngineHost> host_;     // null: joined
  std::unique_ptr<Store> joined_store_;  // when joined
  int holder_ = 0;                       // pid, when joined
  std::unique_ptr<Follower> follower_;
  Version known_ = 0;
  Timestamp looked_at_;
  bool disk_full_ = false;
  int signals_ = 0;
  bool leave_ = false;  // the person asked twice
};

}  // namespace hone::cli
