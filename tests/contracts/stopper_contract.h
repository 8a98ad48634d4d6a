// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "earlystop/registry.h"

namespace hone {

/// One rule at work, with trials that run one after the other. Values are as they are reported.
class StopperLab {
 public:
  struct Options {
    Direction direction = Direction::kMinimize;
    std::vector<Setting> settings{};
  };
  StopperLab(const StopperInfo& info, const Options& options);

  /// How a trial with these reports fares; nothing in the list: a report that is no number.
  struct Fate {
    std::size_t reports = 0;  ///< how far it came
    std::optional<StopVerdict> stop;
    bool operator==(const Fate&) const = default;
  };
  /// Runs one: judged at every report, told as finished if it came to its end.
  Fate Run(std::span<const std::optional<double>> reports);
  Fate Run(const std::vector<double>& reports);
  /// Tells a finished one that was not judged.
  void Finish(const std::vector<double>& reports);

  [[nodiscard]] const Stopper& stopper() const { return *stopper_; }
  Stopper& stopper() { return *stopper_; }

 private:
  double sign_;
  std::unique_ptr<Stopper> stopper_;
  TrialNumber next_ = 1;
};

/// A curve that falls from `from` towards `to`.
std::vector<double> Falling(double from, double to, std::size_t reports);

/// What every rule promises. Call inside a section; makes sections of its own.
void CheckStopperContract(const StopperInfo& info);

}  // namespace hone
