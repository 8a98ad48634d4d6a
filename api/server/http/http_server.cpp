// SPDX-License-Identifier: Apache-2.0
#include "api/server/http/http_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "base/text.h"

namespace hone {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = asio::ip::tcp;
using Unix = asio::local::stream_protocol;
using Stream = asio::generic::stream_protocol;  // one of both
using Plain = beast::basic_stream<Stream>;
using Secure = asio::ssl::stream<Plain>;

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? std::optional<int>(lower - 'a' + 10) : std::nullopt;
}

/// Nothing: malformed.
std::optional<HttpRequest> Read(const http::request<http::string_body>& message) {
  const std::string_view target(message.target().data(), message.target().size());
  const std::size_t mark = target.find('?');
  auto path = DecodeUrl(target.substr(0, mark), false);
  if (!path || !path->starts_with('/')) {
    return std::nullopt;
  }
  HttpRequest request{std::string(message.method_string()), *std::move(path), {}, message.body()};
  if (mark == std::string_view::npos) {
    return request;
  }
  for (const std::string_view part : Split(target.substr(mark + 1), '&')) {
    const std::size_t equals = std::min(part.find('='), part.size());
    const auto name = DecodeUrl(part.substr(0, equals), true);
    const auto value = DecodeUrl(part.substr(std::min(equals + 1, part.size())), true);
    if (!name || !value) {
      return std::nullopt;
    }
    if (!name->empty()) {
      request.query[*name] = *value;
    }
  }
  return request;
}

/// TLS 1.2 and later. @errors kInvalidArgument
Result<std::unique_ptr<asio::ssl::context>> ContextOf(const TlsIdentity& identity) {
  using asio::ssl::context;
  auto tls = std::make_unique<context>(context::tls_server);
  const auto refuse = [](const std::string& what, const beast::error_code& error) {
    return Fail(Code::kInvalidArgument, "TLS: the " + what + ": " + error.message());
  };
  beast::error_code error;
  tls->set_options(context::default_workarounds | context::no_tlsv1 | context::no_tlsv1_1, error);
  tls->use_certificate_chain(asio::buffer(identity.certificate), error);
  if (error) {
    return refuse("certificate", error);
  }
  tls->use_private_key(asio::buffer(identity.key), context::pem, error);
  if (error) {
    return refuse("key", error);
  }
  if (identity.client_ca.empty()) {
    return tls;
  }
  tls->add_certificate_authority(asio::buffer(identity.client_ca), error);
  if (error) {
    return refuse("certificates of clients", error);
  }
  tls->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert, error);
  // Without it a client that comes again with its session is refused.
  constexpr unsigned char kName[] = "hone";
  SSL_CTX_set_session_id_context(tls->native_handle(), kName, sizeof(kName) - 1);
  return tls;
}

/// "127.0.0.1:40000"; empty on a Unix socket.
std::string PeerOf(const Stream::socket& socket) {
  beast::error_code error;
  const auto remote = socket.remote_endpoint(error);
  const int family = remote.protocol().family();
  Tcp::endpoint as_tcp;
  if (error || (family != AF_INET && family != AF_INET6) || remote.size() > as_tcp.capacity()) {
    return "";
  }
  as_tcp.resize(remote.size());
  std::memcpy(as_tcp.data(), remote.data(), remote.size());
  return ListenAddress{as_tcp.address().to_string(error), as_tcp.port()}.Text();
}

}  // namespace

std::optional<std::string> DecodeUrl(std::string_view text, bool plus) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += plus && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size()) {
      return std::nullopt;
    }
    const auto first = HexDigit(text[i + 1]);
    const auto second = HexDigit(text[i + 2]);
    if (!first || !second) {
      return std::nullopt;
    }
    out += static_cast<char>(*first * 16 + *second);
    i += 2;
  }
  return out;
}

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(Options the_options, Handler the_handler)
      : options(std::move(the_options)), handler(std::move(the_handler)), acceptor(context) {}

  Status Listen(ListenAddress& address);
  void Accept();
  void Serve(Stream::socket socket);

  Options options;
  Handler handler;
  asio::io_context context{1};
  asio::basic_socket_acceptor<Stream> acceptor;
  std::shared_ptr<asio::ssl::context> tls;  // null: plain text; shared while it is handed over
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> answering = 0;  // requests under way
  std::atomic<bool> draining = false;
  std::jthread thread;
};

