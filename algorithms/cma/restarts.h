// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/rng.h"

namespace hone::cma {

/// Stopping rules on the values of one run: it goes on only while they get better.
/// @source  Hansen 2009, "Benchmarking a BI-population CMA-ES on the BBOB-2009 function testbed",
///          section 2: MaxIter, TolHistFun, EqualFunValues, Stagnation
class Progress {
 public:
  Progress(Eigen::Index d, Eigen::Index lambda);

  /// @param values  of one population, ascending; infinite ones are of failures
  void Add(const std::vector<double>& values);
  [[nodiscard]] bool Stopped() const;

 private:
  [[nodiscard]] bool Flat() const;
  [[nodiscard]] bool Stagnant() const;

  std::size_t d_;
  std::size_t lambda_;
  std::size_t most_;          // generations
  std::vector<double> best_;  // of each generation
  std::vector<double> median_;
  std::vector<bool> tied_;  // the best of the generation equals a middling one
};

/// How a run begins.
struct Plan {
  Eigen::Index lambda = 0;
  double sigma = 0;
  std::uint64_t most_evaluations = std::numeric_limits<std::uint64_t>::max();
};

/// Which run comes next.
/// @source  IPOP: Auger & Hansen 2005; BIPOP: Hansen 2009, as above; the first run counts as one of
///          the small ones, so a large one comes second
class Restarts {
 public:
  enum class Rule { kSame, kGrowing, kTwoBudgets };  ///< none, IPOP, BIPOP

  Restarts(Rule rule, Plan first)
      : rule_(rule), first_(first), large_(first.lambda), small_(rule == Rule::kTwoBudgets) {}

  /// @param used  evaluations of the run that is over
  Plan After(std::uint64_t used, Rng& rng);

 private:
  Rule rule_;
  Plan first_;
  Eigen::Index large_;            // population of the last large run
  std::uint64_t last_large_ = 0;  // its evaluations
  std::uint64_t spent_large_ = 0;
  std::uint64_t spent_small_ = 0;
  bool small_;  // the run that is over was a small one
};

}  // namespace hone::cma
