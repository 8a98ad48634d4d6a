// SPDX-License-Identifier: Apache-2.0
#include "api/server/address.h"

#include <arpa/inet.h>

#include "base/text.h"

namespace hone {
namespace {

constexpr std::int64_t kMostPort = 65535;
constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kLongestPath = 107;  // of sockaddr_un, with its NUL

tl::unexpected<Error> Malformed(std::string_view text) {
  return Fail(Code::kInvalidArgument,
              "must be HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:6789 or "
              "[::1]:6789, not '" +
                  Printable(text, 100) + "'",
              "--listen");
}

}  // namespace

bool ListenAddress::IsLoopback() const {
  if (!path.empty()) {
    return true;
  }
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return (ntohl(v4.s_addr) >> 24) == 127;
  }
  in6_addr v6{};
  if (::inet_pton(AF_INET6, host.c_str(), &v6) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&v6);
  }
  return host == "localhost";
}

std::string ListenAddress::Text() const {
  if (!path.empty()) {
    return std::string(kUnix) + path;
  }
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    if (!path.starts_with('/') || path.size() > kLongestPath) {
      return Fail(Code::kInvalidArgument,
                  "the path of a Unix socket must begin with / and have at most 107 bytes",
                  "--listen");
    }
    return ListenAddress{{}, 0, std::string(path)};
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return Malformed(text);
  }
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.empty() || host.find_first_of(":[]/") != std::string_view::npos) {
    return Malformed(text);
  }
  const auto port = ParseInt(text.substr(colon + 1));
  if (!port || *port < 0 || *port > kMostPort) {
    return Malformed(text);
  }
  return ListenAddress{std::string(host), static_cast<int>(*port), {}};
}

Status CheckReach(const ListenAddress& address, bool insecure) {
  if (insecure || address.IsLoopback()) {
    return {};
  }
  return Fail(Code::kInvalidArgument,
              "other machines reach " + address.Text() +
                  ", and this service neither asks who they are nor encrypts: listen on "
                  "127.0.0.1, or say --insecure if that is meant, as inside a cluster",
              "--listen");
}

Status CheckReach(const ListenAddress& address, const Protection& protection) {
  if (protection.insecure || address.IsLoopback() || (protection.encrypts && protection.asks)) {
    return {};
  }
  const std::string missing =
      std::string(protection.encrypts ? "" : "TLS (--tls-cert, --tls-key)") +
      (protection.encrypts || protection.asks ? "" : " and ") +
      (protection.asks ? "" : "tokens ('hone token create', or --require-tokens)");
  return Fail(Code::kInvalidArgument,
              "other machines reach " + address.Text() + ": that needs " + missing +
                  "; or listen on 127.0.0.1, or say --insecure if that is meant",
              "--listen");
}

}  // namespace hone
