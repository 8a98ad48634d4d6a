// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <csignal>

#include "base/process.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"

namespace {

TEST_CASE("check: a true condition goes on and is evaluated once", "[base]") {
  int evaluated = 0;
  HONE_CHECK(++evaluated == 1, "must not be reached");
  CHECK(evaluated == 1);
}

TEST_CASE("check: a false condition aborts and says where and why", "[base]") {
  const hone::testing::TempFolder folder;
  const auto out = hone::RunAndRead({HONE_TEST_CHILD, "crash", "check", folder.path().string()},
                                    std::chrono::seconds(20));
  REQUIRE_FALSE(out.has_value());
  const std::string& message = out.error().message;
  CHECK(message.find("killed by signal " + std::to_string(SIGABRT)) != std::string::npos);
  CHECK(message.find("child.cpp:") != std::string::npos);
  CHECK(message.find("1 > 2: one is less than two") != std::string::npos);
}

}  // namespace