namespace {

using Message = http::request<http::string_body>;

/// The name or number in "Host: NAME:PORT", without brackets.
std::string_view HostIn(const Message& request) {
  const beast::string_view field = request[http::field::host];
  const std::string_view host(field.data(), field.size());
  if (host.starts_with('[')) {
    return host.substr(1, host.find(']') - 1);
  }
  return host.substr(0, host.rfind(':'));
}

/// Whether a browser asks on behalf of a page of another site. Such a page could otherwise create
/// experiments, which run code: browsers send such requests without asking, and answer pages whose
/// own name was made to point here (DNS rebinding) as if they were from here.
/// @param loopback  only this machine reaches the server, so no other name leads to it
bool IsFromForeignPage(const Message& request, bool loopback) {
  if (request.count(http::field::origin) > 0) {
    return true;
  }
  const std::string_view host = HostIn(request);
  return loopback && !host.empty() && !ListenAddress{std::string(host), 0}.IsLoopback();
}

/// One connection: reads a request, hands it on, writes the answer, and again.
/// @tparam Wire  Plain or Secure
template <class Impl, class Wire>
class Session : public std::enable_shared_from_this<Session<Impl, Wire>> {
 public:
  /// @param wire  what makes the Wire
  template <class... Parts>
  Session(std::shared_ptr<Impl> impl, std::string peer, Parts&&... wire)
      : impl_(std::move(impl)), peer_(std::move(peer)), stream_(std::forward<Parts>(wire)...) {
    ++impl_->connections;
  }
  ~Session() { --impl_->connections; }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Begin() {
    if constexpr (kIsSecure) {
      Layer().expires_after(impl_->options.timeout);
      stream_.async_handshake(
          asio::ssl::stream_base::server,
          [self = this->shared_from_this()](beast::error_code error) { self->OnHandshake(error); });
    } else {
      ReadNext();
    }
  }

  void ReadNext() {
    parser_ = std::make_unique<http::request_parser<http::string_body>>();
    parser_->body_limit(impl_->options.most_body_bytes);
    parser_->header_limit(impl_->options.most_header_bytes);
    Layer().expires_after(impl_->options.timeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                       self->OnRead(error);
                     });
  }

 private:
  static constexpr bool kIsSecure = std::is_same_v<Wire, Secure>;

  Plain& Layer() { return beast::get_lowest_layer(stream_); }

  void OnHandshake(beast::error_code error) {
    if (!error) {
      ReadNext();
    }
  }

  void OnRead(beast::error_code error) {
    if (error == http::error::body_limit) {
      return Refuse(413, "the body is larger than " +
                             std::to_string(impl_->options.most_body_bytes) + " bytes");
    }
    if (error == http::error::header_limit) {
      return Refuse(431, "the header is too large");
    }
    if (error == http::error::end_of_stream || error == beast::error::timeout ||
        (error && (error.category() == asio::error::get_system_category() ||
                   error.category() == asio::error::get_ssl_category() ||
                   error.category() == asio::ssl::error::get_stream_category()))) {
      return;
    }
    if (error) {
      return Refuse(400, "is no request of HTTP: " + error.message());
    }
    if (IsFromForeignPage(parser_->get(), impl_->options.listen.IsLoopback())) {
      return Refuse(403, "pages of other sites may not ask this server");
    }
    auto request = Read(parser_->get());
    if (!request) {
      return Refuse(400, "the address is malformed");
    }
    const beast::string_view shown = parser_->get()[http::field::authorization];
    request->authorization.assign(shown.data(), shown.size());
    request->peer = peer_;
    keep_ = parser_->get().keep_alive();
    head_ = request->method == "HEAD";
    ++impl_->answering;
    Layer().expires_never();  // the handler's limits hold until it has answered
    impl_->handler(*request, [self = this->shared_from_this()](HttpResponse response) {
      asio::post(self->stream_.get_executor(), [self, response = std::move(response)]() mutable {
        --self->impl_->answering;
        self->Write(std::move(response));
      });
    });
  }

  void Refuse(int status, const std::string& why) {
    keep_ = false;
    Write({status, "text/plain", why + "\n"});
  }

  void Write(HttpResponse response) {
    message_ = {};
    message_.result(static_cast<unsigned>(response.status));
    message_.set(http::field::content_type, response.type);
    message_.set(http::field::cache_control, "no-store");
    for (const auto& [name, value] : response.headers) {
      message_.set(name, value);
    }
    message_.keep_alive(keep_ && !impl_->draining);
    const std::size_t length = response.body.size();
    message_.body() = head_ ? std::string() : std::move(response.body);
    message_.content_length(length);
    Layer().expires_after(impl_->options.timeout);
    http::async_write(stream_, message_,
                      [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                        self->OnWritten(error);
                      });
  }

  void OnWritten(beast::error_code error) {
    if (error) {
      return;
    }
    if (message_.keep_alive()) {
      return ReadNext();
    }
    if constexpr (kIsSecure) {
      Layer().expires_after(impl_->options.timeout);
      stream_.async_shutdown([self = this->shared_from_this()](beast::error_code) {});
    } else {
      stream_.socket().shutdown(asio::socket_base::shutdown_send, error);
    }
  }

  std::shared_ptr<Impl> impl_;  // shared with its server and the other sessions
  std::string peer_;
  Wire stream_;
  beast::flat_buffer buffer_;
  std::unique_ptr<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> message_;
  bool keep_ = false;
  bool head_ = false;
};

