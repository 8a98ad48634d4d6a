// SPDX-License-Identifier: Apache-2.0
#include "earlystop/registry.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace hone {

StopperRegistry& StopperRegistry::Instance() {
  static StopperRegistry registry;
  return registry;
}

bool StopperRegistry::Add(std::string name, StopperInfo info) {
  HONE_CHECK(Find(name) == nullptr, "the early stopping " + name + " is registered twice");
  HONE_CHECK(info.create != nullptr, "the early stopping " + name + " cannot be created");
  info.name = std::move(name);
  const auto place =
      std::ranges::lower_bound(all_, info.name, {}, [](const auto& known) { return known->name; });
  all_.insert(place, std::make_unique<StopperInfo>(std::move(info)));
  return true;
}

const StopperInfo* StopperRegistry::Find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(all_, [name](const auto& known) { return known->name == name; });
  return found == all_.end() ? nullptr : found->get();
}

std::vector<const StopperInfo*> StopperRegistry::All() const {
  std::vector<const StopperInfo*> all;
  all.reserve(all_.size());
  for (const auto& info : all_) {
    all.push_back(info.get());
  }
  return all;
}

}  // namespace hone
