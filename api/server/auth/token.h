// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

/// Who may do what at `hone serve`. docs/security.md is the model.
namespace hone::auth {

/// Each may do what the ones before it may.
enum class Role { kViewer, kEditor, kAdmin };
/// "viewer", "editor", "admin".
std::string_view RoleWord(Role role);
std::optional<Role> ParseRole(std::string_view word);

/// Of a token's namespaces: all of them.
inline constexpr std::string_view kEveryNamespace = "*";

/// What is kept of a token: everything but its secret.
struct Token {
  std::string id;  ///< 8 hexadecimal digits; not secret
  std::string name;
  Role role = Role::kViewer;
  std::vector<std::string> namespaces;
  std::string hash;        ///< SHA-256 of the secret
  Timestamp created_at;    ///< never unset
  Timestamp expires_at{};  ///< unset: never
  Timestamp revoked_at{};  ///< unset: it was not
  bool operator==(const Token&) const = default;
};

/// "valid", "expired" or "revoked".
std::string_view StandingOf(const Token& token, Timestamp now);

/// What a client shows: "hone_ID_SECRET".
struct Shown {
  std::string id;
  std::string secret;
};
std::string TextOf(const Shown& shown);
/// Nothing: it is no token.
std::optional<Shown> ParseShown(std::string_view text);

/// A new secret of 256 random bits, and the token's id and hash filled in. @returns what its owner
/// shows; nobody can tell it afterwards
std::string Mint(Token& token);

}  // namespace hone::auth
