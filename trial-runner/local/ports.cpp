// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

#include "base/file.h"

namespace hone::local {
namespace {

constexpr std::uint32_t kFirst = 20000;
constexpr std::uint32_t kCount = 12000;  // Linux gives 32768 and up to connections

// Two engines on one machine start at different places.
std::uint32_t FirstTry() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  return static_cast<std::uint32_t>(
      (static_cast<std::uint64_t>(now) / 1000 + static_cast<std::uint64_t>(::getpid()) * 7919) %
      kCount);
}

std::uint16_t NextCandidate() {
  static std::atomic<std::uint32_t> next{FirstTry()};
  return static_cast<std::uint16_t>(kFirst + next.fetch_add(1) % kCount);
}

// @param reuse  a port whose connections have just ended counts as free, as for most servers
bool IsFree(std::uint16_t port, bool reuse) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = reuse ? 1 : 0;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_ANY);  // a training program may listen on all
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket API's own way
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  return fd.valid() && ::bind(fd.get(), generic, sizeof(address)) == 0;
}

}  // namespace

Result<std::vector<std::uint16_t>> FreePorts(std::size_t count) {
  std::vector<std::uint16_t> ports;
  for (std::uint32_t tries = 0; tries < kCount && ports.size() < count; ++tries) {
    const std::uint16_t port = NextCandidate();
    if (IsFree(port, false)) {
      ports.push_back(port);
    }
  }
  if (ports.size() < count) {
    return Fail(Code::kResourceExhausted, "no port of 127.0.0.1 is free for the trial");
  }
  return ports;
}

bool SomebodyListens(std::uint16_t port) {
  return !IsFree(port, true);
}

}  // namespace hone::local
