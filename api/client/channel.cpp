// SPDX-License-Identifier: Apache-2.0
#include "api/client/channel.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <string_view>

#include "base/file.h"
#include "base/text.h"

namespace hone::client {
namespace {

constexpr std::string_view kTls = "https://";
constexpr std::string_view kSocket = "unix:";
constexpr std::uint64_t kLargestCertificate = 1 << 20;
constexpr int kMostReplyBytes = 64 << 20;  // one event of a ledger may be large

/// "HOST:PORT" without the scheme.
std::string_view Place(std::string_view address) {
  return address.starts_with(kTls) ? address.substr(kTls.size()) : address;
}

bool IsLoopback(std::string_view place) {
  return place.starts_with(kSocket) || place.starts_with("127.") ||
         place.starts_with("localhost:") || place.starts_with("[::1]:");
}

Result<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const ServerOptions& options) {
  if (!options.address.starts_with(kTls)) {
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions tls;
  if (!options.ca_file.empty()) {
    HONE_ASSIGN_OR_RETURN(tls.pem_root_certs, ReadFile(options.ca_file, kLargestCertificate));
  }
  return grpc::SslCredentials(tls);
}

}  // namespace

Status CheckServer(const std::string& address) {
  const std::string_view place = Place(address);
  const bool is_socket = address.starts_with(kSocket) && address.size() > kSocket.size();
  const std::size_t colon = place.rfind(':');
  const bool has_port = colon != std::string_view::npos && colon > 0 &&
                        ParseInt(std::string(place.substr(colon + 1))).value_or(0) > 0;
  const bool other_scheme = place.find("://") != std::string_view::npos;
  if (is_socket || (has_port && !other_scheme)) {
    return {};
  }
  return Fail(Code::kInvalidArgument, "must be HOST:PORT, https://HOST:PORT or unix:PATH, not '" +
                                          Printable(address, 100) + "'");
}

Result<Channel> Channel::Create(const ServerOptions& options) {
  HONE_RETURN_IF_ERROR(CheckServer(options.address));
  const std::string_view place = Place(options.address);
  if (!options.token.empty() && place == options.address && !IsLoopback(place)) {
    return Fail(
        Code::kInvalidArgument,
        "a token would go to " + options.address + " in clear text: use https://" + options.address,
        "server");
  }
  HONE_ASSIGN_OR_RETURN(const auto credentials, Credentials(options));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMostReplyBytes);
  Channel channel;
  channel.address_ = options.address;
  channel.bearer_ = options.token.empty() ? "" : "Bearer " + options.token;
  channel.channel_ = grpc::CreateCustomChannel(std::string(place), credentials, arguments);
  return channel;
}

void Channel::Prepare(grpc::ClientContext& context, Duration within) const {
  if (!bearer_.empty()) {
    context.AddMetadata("authorization", bearer_);
  }
  if (within > Duration::zero()) {
    context.set_deadline(std::chrono::system_clock::now() + within);
  }
}

Status Channel::Read(const grpc::Status& status) const {
  if (status.ok()) {
    return {};
  }
  const auto code = static_cast<Code>(status.error_code());  // Code has gRPC's numbers
  const std::string words = Printable(status.error_message(), 4000);
  if (code == Code::kUnavailable) {
    return Fail(code, "the daemon at " + address_ + " cannot be reached: " + words);
  }
  if (code == Code::kDeadlineExceeded) {
    return Fail(code, "the daemon at " + address_ + " did not answer in time");
  }
  return Fail(code, words);
}

}  // namespace hone::client
