// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <utility>

namespace hone {

/// Data that can only be touched with its lock held. Locks are leaves: call no callback, virtual or
/// log from inside.
template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  template <class F>
  auto WithLock(F&& body) {
    const std::scoped_lock lock(mutex_);
    return std::forward<F>(body)(value_);
  }
  template <class F>
  auto WithLock(F&& body) const {
    const std::scoped_lock lock(mutex_);
    return std::forward<F>(body)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace hone
