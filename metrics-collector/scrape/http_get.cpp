// SPDX-License-Identifier: Apache-2.0
#include "metrics-collector/scrape/http_get.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace hone {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using ErrorCode = beast::error_code;

constexpr unsigned kOk = 200;

Error ErrorOf(const ErrorCode& error) {
  if (error == beast::error::timeout) {
    return {Code::kDeadlineExceeded, "it did not answer in time", {}};
  }
  if (error == http::error::body_limit) {
    return {Code::kResourceExhausted, "its answer is too long", {}};
  }
  if (error == http::error::header_limit) {
    return {Code::kResourceExhausted, "the header of its answer is too long", {}};
  }
  if (error == asio::error::connection_refused) {
    return {Code::kUnavailable, "nobody listens there", {}};
  }
  if (error.category() == beast::http::make_error_code(http::error::end_of_stream).category() &&
      error != http::error::end_of_stream && error != http::error::partial_message) {
    return {Code::kDataLoss, "its answer is no HTTP: " + error.message(), {}};
  }
  return {Code::kUnavailable, "the connection broke: " + error.message(), {}};
}

/// One question under way; the steps follow each other on one io_context.
class Call {
 public:
  explicit Call(const HttpQuestion& question) : stream_(context_) {
    request_.method(http::verb::get);
    request_.target(question.path);
    request_.version(11);
    request_.set(http::field::host, "127.0.0.1:" + std::to_string(question.port));
    request_.set(http::field::user_agent, "hone");
    request_.set(http::field::accept, "text/plain;version=0.0.4");
    request_.set(http::field::connection, "close");
    parser_.body_limit(question.most_bytes);
    stream_.expires_after(question.within);  // for all steps together
    const asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), question.port);
    stream_.async_connect(endpoint, [this](ErrorCode error) { OnConnected(error); });
  }

  Result<std::string> Run() {
    context_.run();
    if (error_) {
      return tl::make_unexpected(ErrorOf(error_));
    }
    const unsigned status = parser_.get().result_int();
    if (status != kOk) {
      return Fail(Code::kDataLoss, "it answered with status " + std::to_string(status));
    }
    return std::move(parser_.get().body());
  }

 private:
  void OnConnected(ErrorCode error) {
    if (Failed(error)) {
      return;
    }
    http::async_write(stream_, request_,
                      [this](ErrorCode write_error, std::size_t) { OnWritten(write_error); });
  }
  void OnWritten(ErrorCode error) {
    if (Failed(error)) {
      return;
    }
    http::async_read(stream_, buffer_, parser_,
                     [this](ErrorCode read_error, std::size_t) { error_ = read_error; });
  }
  bool Failed(ErrorCode error) {
    error_ = error;
    return static_cast<bool>(error);
  }

  asio::io_context context_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  http::response_parser<http::string_body> parser_;
  ErrorCode error_;
};

}  // namespace

Result<std::string> HttpGet(const HttpQuestion& question) {
  return Call(question).Run();
}

}  // namespace hone
