// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"

namespace hone {

/// All registered things of one kind, by name: filled before main, read-only afterwards.
/// @tparam Info  what is known of one outside its own file; has `name` and `create`
template <typename Info>
class Registry {
 public:
  static Registry& Instance() {
    static Registry registry;
    return registry;
  }

  /// Aborts on a duplicate name and on an info without `create`.
  bool Add(std::string name, Info info) {
    HONE_CHECK(Find(name) == nullptr, name + " is registered twice");
    HONE_CHECK(info.create != nullptr, name + " cannot be created");
    info.name = std::move(name);
    const auto place = std::ranges::lower_bound(all_, info.name, {},
                                                [](const auto& known) { return known->name; });
    all_.insert(place, std::make_unique<Info>(std::move(info)));
    return true;
  }

  [[nodiscard]] const Info* Find(std::string_view name) const {
    const auto found =
        std::ranges::find_if(all_, [name](const auto& known) { return known->name == name; });
    return found == all_.end() ? nullptr : found->get();
  }

  /// Sorted by name.
  [[nodiscard]] std::vector<const Info*> All() const {
    std::vector<const Info*> all;
    all.reserve(all_.size());
    for (const auto& info : all_) {
      all.push_back(info.get());
    }
    return all;
  }

  /// Sorted.
  [[nodiscard]] std::vector<std::string> Names() const {
    std::vector<std::string> names;
    names.reserve(all_.size());
    for (const auto& info : all_) {
      names.push_back(info->name);
    }
    return names;
  }

 private:
  std::vector<std::unique_ptr<Info>> all_;  // infos stay where they are
};

}  // namespace hone
