// SPDX-License-Identifier: Apache-2.0
// The scraper before endpoints that lie, stall, flood or are not there.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "base/text.h"
#include "core/push_line.h"
#include "metrics-collector/scrape/http_get.h"
#include "metrics-collector/scrape/scraper.h"
#include "tests/base/temp_folder.h"
#include "tests/catch.h"
#include "tests/metrics-collector/records.h"

namespace hone {
namespace {

using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

/// Serves one connection on a port of its own by writing what it is told.
class RawServer {
 public:
  explicit RawServer(std::function<void(int)> serve)
      : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener_.get(), generic, size) == 0);
    REQUIRE(::listen(listener_.get(), 1) == 0);
    REQUIRE(::getsockname(listener_.get(), generic, &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this, serve = std::move(serve)] {
      const UniqueFd peer(::accept(listener_.get(), nullptr, nullptr));
      char request[4096];
      static_cast<void>(::recv(peer.get(), request, sizeof request, 0));
      serve(peer.get());
    });
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::jthread thread_;  // last: joined first
};

bool Write(int peer, const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t wrote = ::send(peer, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (wrote <= 0) {
      return false;
    }
    sent += static_cast<std::size_t>(wrote);
  }
  return true;
}

void UntilGone(int peer) {
  char byte = 0;
  while (::recv(peer, &byte, 1, 0) > 0) {
  }
}

Result<std::string> Ask(std::uint16_t port) {
  return HttpGet({.port = port, .path = "/metrics", .within = 500ms, .most_bytes = 1U << 20U});
}

TEST_CASE("scrape: an endpoint that answers", "[metrics-collector]") {
  struct Case {
    const char* name;
    std::string answer;
    std::string want;  // the body; empty: an error
    std::optional<Code> code = {};
  };
  const std::vector<Case> cases = {
      {"with a length", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nloss 1\n", "loss 1\n"},
      {"of HTTP 1.0, to the end", "HTTP/1.0 200 OK\r\n\r\nloss 2\n", "loss 2\n"},
      {"in chunks",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nloss 3\n\r\n0\r\n\r\n",
       "loss 3\n"},
      {"half of it", "HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\nloss 1\n", "",
       Code::kUnavailable},
      {"with another status", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "",
       Code::kDataLoss},
      {"no HTTP", "\x16\x03\x01 hello\r\n\r\n", "", Code::kDataLoss},
      {"a header without end", "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'), "",
       Code::kResourceExhausted},
      {"nothing", "", "", Code::kUnavailable},
      {"a body that is too long", "HTTP/1.0 200 OK\r\n\r\n" + std::string(5U << 20U, 'x'), "",
       Code::kResourceExhausted},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      const RawServer server([&c](int peer) { Write(peer, c.answer); });
      const auto answer = Ask(server.port());
      if (!c.code) {
        REQUIRE(answer.has_value());
        CHECK(*answer == c.want);
      } else {
        REQUIRE_FALSE(answer.has_value());
        CHECK(answer.error().code == *c.code);
      }
    }
  }
}

TEST_CASE("scrape: an endpoint that stalls costs the time-out, and no more",
          "[metrics-collector]") {
  const std::vector<std::pair<const char*, std::function<void(int)>>> cases = {
      {"hangs", [](int peer) { UntilGone(peer); }},
      {"drips",
       [](int peer) {
         Write(peer, "HTTP/1.1 200 OK\r\n\r\n");
         while (Write(peer, "#")) {
           std::this_thread::sleep_for(20ms);
         }
       }},
  };
  for (const auto& [name, serve] : cases) {
    DYNAMIC_SECTION(name) {
      const RawServer server(serve);
      const auto begin = std::chrono::steady_clock::now();
      const auto answer = Ask(server.port());
      CHECK(std::chrono::steady_clock::now() - begin < 5s);  // for a loaded machine
      REQUIRE_FALSE(answer.has_value());
      CHECK(answer.error().code == Code::kDeadlineExceeded);
    }
  }
}

TEST_CASE("scrape: nobody listens", "[metrics-collector]") {
  std::uint16_t port = 0;
  {
    const RawServer server([](int) {});
    port = server.port();
    static_cast<void>(Ask(port));
  }
  const auto answer = Ask(port);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == Code::kUnavailable);
}

Strings Lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  Strings shown;
  for (std::string line; std::getline(file, line);) {
    const auto record = ParsePushLine(line);
    shown.push_back(record ? record->metric + "=" + record->text : "?");
  }
  return shown;
}

TEST_CASE("scraper: what changed is kept, and what is wrong is told once", "[metrics-collector]") {
  const testing::TempFolder folder;
  const SystemClock clock;
  Result<std::string> answer = std::string("loss 1\n");
  Scraper scraper(
      {*ParseSelector("loss")}, *PushedFile::Open(folder / "pushed"), [&] { return answer; },
      clock);
  CHECK(scraper.Look().empty());
  CHECK(scraper.Look().empty());  // the same: no new report
  answer = std::string("loss 2\n");
  CHECK(scraper.Look().empty());
  answer = std::string("loss 2 1700000000000\n");  // the same value at a time of its own
  CHECK(scraper.Look().empty());
  answer = std::string("rubbish\n");
  CHECK(scraper.Look() == "its line 1 is no sample of Prometheus' text format: rubbish");
  CHECK(scraper.Look().empty());
  answer = Fail(Code::kDeadlineExceeded, "it did not answer in time");
  CHECK(scraper.Look() == "it did not answer in time");
  answer = std::string("loss{a=\"1\"} 2\nloss{a=\"2\"} 3\n");
  CHECK(scraper.Look().starts_with("loss stands for 2 samples"));
  answer = std::string("loss 1\n");
  CHECK(scraper.Look().empty());
  CHECK(Lines(folder / "pushed") == Strings{"loss=1", "loss=2", "loss=2", "loss=1"});
  CHECK(
      scraper.Summary().starts_with("the endpoint was asked 9 times, 4 times in vain, and gave 4"
                                    " values; what was wrong last: loss stands for"));
}

TEST_CASE("pushed file: goes on where it ended, and takes no more than its limit",
          "[metrics-collector]") {
  const testing::TempFolder folder;
  const std::vector<MetricRecord> one = {{"loss", "1", {}, {}}};
  const std::uint64_t line = PushLine(one.front()).size();
  REQUIRE(PushedFile::Open(folder / "pushed")->Append(one).has_value());
  auto file = PushedFile::Open(folder / "pushed", 3 * line);
  REQUIRE(file.has_value());
  CHECK(file->Append(one).has_value());
  const std::vector<MetricRecord> two = {one.front(), one.front()};
  const Status full = file->Append(two);
  REQUIRE_FALSE(full.has_value());
  CHECK(full.error().code == Code::kResourceExhausted);
  CHECK(file->Append(one).has_value());
  CHECK(Lines(folder / "pushed").size() == 3);
}

TEST_CASE("pushed file: a full disk takes nothing or whole lines", "[metrics-collector]") {
  auto file = PushedFile::Open("/dev/full");
  REQUIRE(file.has_value());
  const std::vector<MetricRecord> one = {{"loss", "1", {}, {}}};
  const Status full = file->Append(one);
  REQUIRE_FALSE(full.has_value());
  CHECK(full.error().code == Code::kResourceExhausted);
}

}  // namespace
}  // namespace hone
