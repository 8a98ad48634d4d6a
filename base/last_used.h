// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/guarded.h"

namespace hone {

/// Values by key, of which only those that were used last are kept: for caches.
/// @threads  safe
template <class T>
class LastUsed {
 public:
  explicit LastUsed(std::size_t most) : most_(most) {}

  /// The key's value, made if it is not there. @param make  must not use this object
  /// @returns shared: it may be put away while somebody works with it
  std::shared_ptr<T> Find(const std::string& key, const std::function<std::shared_ptr<T>()>& make) {
    return all_.WithLock([&](All& all) {
      const auto [at, is_new] = all.by_key.try_emplace(key);
      at->second.last_use = ++all.uses;
      std::shared_ptr<T> value = is_new ? make() : at->second.value;
      at->second.value = value;
      if (all.by_key.size() > most_) {
        all.by_key.erase(std::ranges::min_element(all.by_key, {}, &LastUsed::UseOf));
      }
      return value;
    });
  }

 private:
  struct Entry {
    std::shared_ptr<T> value;
    std::uint64_t last_use = 0;
  };
  struct All {
    std::map<std::string, Entry> by_key;
    std::uint64_t uses = 0;
  };

  static std::uint64_t UseOf(const std::pair<const std::string, Entry>& entry) {
    return entry.second.last_use;
  }

  std::size_t most_;
  Guarded<All> all_;
};

}  // namespace hone
