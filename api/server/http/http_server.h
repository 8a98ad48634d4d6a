// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/server/address.h"
#include "api/server/tls.h"
#include "base/clock.h"
#include "base/result.h"

namespace hone {

struct HttpRequest {
  std::string method;                        ///< "GET"
  std::string path;                          ///< decoded, without the query
  std::map<std::string, std::string> query;  ///< decoded; of a repeated name the last one
  std::string body;
  std::string authorization = {};  ///< the header's value; empty: none
  std::string peer = {};           ///< address and port of the client; empty on a Unix socket
};

struct HttpResponse {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::map<std::string, std::string> headers = {};
};

/// An HTTP/1.1 server, on TCP or on a Unix socket for its owner alone, on one thread of its own
/// that never waits for a client. Requests beyond the limits are answered with 400, 413 or 431 and
/// the connection ends; a client that is slower than the time-out loses its connection. Life: Start
/// listens; the destructor ends all connections.
class HttpServer {
 public:
  struct Options {
    ListenAddress listen;
    /// Without, and on Unix sockets: plain text.
    std::optional<TlsIdentity> tls = std::nullopt;
    std::uint64_t most_body_bytes = 2 << 20;
    std::uint32_t most_header_bytes = 16 << 10;
    std::size_t most_connections = 1000;          ///< more are closed at once
    Duration timeout = std::chrono::seconds(90);  ///< for a request, or between two
  };
  using Answer = std::function<void(HttpResponse)>;
  /// Called on the server's thread: must not block. `answer` is called once, on any thread.
  using Handler = std::function<void(const HttpRequest&, const Answer&)>;

  /// @errors kUnavailable: the address cannot be listened on; kInvalidArgument: TLS cannot be
  /// spoken with this identity
  static Result<std::unique_ptr<HttpServer>> Start(const Options& options, Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// With the port that was taken.
  [[nodiscard]] const ListenAddress& address() const { return address_; }
  /// Who connects from now on is shown this identity; connections that are open stay. Only for a
  /// server that speaks TLS. @errors kInvalidArgument: nothing has changed then
  Status SetTls(const TlsIdentity& identity);
  /// No new connections; requests under way have this long to be answered.
  void Drain(Duration within);

 private:
  struct Impl;
  HttpServer(std::shared_ptr<Impl> impl, ListenAddress address);

  std::shared_ptr<Impl> impl_;  // shared with sessions
  ListenAddress address_;
};

/// Percent-decoding; nothing if it is malformed. @param plus  "+" is a blank, as in queries
std::optional<std::string> DecodeUrl(std::string_view text, bool plus);

}  // namespace hone
