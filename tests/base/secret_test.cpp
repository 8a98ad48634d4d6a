// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <set>

#include "tests/catch.h"

namespace hone {
namespace {

TEST_CASE("secret: HMAC-SHA-256 gives the values of RFC 4231", "[base]") {
  CHECK(HmacSha256(std::string(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(HmacSha256("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("secret: what is equal is, and nothing else", "[base]") {
  CHECK(EqualInConstantTime("", ""));
  CHECK(EqualInConstantTime("abc", "abc"));
  CHECK_FALSE(EqualInConstantTime("abc", "abd"));
  CHECK_FALSE(EqualInConstantTime("abc", "ab"));
  CHECK_FALSE(EqualInConstantTime("", "a"));
}

TEST_CASE("secret: random digits are as many as asked for, and others each time", "[base]") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string text = RandomHex(32);
    CHECK(text.size() == 64);
    CHECK(text.find_first_not_of("0123456789abcdef") == std::string::npos);
    seen.insert(text);
  }
  CHECK(seen.size() == 100);
}

}  // namespace
}  // namespace hone
