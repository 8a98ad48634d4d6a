// SPDX-License-Identifier: Apache-2.0
#include "base/uid.h"

#include <regex>
#include <set>

#include "tests/catch.h"

namespace {

TEST_CASE("uid: has the form of a version 4 UUID", "[base]") {
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  for (int i = 0; i < 100; ++i) {
    const std::string text = hone::NewUid().text;
    INFO(text);
    CHECK(std::regex_match(text, form));
  }
}

TEST_CASE("uid: no two are the same", "[base]") {
  std::set<hone::Uid> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(hone::NewUid());
  }
  CHECK(seen.size() == 1000);
}

TEST_CASE("uid: seeds differ, fit a signed number and use all 63 bits", "[base]") {
  std::set<std::uint64_t> seen;
  std::uint64_t bits = 0;
  for (int i = 0; i < 200; ++i) {  // a bit that is fair stays unseen with probability 2^-200
    const std::uint64_t seed = hone::RandomSeed();
    seen.insert(seed);
    bits |= seed;
  }
  CHECK(seen.size() == 200);
  CHECK(bits == (std::uint64_t{1} << 63U) - 1);
}

}  // namespace
