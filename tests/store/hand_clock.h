// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "base/clock.h"
#include "tests/contracts/store_contract.h"

namespace hone::test {

/// A clock that stands until it is moved.
class HandClock final : public Clock {
 public:
  [[nodiscard]] Timestamp Now() const override { return At(0) + Duration(moved_.load()); }
  void Advance(Duration by) { moved_ += by.count(); }

 private:
  std::atomic<Duration::rep> moved_ = 0;
};

/// Waits for threads of the store. @returns false after 30 s
inline bool WaitForThreads(const std::function<bool()>& ready) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!ready()) {
    if (std::chrono::steady_clock::now() > limit) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return true;
}

}  // namespace hone::test
