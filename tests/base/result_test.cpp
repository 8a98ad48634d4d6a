// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <memory>
#include <set>

#include "tests/catch.h"

namespace {

using hone::Code;
using hone::Error;
using hone::Fail;
using hone::Result;
using hone::Status;

Result<int> Half(int x) {
  if (x % 2 != 0) {
    return Fail(Code::kInvalidArgument, "must be even", "x");
  }
  return x / 2;
}

Result<std::unique_ptr<int>> Quarter(int x) {
  HONE_ASSIGN_OR_RETURN(const int half, Half(x));
  HONE_ASSIGN_OR_RETURN(int quarter, Half(half));
  return std::make_unique<int>(quarter);
}

Status Check(int x, int& reached) {
  HONE_RETURN_IF_ERROR(Half(x));
  ++reached;
  return {};
}

TEST_CASE("result: ASSIGN_OR_RETURN passes values on and leaves with the error", "[base]") {
  const auto good = Quarter(12);
  REQUIRE(good.has_value());
  CHECK(**good == 3);
  const auto bad = Quarter(6);
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error() == Error{Code::kInvalidArgument, "must be even", "x"});
}

TEST_CASE("result: RETURN_IF_ERROR goes on only after success", "[base]") {
  int reached = 0;
  CHECK(Check(4, reached).has_value());
  CHECK(reached == 1);
  CHECK_FALSE(Check(3, reached).has_value());
  CHECK(reached == 1);
}

TEST_CASE("result: an error reads as field and message", "[base]") {
  CHECK(Error{Code::kInvalidArgument, "must be even", "x"}.Text() == "x: must be even");
  CHECK(Error{Code::kInvalidArgument, "must be even", ""}.Text() == "must be even");
}

TEST_CASE("result: Annotate keeps code and field and adds context", "[base]") {
  const Error error = hone::Annotate({Code::kNotFound, "no such file", "path"}, "open").value();
  CHECK(error == Error{Code::kNotFound, "open: no such file", "path"});
}

TEST_CASE("result: codes have gRPC's numbers and names of their own", "[base]") {
  CHECK(static_cast<int>(Code::kCancelled) == 1);
  CHECK(static_cast<int>(Code::kAborted) == 10);
  CHECK(static_cast<int>(Code::kDataLoss) == 15);
  CHECK(static_cast<int>(Code::kUnauthenticated) == 16);
  std::set<std::string_view> names;
  for (int number = 1; number <= 16; ++number) {
    names.insert(hone::CodeName(static_cast<Code>(number)));
  }
  CHECK(names.size() == 16);
}

}  // namespace
