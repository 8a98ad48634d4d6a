// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/config.h"
#include "base/executor.h"
#include "base/guarded.h"
#include "controller/engine.h"
#include "controller/slots.h"
#include "trial-runner/local/local_runner.h"

namespace hone::cli {

/// Who has which slots, as the engine of a data folder last said.
std::filesystem::path SlotsFile(const Config& config);

/// Keeps `slots.json` in the data folder, through which other processes see who has which slots.
/// It is written soon after a change, never more than a few times a second.
/// @threads  all calls are thread-safe
class SlotsWriter : public std::enable_shared_from_this<SlotsWriter> {
 public:
  /// @param gpus  that the engine's runner offers
  /// @param io    must outlive this
  SlotsWriter(std::filesystem::path file, std::vector<LocalGpu> gpus, Executor& io);

  /// Whose slots they are.
  void Follow(const std::shared_ptr<Engine>& engine);
  void Changed();

 private:
  void Write();

  struct State {
    std::weak_ptr<Engine> engine;
    bool scheduled = false;
  };
  const std::filesystem::path file_;
  const std::vector<LocalGpu> gpus_;
  Executor& io_;
  Guarded<State> state_;
};

/// What an engine offers, and who has it.
struct EngineSlots {
  SlotsView view;
  std::vector<LocalGpu> gpus;
};

/// What the engine that holds the data folder says; nothing if none does.
/// @errors as ReadFile; kDataLoss
Result<std::optional<EngineSlots>> ReadSlots(const Config& config);

/// Why trials of an experiment are not started, for people; empty: nothing of it waits, or no
/// engine tells.
std::string WhyItWaits(const Config& config, const ExperimentId& id);

}  // namespace hone::cli
