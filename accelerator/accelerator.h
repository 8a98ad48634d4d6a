// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "accelerator/level.h"
#include "base/guarded.h"
#include "base/result.h"

namespace hone {

/// A device for the models of this process, found worth using or not.
/// Life: Open to destruction; what For gave lives as long.
/// @threads  safe
class Accelerator {
 public:
  /// Loads the library, opens a device, compares its numbers with the processor's and times both.
  /// @param seconds  a clock
  /// @errors  whatever keeps it from being used, for people
  static Result<std::unique_ptr<Accelerator>> Open(const std::filesystem::path& library,
                                                   int ordinal,
                                                   const std::function<double()>& seconds);
  /// Of a device that was opened and timed elsewhere.
  Accelerator(std::unique_ptr<CudaDevice> device, const Thresholds& from);

  [[nodiscard]] const HoneCudaInfo& info() const { return device_->info(); }
  [[nodiscard]] const Thresholds& from() const { return from_; }
  /// For new experiments: instruction set, with the device if it is faster at anything.
  [[nodiscard]] std::string LevelFor(std::string_view instruction_set) const;
  /// What the models of an experiment of this level use: this device from the recorded sizes on. A
  /// log line says so where another one was used.
  /// @returns  null: the processor alone
  [[nodiscard]] const gp::Device* For(std::string_view level);

 private:
  using Uses = std::vector<std::pair<Thresholds, std::unique_ptr<UsedFrom>>>;
  std::unique_ptr<CudaDevice> device_;
  std::string identity_;
  Thresholds from_;
  Guarded<Uses> uses_;
};

}  // namespace hone
