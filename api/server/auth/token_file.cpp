// SPDX-License-Identifier: Apache-2.0
#include "api/server/auth/token_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/guard.h"
#include "base/secret.h"

namespace hone::auth {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostBytes = 16 << 20;
constexpr int kVersion = 1;
constexpr std::size_t kKeyBytes = 32;
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

json TimeJson(Timestamp at) {
  return IsSet(at) ? json(FormatMicros(at)) : json();
}

json TokenJson(const Token& token) {
  return {{"id", token.id},
          {"name", token.name},
          {"role", RoleWord(token.role)},
          {"namespaces", token.namespaces},
          {"sha256", token.hash},
          {"createdAt", TimeJson(token.created_at)},
          {"expiresAt", TimeJson(token.expires_at)},
          {"revokedAt", TimeJson(token.revoked_at)}};
}

/// Null: unset.
Result<Timestamp> TimeOf(const json& value) {
  return value.is_null() ? Result<Timestamp>(Timestamp())
                         : ParseTimestamp(value.get<std::string>());
}

Result<Token> TokenOf(const json& object) {
  const auto role = ParseRole(object.at("role").get<std::string>());
  if (!role) {
    return Fail(Code::kDataLoss, "a token has no role");
  }
  Token token{.id = object.at("id").get<std::string>(),
              .name = object.at("name").get<std::string>(),
              .role = *role,
              .namespaces = object.at("namespaces").get<std::vector<std::string>>(),
              .hash = object.at("sha256").get<std::string>(),
              .created_at = {}};
  HONE_ASSIGN_OR_RETURN(token.created_at, TimeOf(object.at("createdAt")));
  HONE_ASSIGN_OR_RETURN(token.expires_at, TimeOf(object.at("expiresAt")));
  HONE_ASSIGN_OR_RETURN(token.revoked_at, TimeOf(object.at("revokedAt")));
  return token;
}

Result<TokenBook> BookOf(const json& document) {
  if (document.at("version").get<int>() != kVersion) {
    return Fail(Code::kDataLoss, "it is of another version of hone");
  }
  TokenBook book{.tokens = {}, .trial_key = document.at("trialKey").get<std::string>()};
  for (const json& object : document.at("tokens")) {
    HONE_ASSIGN_OR_RETURN(book.tokens.emplace_back(), TokenOf(object));
  }
  return book;
}

std::string TextOfBook(const TokenBook& book) {
  json tokens = json::array();
  for (const Token& token : book.tokens) {
    tokens.push_back(TokenJson(token));
  }
  const json document = {
      {"version", kVersion}, {"trialKey", book.trial_key}, {"tokens", std::move(tokens)}};
  return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

/// New files are for their owner alone while it lives.
class PrivateFiles {
 public:
  PrivateFiles() : before_(::umask(kOthers)) {}
  ~PrivateFiles() { ::umask(before_); }
  PrivateFiles(const PrivateFiles&) = delete;
  PrivateFiles& operator=(const PrivateFiles&) = delete;

 private:
  mode_t before_;
};

}  // namespace

const Token* TokenBook::Find(std::string_view id) const {
  const auto found = std::ranges::find(tokens, id, &Token::id);
  return found == tokens.end() ? nullptr : &*found;
}

std::filesystem::path TokenFile(const std::filesystem::path& data_dir) {
  return data_dir / "tokens.json";
}

Result<TokenBook> ReadTokens(const std::filesystem::path& file) {
  struct stat there {};
  if (::stat(file.c_str(), &there) == 0 && (there.st_mode & kOthers) != 0) {
    return Fail(Code::kFailedPrecondition,
                file.string() +
                    " must be for its owner alone: chmod 600 it, and if others may "
                    "have written it, revoke what you do not know");
  }
  auto text = ReadFile(file, kMostBytes);
  if (!text && text.error().code == Code::kNotFound) {
    return TokenBook();
  }
  HONE_ASSIGN_OR_RETURN(const std::string content, std::move(text));
  auto book = Guard(Code::kDataLoss, "tokens", [&] { return BookOf(json::parse(content)); });
  if (!book) {  // the parser's words quote the file, which holds a secret
    return Fail(Code::kDataLoss, file.string() + " is damaged: not as 'hone token' writes it");
  }
  return book;
}

Status ChangeTokens(const std::filesystem::path& file,
                    const std::function<Status(TokenBook&)>& change) {
  const PrivateFiles guard;
  HONE_RETURN_IF_ERROR(MakeFolders(file.parent_path()));
  std::filesystem::path lock_file = file;
  lock_file += ".lock";
  HONE_ASSIGN_OR_RETURN(const FileLock lock, FileLock::Acquire(lock_file));
  HONE_ASSIGN_OR_RETURN(TokenBook book, ReadTokens(file));
  HONE_RETURN_IF_ERROR(change(book));
  if (book.trial_key.empty()) {
    book.trial_key = RandomHex(kKeyBytes);
  }
  return WriteFileDurably(file, TextOfBook(book));
}

}  // namespace hone::auth
