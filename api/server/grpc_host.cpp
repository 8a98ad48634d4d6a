// SPDX-License-Identifier: Apache-2.0
#include "api/server/grpc_host.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <limits>
#include <mutex>
#include <utility>

#include "base/log.h"

namespace hone {
namespace {

constexpr int kGatheredBytes = 16 << 10;

/// gRPC's own words go into our log; what matters reaches callers as a status.
void LogOfGrpc(gpr_log_func_args* args) {
  HONE_LOG(kDebug, "grpc", {"message", args->message}, {"file", args->file}, {"line", args->line});
}

/// Bytes that are no message are told to who sent them.
void LogOfProtobuf(google::protobuf::LogLevel /*level*/, const char* file, int line,
                   const std::string& message) {
  HONE_LOG(kDebug, "protobuf", {"message", message}, {"file", file}, {"line", line});
}

/// For the process, before its first server.
void SetUpGrpc() {
  static std::once_flag once;
  std::call_once(once, [] {
    gpr_set_log_function(&LogOfGrpc);
    google::protobuf::SetLogHandler(&LogOfProtobuf);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

/// gRPC looks at the files itself, once a second.
std::shared_ptr<grpc::ServerCredentials> WatchedCredentials(const TlsFiles& files) {
  namespace tls = grpc::experimental;
  constexpr unsigned kLookEverySeconds = 1;
  tls::TlsServerCredentialsOptions options(std::make_shared<tls::FileWatcherCertificateProvider>(
      files.key, files.certificate, files.client_ca, kLookEverySeconds));
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  if (!files.client_ca.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return tls::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ServerCredentials> CredentialsOf(const GrpcHost::Options& options) {
  if (!options.tls || !options.listen.path.empty()) {
    return grpc::InsecureServerCredentials();
  }
  if (!options.tls_files.certificate.empty()) {
    return WatchedCredentials(options.tls_files);
  }
  const TlsIdentity& tls = *options.tls;
  grpc::SslServerCredentialsOptions ssl(
      tls.client_ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                            : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  ssl.pem_root_certs = tls.client_ca;
  ssl.pem_key_cert_pairs.push_back({tls.key, tls.certificate});
  return grpc::SslServerCredentials(ssl);
}

}  // namespace

struct GrpcHost::Parts {
  std::vector<std::shared_ptr<grpc::Service>> services;  // outlive the server
  std::vector<std::string> health_names;
  std::unique_ptr<grpc::Server> server;
};

Result<std::unique_ptr<GrpcHost>> GrpcHost::Start(
    const Options& options, std::vector<std::shared_ptr<grpc::Service>> services) {
  SetUpGrpc();
  auto parts = std::make_unique<Parts>();
  parts->services = std::move(services);
  parts->health_names = options.health_names;
  parts->health_names.insert(parts->health_names.end(), {"", "grpc.health.v1.Health"});
  grpc::ServerBuilder builder;
  ListenAddress address = options.listen;
  builder.AddListeningPort(address.Text(), CredentialsOf(options), &address.port);
  // Without this two servers could share a port, and each would get some of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.most_calls_per_connection);
  // What a stream may gather before it goes out; there may be thousands.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_WRITE_BUFFER_SIZE, kGatheredBytes);
  builder.SetMaxReceiveMessageSize(options.most_request_bytes);
  builder.SetMaxSendMessageSize(std::numeric_limits<int>::max());
  for (const auto& service : parts->services) {
    builder.RegisterService(service.get());
  }
  parts->server = builder.BuildAndStart();
  if (parts->server == nullptr || address.port == 0) {
    return Fail(Code::kUnavailable,
                "cannot listen on " + options.listen.Text() +
                    ": the port is taken, or the address is not of this machine",
                "--listen");
  }
  std::unique_ptr<GrpcHost> host(new GrpcHost(std::move(parts), std::move(address)));
  host->SetServing(true);
  return host;
}

GrpcHost::GrpcHost(std::unique_ptr<Parts> parts, ListenAddress address)
    : parts_(std::move(parts)), address_(std::move(address)) {}

GrpcHost::~GrpcHost() {
  Drain(Duration{0});
}

void GrpcHost::SetServing(bool serving) {
  if (auto* const health = parts_->server->GetHealthCheckService()) {
    for (const std::string& name : parts_->health_names) {
      health->SetServingStatus(name, serving);
    }
  }
}

void GrpcHost::Drain(Duration within) {
  SetServing(false);
  parts_->server->Shutdown(std::chrono::system_clock::now() + within);
  parts_->server->Wait();
}

}  // namespace hone
