// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "api/server/auth/token.h"
#include "base/result.h"

namespace hone::auth {

/// All tokens of a data folder.
struct TokenBook {
  std::vector<Token> tokens;  ///< in the order of their making; revoked ones stay
  std::string trial_key;      ///< signs tokens of trials; a secret. Empty if there is no token
  bool operator==(const TokenBook&) const = default;

  /// Null: there is none.
  [[nodiscard]] const Token* Find(std::string_view id) const;
};

/// The file of tokens in a data folder: JSON, readable by its owner alone.
std::filesystem::path TokenFile(const std::filesystem::path& data_dir);

/// An empty book if there is no file. @errors kFailedPrecondition: others than the owner may read
/// or write the file; kDataLoss: it is damaged; those of reading
Result<TokenBook> ReadTokens(const std::filesystem::path& file);

/// Reads the book, lets `change` work on it and writes it in one step that survives a power cut.
/// One at a time over all processes.
/// @errors those of `change`, ReadTokens and writing; kFailedPrecondition: somebody else is at it
Status ChangeTokens(const std::filesystem::path& file,
                    const std::function<Status(TokenBook&)>& change);

}  // namespace hone::auth