/// Of a Unix socket, a former one at its place is removed. @errors kUnavailable
Result<Stream::endpoint> EndpointOf(const ListenAddress& address) {
  if (!address.path.empty()) {
    struct stat there {};
    if (::lstat(address.path.c_str(), &there) == 0 && S_ISSOCK(there.st_mode)) {
      ::unlink(address.path.c_str());  // bind says it if it stays
    }
    return Unix::endpoint(address.path);
  }
  beast::error_code error;
  const std::string host = address.host == "localhost" ? "127.0.0.1" : address.host;
  const auto ip = asio::ip::make_address(host, error);
  if (error) {
    return Fail(Code::kUnavailable, error.message());
  }
  return Tcp::endpoint(ip, static_cast<std::uint16_t>(address.port));
}

beast::error_code Bind(asio::basic_socket_acceptor<Stream>& acceptor,
                       const Stream::endpoint& endpoint) {
  beast::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) {
    acceptor.set_option(asio::socket_base::reuse_address(true), error);
  }
  if (!error) {
    acceptor.bind(endpoint, error);
  }
  return error;
}

}  // namespace

Status HttpServer::Impl::Listen(ListenAddress& address) {
  const auto refuse = [&](const std::string& why) {
    return Fail(Code::kUnavailable, "cannot listen on " + address.Text() + ": " + why, "--http");
  };
  const auto endpoint = EndpointOf(address);
  if (!endpoint) {
    return refuse(endpoint.error().message);
  }
  beast::error_code error = Bind(acceptor, *endpoint);
  if (!error && !address.path.empty() && ::chmod(address.path.c_str(), S_IRUSR | S_IWUSR) != 0) {
    error = beast::error_code(errno, asio::error::get_system_category());
  }
  if (!error) {  // before, nobody can connect
    acceptor.listen(asio::socket_base::max_listen_connections, error);
  }
  if (error) {
    return refuse(error.message());
  }
  if (address.path.empty()) {
    const auto taken = acceptor.local_endpoint(error);
    Tcp::endpoint as_tcp;
    as_tcp.resize(taken.size());
    std::memcpy(as_tcp.data(), taken.data(), taken.size());
    address.port = as_tcp.port();
  }
  return {};
}

void HttpServer::Impl::Serve(Stream::socket socket) {
  std::string peer = PeerOf(socket);
  if (tls == nullptr) {
    return std::make_shared<Session<Impl, Plain>>(shared_from_this(), std::move(peer),
                                                  std::move(socket))
        ->Begin();
  }
  std::make_shared<Session<Impl, Secure>>(shared_from_this(), std::move(peer), std::move(socket),
                                          *tls)
      ->Begin();
}

void HttpServer::Impl::Accept() {
  acceptor.async_accept(
      [self = shared_from_this()](beast::error_code error, Stream::socket socket) {
        if (error == asio::error::operation_aborted || self->draining) {
          return;
        }
        if (!error && self->connections < self->options.most_connections) {
          self->Serve(std::move(socket));
        }
        if (!error) {
          return self->Accept();
        }
        // Out of descriptors, most likely: others end meanwhile.
        const auto timer = std::make_shared<asio::steady_timer>(self->context);
        timer->expires_after(std::chrono::milliseconds(100));
        timer->async_wait([self, timer](beast::error_code) { self->Accept(); });
      });
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const Options& options, Handler handler) {
  auto impl = std::make_shared<Impl>(options, std::move(handler));
  ListenAddress address = options.listen;
  if (options.tls && address.path.empty()) {
    HONE_ASSIGN_OR_RETURN(impl->tls, ContextOf(*options.tls));
  }
  HONE_RETURN_IF_ERROR(impl->Listen(address));
  impl->Accept();
  impl->thread = std::jthread([context = &impl->context] { context->run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl), std::move(address)));
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl, ListenAddress address)
    : impl_(std::move(impl)), address_(std::move(address)) {}

HttpServer::~HttpServer() {
  impl_->context.stop();
  impl_->thread.join();
  if (!address_.path.empty()) {
    ::unlink(address_.path.c_str());  // if it is gone already, so much the better
  }
}

Status HttpServer::SetTls(const TlsIdentity& identity) {
  HONE_ASSIGN_OR_RETURN(auto fresh, ContextOf(identity));
  // On the server's thread, which makes connections of it; those keep what they need of the old.
  asio::post(impl_->context, [impl = impl_, fresh = std::shared_ptr(std::move(fresh))] {
    if (impl->tls != nullptr) {
      impl->tls = fresh;
    }
  });
  return {};
}

void HttpServer::Drain(Duration within) {
  impl_->draining = true;
  asio::post(impl_->context, [impl = impl_] {
    beast::error_code ignored;  // it is closed whatever is said
    impl->acceptor.close(ignored);
  });
  constexpr Duration kLook = std::chrono::milliseconds(10);
  for (Duration waited{0}; impl_->answering > 0 && waited < within; waited += kLook) {
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace hone
