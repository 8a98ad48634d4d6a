// SPDX-License-Identifier: Apache-2.0
#include "api/server/address.h"

#include "tests/catch.h"

namespace hone {
namespace {

TEST_CASE("address: what is taken, and who reaches it", "[api]") {
  struct Case {
    const char* text;
    const char* host;  // null: refused
    int port;
    bool loopback;
  };
  const Case cases[] = {
      {"127.0.0.1:6789", "127.0.0.1", 6789, true},
      {"127.8.8.8:0", "127.8.8.8", 0, true},
      {"localhost:1", "localhost", 1, true},
      {"[::1]:6789", "::1", 6789, true},
      {"[::]:6789", "::", 6789, false},
      {"[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", 1, false},
      {"0.0.0.0:6789", "0.0.0.0", 6789, false},
      {"10.0.0.1:6789", "10.0.0.1", 6789, false},
      {"example.org:6789", "example.org", 6789, false},
      {"127.0.0.1.example.org:1", "127.0.0.1.example.org", 1, false},
      {"localhost.example.org:1", "localhost.example.org", 1, false},
      {"127.0.0.1", nullptr, 0, false},
      {":6789", nullptr, 0, false},
      {"[]:6789", nullptr, 0, false},
      {"::1:6789", nullptr, 0, false},
      {"127.0.0.1:", nullptr, 0, false},
      {"127.0.0.1:65536", nullptr, 0, false},
      {"127.0.0.1:-1", nullptr, 0, false},
      {"127.0.0.1:http", nullptr, 0, false},
      {"unix:/tmp/socket:1", "", 0, true},
      {"unix:socket", nullptr, 0, false},
      {"", nullptr, 0, false},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.text) {
      const auto address = ParseListenAddress(c.text);
      REQUIRE(address.has_value() == (c.host != nullptr));
      if (!address) {
        CHECK(address.error().code == Code::kInvalidArgument);
        continue;
      }
      CHECK(address->host == c.host);
      CHECK(address->port == c.port);
      CHECK(address->Text() == c.text);
      CHECK(address->IsLoopback() == c.loopback);
      CHECK(CheckReach(*address, false).has_value() == c.loopback);
      CHECK(CheckReach(*address, true).has_value());
    }
  }
}

TEST_CASE("address: other machines reach what encrypts and asks, or what is meant to be open",
          "[api]") {
  const auto outside = ParseListenAddress("0.0.0.0:6789");
  const auto inside = ParseListenAddress("127.0.0.1:6789");
  REQUIRE((outside && inside));
  for (int bits = 0; bits < 8; ++bits) {
    const Protection protection{
        .encrypts = (bits & 1) != 0, .asks = (bits & 2) != 0, .insecure = (bits & 4) != 0};
    CHECK(CheckReach(*outside, protection).has_value() == (bits >= 3));
    CHECK(CheckReach(*inside, protection).has_value());
  }
  CHECK(CheckReach(*outside, {.encrypts = true}).error().message.find("token") !=
        std::string::npos);
  CHECK(CheckReach(*outside, {.asks = true}).error().message.find("--tls-cert") !=
        std::string::npos);
}

}  // namespace
}  // namespace hone
