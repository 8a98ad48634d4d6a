// SPDX-License-Identifier: Apache-2.0
#include "suggestion/server/request_parts.h"

#include <string>

#include "tests/catch.h"
#include "tests/suggestion/server/requests.h"

namespace hone {
namespace {

using namespace test;

std::string SomeRequest() {
  pb::GetSuggestionsRequest request;
  *request.mutable_experiment() = SmallExperiment("random");
  *request.add_trials() = SucceededTrial("one", {"0.5", "2", "a"}, 1, "0.1");
  *request.add_trials() = PendingTrial("two", {"0.25", "3", "b"});
  request.add_trials();
  request.set_current_request_number(3);
  request.set_total_request_number(7);
  return request.SerializeAsString();
}

/// The parts together, parsed; false: they are no request.
bool Join(const std::string& bytes, pb::GetSuggestionsRequest& request) {
  const auto parts = SplitRequest(bytes);
  if (!parts) {
    return false;
  }
  request = parts->rest;
  for (const std::string_view trial : parts->trials) {
    if (!request.add_trials()->ParseFromString(std::string(trial))) {
      return false;
    }
  }
  return true;
}

/// What protobuf itself says of these bytes must be said of the parts.
bool IsAsParsed(const std::string& bytes) {
  pb::GetSuggestionsRequest parsed;
  pb::GetSuggestionsRequest joined;
  const bool is_request = parsed.ParseFromString(bytes);
  return Join(bytes, joined) == is_request &&
         (!is_request || joined.SerializeAsString() == parsed.SerializeAsString());
}

TEST_CASE("request parts: a request is its trials and the rest", "[suggestion]") {
  const std::string bytes = SomeRequest();
  const auto parts = SplitRequest(bytes);
  REQUIRE(parts.has_value());
  CHECK(parts->trials.size() == 3);
  CHECK(parts->rest.trials_size() == 0);
  CHECK(parts->rest.total_request_number() == 7);
  CHECK(IsAsParsed(bytes));
  CHECK(IsAsParsed(""));
}

TEST_CASE("request parts: fields come in any order, unknown and repeated ones too",
          "[suggestion]") {
  pb::GetSuggestionsRequest more;
  *more.add_trials() = PendingTrial("three", {"1", "2", "a"});
  more.mutable_experiment()->set_name("another");
  const std::string unknown =
      "\xa2\x06\x03"
      "abc";  // field 100, three bytes
  CHECK(IsAsParsed(more.SerializeAsString() + unknown + SomeRequest()));
}

TEST_CASE("request parts: bytes that are cut off or changed are what protobuf says they are",
          "[suggestion]") {
  const std::string bytes = SomeRequest();
  std::size_t otherwise = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    otherwise += IsAsParsed(bytes.substr(0, i)) ? 0 : 1;
    for (const char change : {'\x01', '\x02', '\x08', '\x20', '\x7f'}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ change);
      otherwise += IsAsParsed(changed) ? 0 : 1;
    }
  }
  CHECK(otherwise == 0);
}

}  // namespace
}  // namespace hone
