// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hone::sqlite {

/// Bytes at the end of each page that SQLite leaves alone; the stamp lies there.
inline constexpr int kStampBytes = 8;

/// Makes known a file system that is SQLite's own but for data files: a page gets a stamp when it
/// is written, a sum of its bytes and its number, which is checked and cleared when it is read. A
/// page that differs, or ends early, is SQLITE_IOERR_DATA. A page whose stamp is zero came from
/// another program (`sqlite3` that copied the write-ahead log back) and is taken as it is.
/// @returns its name, for the `vfs` of SQLite::Database
/// @threads  safe
const char* CheckedFiles();

/// Whether this beginning of a file is a first page with a stamp that does not fit.
bool IsDamagedFirstPage(std::string_view bytes);

/// The page that this thread last found damaged, in words, and forgets it. Empty: none.
std::string TakeDamage();

}  // namespace hone::sqlite
