// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "algorithms/encoder.h"
#include "base/result.h"
#include "base/rng.h"
#include "core/settings.h"

namespace hone {

/// How values of a population change a little: by a factor, to a neighbour, or drawn anew.
/// Settings: perturbation, resample_probability.
/// @threads  immutable
class Explorer {
 public:
  Explorer(SpaceEncoder encoder, const Settings& settings)
      : encoder_(std::move(encoder)),
        size_(settings.Real("perturbation")),
        resample_(settings.Has("resample_probability") ? settings.Real("resample_probability")
                                                       : 0.0) {}

  /// Drawn from the whole space. @errors kFailedPrecondition as DrawFeasible
  [[nodiscard]] Result<Assignment> Fresh(Rng& rng) const;
  /// Values near `from`; the values themselves if constraints forbid every change that is tried.
  [[nodiscard]] Result<Assignment> Change(const Assignment& from, Rng& rng) const;

 private:
  [[nodiscard]] Result<Assignment> ChangeOnce(const Assignment& from, Rng& rng) const;
  [[nodiscard]] std::string Moved(std::size_t dimension, const std::string& text, double at,
                                  bool up) const;
  [[nodiscard]] double Target(double value, double min, double max, bool up) const;

  SpaceEncoder encoder_;
  double size_;
  double resample_;
};

}  // namespace hone
