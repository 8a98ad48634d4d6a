// SPDX-License-Identifier: Apache-2.0
#include "algorithms/cma_foreseen.h"

namespace hone {
namespace {

// Updates between the question and the start of a trial: a controller starts what it was answered.
constexpr std::int64_t kLasting = 4;

}  // namespace

std::optional<CmaForeseen::One> CmaForeseen::Take(const std::string& key) {
  auto found = all_.extract(key);
  return found ? std::optional(std::move(found.mapped())) : std::nullopt;
}

void CmaForeseen::Forget(const CmaOrigin& now) {
  std::erase_if(all_, [&](const auto& entry) {
    const CmaOrigin& origin = entry.second.origin;
    return origin.run != now.run || origin.generation + kLasting < now.generation;
  });
}

}  // namespace hone
