// SPDX-License-Identifier: Apache-2.0
// Of the programs without gRPC: the client is in hone-services.
#include "apps/cli/become.h"
#include "apps/cli/server.h"

namespace hone::cli {
namespace {

Error Cannot() {
  return {Code::kInternal, "this program cannot call a daemon", {}};
}

}  // namespace

Status HaveServer() {
  return BecomeProgram("hone-services");
}

Result<std::unique_ptr<Store>> OpenServer(const Config& /*config*/) {
  return tl::make_unexpected(Cannot());
}

Result<std::unique_ptr<ByteSource>> OpenServerLog(const Config& /*config*/,
                                                  const std::string& /*trial*/,
                                                  std::uint32_t /*attempt*/) {
  return tl::make_unexpected(Cannot());
}

Result<client::MadeToken> CreateServerToken(const Config& /*config*/,
                                            const client::TokenWish& /*wish*/) {
  return tl::make_unexpected(Cannot());
}

Result<std::vector<client::TokenInfo>> ListServerTokens(const Config& /*config*/) {
  return tl::make_unexpected(Cannot());
}

Result<client::TokenInfo> RevokeServerToken(const Config& /*config*/, const std::string& /*id*/) {
  return tl::make_unexpected(Cannot());
}

}  // namespace hone::cli
