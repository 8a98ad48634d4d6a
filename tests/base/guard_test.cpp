// SPDX-License-Identifier: Apache-2.0
#include "base/guard.h"

#include <stdexcept>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "tests/catch.h"

namespace {

using hone::Code;
using hone::Guard;
using hone::Result;
using hone::Status;

TEST_CASE("guard: values, nothing and results pass through", "[base]") {
  const Result<int> value = Guard(Code::kInternal, "x", [] { return 7; });
  CHECK(value == 7);
  const Status nothing = Guard(Code::kInternal, "x", [] {});
  CHECK(nothing.has_value());
  const Result<int> result =
      Guard(Code::kInternal, "x", []() -> Result<int> { return hone::Fail(Code::kAborted, "no"); });
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == Code::kAborted);
}

TEST_CASE("guard: an exception becomes an error with context", "[base]") {
  const Status status =
      Guard(Code::kUnavailable, "open the file", [] { throw std::runtime_error("disk on fire"); });
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error() == hone::Error{Code::kUnavailable, "open the file: disk on fire", ""});
}

TEST_CASE("guarded: threads take turns", "[base]") {
  hone::Guarded<std::vector<int>> numbers;
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&numbers] {
        for (int i = 0; i < 1000; ++i) {
          numbers.WithLock([i](std::vector<int>& v) { v.push_back(i); });
        }
      });
    }
  }
  CHECK(std::as_const(numbers).WithLock([](const std::vector<int>& v) { return v.size(); }) ==
        4000);
}

}  // namespace
