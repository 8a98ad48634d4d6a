// SPDX-License-Identifier: Apache-2.0
#include "api/server/auth/token_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/guard.h"
#include "base/json.h"
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
  return DumpJson(document, 2) + "\n";
}

Error Failed(const std::filesystem::path& path, const char* what) {
  return ErrnoError(errno, std::string(what) + " " + path.string());
}

Status WriteAll(int fd, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return tl::make_unexpected(Failed(path, "write"));
    }
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  return {};
}

Status Sync(const std::filesystem::path& path, int flags) {
  const UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) {
    return tl::make_unexpected(Failed(path, "sync"));
  }
  return {};
}

/// WriteFileDurably, but never for others to read, whatever the process's file mask: that one
/// belongs to all threads. Under the lock nobody else is at it.
Status WritePrivately(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::path fresh = path;
  fresh += ".new";
  ::unlink(fresh.c_str());  // of one who died at it
  const UniqueFd fd(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd.valid()) {
    return tl::make_unexpected(Failed(fresh, "create"));
  }
  HONE_RETURN_IF_ERROR(WriteAll(fd.get(), content, fresh));
  if (::fsync(fd.get()) != 0) {
    return tl::make_unexpected(Failed(fresh, "sync"));
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    return tl::make_unexpected(Failed(path, "replace"));
  }
  return Sync(path.parent_path(), O_RDONLY | O_DIRECTORY);
}

/// A data folder that begins with its tokens is for its owner alone.
Status HaveFolder(const std::filesystem::path& folder) {
  struct stat there {};
  if (::stat(folder.c_str(), &there) == 0) {
    return {};
  }
  HONE_RETURN_IF_ERROR(MakeFolders(folder));
  return ::chmod(folder.c_str(), S_IRWXU) == 0 ? Status()
                                               : tl::make_unexpected(Failed(folder, "protect"));
}

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
  auto book = Guard(Code::kDataLoss, "tokens", [&] { return BookOf(ParseJsonOrThrow(content)); });
  if (!book) {  // the parser's words quote the file, which holds a secret
    return Fail(Code::kDataLoss, file.string() + " is damaged: not as 'hone token' writes it");
  }
  return book;
}

Status ChangeTokens(const std::filesystem::path& file,
                    const std::function<Status(TokenBook&)>& change) {
  HONE_RETURN_IF_ERROR(HaveFolder(file.parent_path()));
  std::filesystem::path lock_file = file;
  lock_file += ".lock";
  HONE_ASSIGN_OR_RETURN(const FileLock lock, FileLock::Acquire(lock_file));
  HONE_ASSIGN_OR_RETURN(TokenBook book, ReadTokens(file));
  HONE_RETURN_IF_ERROR(change(book));
  if (book.trial_key.empty()) {
    book.trial_key = RandomHex(kKeyBytes);
  }
  return WritePrivately(file, TextOfBook(book));
}

}  // namespace hone::auth
