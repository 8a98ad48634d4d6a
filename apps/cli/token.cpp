// SPDX-License-Identifier: Apache-2.0
// hone token: who may use the daemon of a data folder, or that of --server.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "api/server/auth/token_file.h"
#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/retention.h"
#include "apps/cli/server.h"
#include "apps/cli/verb.h"
#include "base/text.h"

namespace hone::cli {
namespace {

using auth::Token;
using auth::TokenBook;
using client::MadeToken;
using client::TokenInfo;
using client::TokenWish;

constexpr char kLifetime[] = "90d";
constexpr std::size_t kLongestName = 100;

struct Options {
  std::string action;
  std::string id;
  std::string name;
  std::string role = "viewer";
  std::vector<std::string> namespaces;
  std::string expires = kLifetime;
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Add("action", options.action,
           {.type = "create|list|revoke",
            .help = "what to do",
            .values = Values::kWords,
            .words = {"create", "list", "revoke"},
            .required = true});
  args.Add("id", options.id, {.type = "ID", .help = "of the token that is revoked"});
  args.Add("--name", options.name, {.type = "TEXT", .help = "whose or what for, for people"});
  args.Add("--role", options.role,
           {.type = "ROLE",
            .help = "viewer reads; editor also creates, works on and deletes experiments, so it "
                    "runs code; admin also deletes logs of hone db-manager",
            .values = Values::kWords,
            .words = {"viewer", "editor", "admin"},
            .shown_default = "viewer"});
  args.Add("--for", options.namespaces,
           {.type = "NAMESPACE",
            .help = "repeatable: whose experiments; '*': all",
            .shown_default = "the one of --namespace"});
  args.Add("--expires", options.expires,
           {.type = "AGE",
            .help = "after how long it is good no more, such as 12h, 30d; 'never'",
            .shown_default = kLifetime});
  args.Output(options.output);
}

nlohmann::json TokenObject(const TokenInfo& token) {
  return {{"id", token.id},
          {"name", token.name},
          {"role", token.role},
          {"namespaces", token.namespaces},
          {"created", FormatSeconds(token.created_at)},
          {"expires", IsSet(token.expires_at) ? FormatSeconds(token.expires_at) : "never"},
          {"state", token.state}};
}

TokenInfo InfoOf(const Token& token, Timestamp now) {
  return {.id = token.id,
          .name = token.name,
          .role = std::string(auth::RoleWord(token.role)),
          .namespaces = token.namespaces,
          .created_at = token.created_at,
          .expires_at = token.expires_at,
          .state = std::string(auth::StandingOf(token, now))};
}

/// @errors kInvalidArgument
Result<TokenWish> WishOf(const Config& config, const Options& options) {
  TokenWish wish{.name = Printable(options.name, kLongestName),
                 .role = options.role,
                 .namespaces = options.namespaces,
                 .lifetime = {}};
  if (wish.namespaces.empty()) {
    wish.namespaces = {config.name_space};
  }
  if (std::ranges::find(wish.namespaces, std::string()) != wish.namespaces.end()) {
    return Fail(Code::kInvalidArgument, "must not be empty", "--for");
  }
  if (options.expires == "never") {
    return wish;
  }
  wish.lifetime = ParseAge(options.expires);
  if (!wish.lifetime || *wish.lifetime <= Duration(0)) {
    return Fail(Code::kInvalidArgument,
                "must be an age such as 12h or 30d, or 'never', not '" +
                    Printable(options.expires, 60) + "'",
                "--expires");
  }
  return wish;
}

/// In the data folder; over --server it is the daemon that does the same.
Result<MadeToken> CreateHere(const Config& config, const TokenWish& wish) {
  const Timestamp now = SystemClock().Now();
  Token token{.id = {},
              .name = wish.name,
              .role = auth::ParseRole(wish.role).value_or(auth::Role::kViewer),
              .namespaces = wish.namespaces,
              .hash = {},
              .created_at = now,
              .expires_at = wish.lifetime ? now + *wish.lifetime : Timestamp()};
  std::string shown;
  HONE_RETURN_IF_ERROR(
      auth::ChangeTokens(auth::TokenFile(config.data_dir), [&](TokenBook& book) -> Status {
        do {
          shown = auth::Mint(token);
        } while (book.Find(token.id) != nullptr);
        book.tokens.push_back(token);
        return {};
      }));
  return MadeToken{InfoOf(token, now), std::move(shown)};
}

Result<std::vector<TokenInfo>> ListHere(const Config& config) {
  HONE_ASSIGN_OR_RETURN(const TokenBook book, auth::ReadTokens(auth::TokenFile(config.data_dir)));
  const Timestamp now = SystemClock().Now();
  std::vector<TokenInfo> tokens;
  for (const Token& token : book.tokens) {
    tokens.push_back(InfoOf(token, now));
  }
  return tokens;
}

Result<TokenInfo> RevokeHere(const Config& config, const std::string& id) {
  const Timestamp now = SystemClock().Now();
  TokenInfo info;
  HONE_RETURN_IF_ERROR(
      auth::ChangeTokens(auth::TokenFile(config.data_dir), [&](TokenBook& book) -> Status {
        const auto found = std::ranges::find(book.tokens, id, &Token::id);
        if (found == book.tokens.end()) {
          return Fail(Code::kNotFound, "there is no token '" + Printable(id, 60) + "'");
        }
        if (!IsSet(found->revoked_at)) {
          found->revoked_at = now;
        }
        info = InfoOf(*found, now);
        return {};
      }));
  return info;
}

Result<int> Create(const Config& config, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const TokenWish wish, WishOf(config, options));
  HONE_ASSIGN_OR_RETURN(const MadeToken made, config.server.empty()
                                                  ? CreateHere(config, wish)
                                                  : CreateServerToken(config, wish));
  if (options.output != OutputFormat::kTable) {
    nlohmann::json object = TokenObject(made.info);
    object["token"] = made.shown;
    HONE_RETURN_IF_ERROR(PrintDocument(object, options.output));
    return kExitOk;
  }
  HONE_RETURN_IF_ERROR(PrintText(made.shown + "\n"));
  const std::string note =
      "this is the only time that it is shown; 'hone token revoke " + made.info.id + "' ends it\n";
  std::fputs(note.c_str(), stderr);
  return kExitOk;
}

Result<int> List(const Config& config, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const std::vector<TokenInfo> tokens,
                        config.server.empty() ? ListHere(config) : ListServerTokens(config));
  nlohmann::json items = nlohmann::json::array();
  Table table({"ID", "NAME", "ROLE", "NAMESPACES", "CREATED", "EXPIRES", "STATE"});
  for (const TokenInfo& token : tokens) {
    const nlohmann::json object = TokenObject(token);
    table.Add({Printable(token.id, kLongestName), Printable(token.name, kLongestName),
               Printable(token.role, kLongestName),
               Printable(Join(token.namespaces, ","), kLongestName), object["created"],
               object["expires"], Printable(token.state, kLongestName)});
    items.push_back(object);
  }
  HONE_RETURN_IF_ERROR(options.output == OutputFormat::kTable
                           ? PrintText(table.Text())
                           : PrintDocument({{"items", std::move(items)}}, options.output));
  return kExitOk;
}

Result<int> Revoke(const Config& config, const Options& options) {
  if (options.id.empty()) {
    return Fail(Code::kInvalidArgument, "say which: hone token revoke ID; 'hone token list' tells");
  }
  HONE_RETURN_IF_ERROR(config.server.empty() ? RevokeHere(config, options.id)
                                             : RevokeServerToken(config, options.id));
  HONE_RETURN_IF_ERROR(PrintText("token " + options.id + " is revoked\n"));
  return kExitOk;
}

Result<int> DoToken(const Config& config, const Options& options) {
  if (options.action == "create") {
    return Create(config, options);
  }
  return options.action == "list" ? List(config, options) : Revoke(config, options);
}

}  // namespace

Verb TokenVerb() {
  return MakeVerb<Options>({.name = "token",
                            .group = kServeGroup,
                            .summary = "who may use a daemon: make, list and revoke tokens",
                            .example = "hone token create --role editor --name notebook\n"
                                       "hone token list\n"
                                       "hone token revoke 1f0c9a3e\n"
                                       "hone token list --server https://hone.example:6790"},
                           &Declare, &DoToken);
}

}  // namespace hone::cli
