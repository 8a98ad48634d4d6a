// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hone::store {

/// One numbered change of the tables: a file of this folder, built into the program. A file that
/// was ever released does not change; the next change is the next file.
struct Migration {
  int number = 0;         ///< 1, 2, ...
  std::string_view name;  ///< "0001_initial"
  std::string_view sql;
};

/// store/schema/sqlite/*.sql in order.
std::span<const Migration> SqliteMigrations();
/// store/schema/postgres/*.sql in order.
std::span<const Migration> PostgresMigrations();

/// CRC-32C of the text, eight hexadecimal digits.
std::string Checksum(std::string_view text);

}  // namespace hone::store
