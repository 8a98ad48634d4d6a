// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "algorithms/cma_space.h"
#include "core/ids.h"

namespace hone {

/// Which distribution a point was drawn from.
struct CmaOrigin {
  std::uint32_t run = 0;
  std::int64_t generation = 0;
  bool operator==(const CmaOrigin&) const = default;
};

/// What would be proposed for the numbers to come, by the key of its values: where tags get lost, a
/// trial is known again by them, and so is what no value says, its distribution and its point.
/// @threads  one at a time
class CmaForeseen {
 public:
  struct One {
    TrialNumber number = 0;
    CmaOrigin origin;
    CmaPoint point;
  };

  void Add(const std::string& key, One one) { all_.insert_or_assign(key, std::move(one)); }
  /// What was foreseen with these values; it is no longer, then.
  std::optional<One> Take(const std::string& key);
  /// Forgets what was drawn from distributions so many updates ago that no trial can be on its way.
  void Forget(const CmaOrigin& now);

 private:
  std::map<std::string, One> all_;
};

}  // namespace hone
