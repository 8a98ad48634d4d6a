// SPDX-License-Identifier: Apache-2.0
#include "api/server/daemon/tokens_api.h"

#include <algorithm>
#include <utility>

#include "api/server/auth/token_file.h"
#include "api/server/daemon/convert.h"
#include "base/text.h"

namespace hone::daemon {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::size_t kLongestName = 100;
constexpr std::size_t kMostNamespaces = 100;
constexpr Duration kLifetime = hours(24 * 90);
const Span kLifetimes{"lifetime", seconds(1), hours(24 * 36500), kLifetime};

pb::Token Shown(const auth::Token& token, Timestamp now) {
  pb::Token out;
  out.set_id(token.id);
  out.set_name(token.name);
  out.set_role(std::string(auth::RoleWord(token.role)));
  for (const std::string& name_space : token.namespaces) {
    out.add_namespaces(name_space);
  }
  *out.mutable_created_at() = TimeOf(token.created_at);
  if (IsSet(token.expires_at)) {
    *out.mutable_expires_at() = TimeOf(token.expires_at);
  }
  out.set_state(std::string(auth::StandingOf(token, now)));
  return out;
}

Status CheckNamespaces(const pb::CreateTokenRequest& request) {
  const auto count = static_cast<std::size_t>(request.namespaces_size());
  const bool is_right = std::ranges::none_of(
      request.namespaces(), [](const auto& name) { return name.empty() || name.size() > 255; });
  if (count == 0 || count > kMostNamespaces || !is_right) {
    return Fail(Code::kInvalidArgument, "must have 1 to 100 names, or '*'", "namespaces");
  }
  return {};
}

Result<auth::Token> TokenOf(const pb::CreateTokenRequest& request, Timestamp now) {
  const auto role = auth::ParseRole(request.role().empty() ? "viewer" : request.role());
  if (!role) {
    return Fail(Code::kInvalidArgument, "must be viewer, editor or admin", "role");
  }
  if (request.name().size() > kLongestName) {
    return Fail(Code::kInvalidArgument, "must have at most 100 bytes", "name");
  }
  HONE_RETURN_IF_ERROR(CheckNamespaces(request));
  HONE_ASSIGN_OR_RETURN(const Duration lifetime,
                        SpanOf(request.has_lifetime(), request.lifetime(), kLifetimes));
  return auth::Token{.id = {},
                     .name = Printable(request.name(), kLongestName),
                     .role = *role,
                     .namespaces = {request.namespaces().begin(), request.namespaces().end()},
                     .hash = {},
                     .created_at = now,
                     .expires_at = request.never_expires() ? Timestamp() : now + lifetime};
}

}  // namespace

Result<pb::CreateTokenResponse> TokensApi::CreateNow(const pb::CreateTokenRequest& request) {
  if (!parts_.door.AsksForTokens()) {
    return Fail(Code::kFailedPrecondition,
                "this daemon asks nobody for tokens yet: make the first one beside it with 'hone "
                "token create --role admin --for \"*\"'");
  }
  const Timestamp now = parts_.clock.Now();
  HONE_ASSIGN_OR_RETURN(auth::Token token, TokenOf(request, now));
  pb::CreateTokenResponse out;
  const std::scoped_lock lock(changing_);
  HONE_RETURN_IF_ERROR(auth::ChangeTokens(parts_.token_file, [&](auth::TokenBook& book) -> Status {
    do {
      out.set_secret(auth::Mint(token));
    } while (book.Find(token.id) != nullptr);
    book.tokens.push_back(token);
    return {};
  }));
  *out.mutable_token() = Shown(token, now);
  return out;
}

void TokensApi::Create(const pb::CreateTokenRequest& request,
                       const Answer<pb::CreateTokenResponse>& answer) {
  answer(CreateNow(request));
}

void TokensApi::List(const pb::ListTokensRequest& /*request*/,
                     const Answer<pb::ListTokensResponse>& answer) {
  const Timestamp now = parts_.clock.Now();
  answer(auth::ReadTokens(parts_.token_file).map([&](const auth::TokenBook& book) {
    pb::ListTokensResponse out;
    for (const auth::Token& token : book.tokens) {
      *out.add_tokens() = Shown(token, now);
    }
    return out;
  }));
}

Result<pb::Token> TokensApi::RevokeNow(const pb::RevokeTokenRequest& request) {
  const Timestamp now = parts_.clock.Now();
  pb::Token out;
  const std::scoped_lock lock(changing_);
  HONE_RETURN_IF_ERROR(auth::ChangeTokens(parts_.token_file, [&](auth::TokenBook& book) -> Status {
    const auto found = std::ranges::find(book.tokens, request.id(), &auth::Token::id);
    if (found == book.tokens.end()) {
      return Fail(Code::kNotFound, "there is no token '" + Printable(request.id(), 60) + "'");
    }
    found->revoked_at = IsSet(found->revoked_at) ? found->revoked_at : now;
    out = Shown(*found, now);
    return {};
  }));
  return out;
}

void TokensApi::Revoke(const pb::RevokeTokenRequest& request, const Answer<pb::Token>& answer) {
  answer(RevokeNow(request));
}

}  // namespace hone::daemon
