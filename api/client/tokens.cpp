// SPDX-License-Identifier: Apache-2.0
#include "api/client/tokens.h"

#include <grpcpp/grpcpp.h>

#include <memory>

#include "api/client/from_wire.h"
#include "api/proto/hone/v1/hone.grpc.pb.h"

namespace hone::client {
namespace {

constexpr Duration kWithin = std::chrono::seconds(30);

TokenInfo InfoOf(const pb::Token& token) {
  return {.id = token.id(),
          .name = token.name(),
          .role = token.role(),
          .namespaces = {token.namespaces().begin(), token.namespaces().end()},
          .created_at = TimeOf(token.created_at()),
          .expires_at = token.has_expires_at() ? TimeOf(token.expires_at()) : Timestamp(),
          .state = token.state()};
}

/// @param method  of the stub
template <class Reply, class Request, class Method>
Result<Reply> Call(const Channel& channel, const Request& request, Method method) {
  const auto stub = pb::Tokens::NewStub(channel.ToDaemon());
  grpc::ClientContext context;
  channel.Prepare(context, kWithin);
  Reply reply;
  HONE_RETURN_IF_ERROR(channel.Read((stub.get()->*method)(&context, request, &reply)));
  return reply;
}

}  // namespace

Result<MadeToken> CreateToken(const Channel& channel, const TokenWish& wish) {
  pb::CreateTokenRequest request;
  request.set_name(wish.name);
  request.set_role(wish.role);
  for (const std::string& name_space : wish.namespaces) {
    request.add_namespaces(name_space);
  }
  if (wish.lifetime) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wish.lifetime).count();
    request.mutable_lifetime()->set_seconds(seconds);
  } else {
    request.set_never_expires(true);
  }
  HONE_ASSIGN_OR_RETURN(
      const auto reply,
      Call<pb::CreateTokenResponse>(channel, request, &pb::Tokens::StubInterface::Create));
  return MadeToken{InfoOf(reply.token()), reply.secret()};
}

Result<std::vector<TokenInfo>> ListTokens(const Channel& channel) {
  HONE_ASSIGN_OR_RETURN(const auto reply,
                        Call<pb::ListTokensResponse>(channel, pb::ListTokensRequest(),
                                                     &pb::Tokens::StubInterface::List));
  std::vector<TokenInfo> tokens;
  for (const pb::Token& token : reply.tokens()) {
    tokens.push_back(InfoOf(token));
  }
  return tokens;
}

Result<TokenInfo> RevokeToken(const Channel& channel, const std::string& id) {
  pb::RevokeTokenRequest request;
  request.set_id(id);
  return Call<pb::Token>(channel, request, &pb::Tokens::StubInterface::Revoke).map(&InfoOf);
}

}  // namespace hone::client
