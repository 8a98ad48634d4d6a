// SPDX-License-Identifier: Apache-2.0
// Of the program hone-services.
#include "api/client/remote_logs.h"
#include "api/client/remote_store.h"
#include "apps/cli/server.h"

namespace hone::cli {
namespace {

client::ServerOptions OptionsOf(const Config& config) {
  return {config.server, config.token, config.server_ca.string()};
}

}  // namespace

Status HaveServer() {
  return {};
}

Result<std::unique_ptr<Store>> OpenServer(const Config& config) {
  return client::RemoteStore::Create(OptionsOf(config));
}

Result<std::unique_ptr<ByteSource>> OpenServerLog(const Config& config, const std::string& trial,
                                                  std::uint32_t attempt) {
  HONE_ASSIGN_OR_RETURN(const client::Channel channel, client::Channel::Create(OptionsOf(config)));
  return client::OpenRemoteLog(channel, trial, attempt);
}

Result<client::MadeToken> CreateServerToken(const Config& config, const client::TokenWish& wish) {
  HONE_ASSIGN_OR_RETURN(const client::Channel channel, client::Channel::Create(OptionsOf(config)));
  return client::CreateToken(channel, wish);
}

Result<std::vector<client::TokenInfo>> ListServerTokens(const Config& config) {
  HONE_ASSIGN_OR_RETURN(const client::Channel channel, client::Channel::Create(OptionsOf(config)));
  return client::ListTokens(channel);
}

Result<client::TokenInfo> RevokeServerToken(const Config& config, const std::string& id) {
  HONE_ASSIGN_OR_RETURN(const client::Channel channel, client::Channel::Create(OptionsOf(config)));
  return client::RevokeToken(channel, id);
}

}  // namespace hone::cli
