// SPDX-License-Identifier: Apache-2.0
#include "api/server/auth/token.h"

#include <algorithm>

#include "base/secret.h"
#include "base/sha256.h"
#include "base/text.h"

namespace hone::auth {
namespace {

constexpr std::size_t kIdBytes = 4;
constexpr std::size_t kSecretBytes = 32;
constexpr std::string_view kPrefix = "hone";

bool IsHex(std::string_view text, std::size_t bytes) {
  return text.size() == 2 * bytes && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

std::string_view RoleWord(Role role) {
  switch (role) {
    case Role::kViewer:
      return "viewer";
    case Role::kEditor:
      return "editor";
    case Role::kAdmin:
      return "admin";
  }
  return "";
}

std::optional<Role> ParseRole(std::string_view word) {
  for (const Role role : {Role::kViewer, Role::kEditor, Role::kAdmin}) {
    if (RoleWord(role) == word) {
      return role;
    }
  }
  return std::nullopt;
}

std::string_view StandingOf(const Token& token, Timestamp now) {
  if (IsSet(token.revoked_at)) {
    return "revoked";
  }
  return IsSet(token.expires_at) && token.expires_at <= now ? "expired" : "valid";
}

std::string TextOf(const Shown& shown) {
  return std::string(kPrefix) + "_" + shown.id + "_" + shown.secret;
}

std::optional<Shown> ParseShown(std::string_view text) {
  const auto parts = Split(text, '_');
  if (parts.size() != 3 || parts[0] != kPrefix || !IsHex(parts[1], kIdBytes) ||
      !IsHex(parts[2], kSecretBytes)) {
    return std::nullopt;
  }
  return Shown{std::string(parts[1]), std::string(parts[2])};
}

std::string Mint(Token& token) {
  const Shown shown{RandomHex(kIdBytes), RandomHex(kSecretBytes)};
  token.id = shown.id;
  token.hash = Sha256Of(shown.secret);
  return TextOf(shown);
}

}  // namespace hone::auth
