// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "store/sqlite/sqlite_store.h"
#include "tests/contracts/store_contract.h"
#include "tests/store/hand_clock.h"

namespace hone::test {

/// A folder that goes away with its content.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path File(const char* name = "hone.db") const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// A SQLite store in a folder of its own, or in one that is given.
class SqliteHarness final : public StoreHarness {
 public:
  SqliteHarness();
  explicit SqliteHarness(const std::filesystem::path& file, SqliteOptions options = {});

  Store& store() override { return *store_; }
  void WaitUntil(const std::function<bool()>& ready) override { WaitForThreads(ready); }
  void Advance(Duration by) override { clock_.Advance(by); }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  /// Closes and opens again.
  void Reopen();

 private:
  std::unique_ptr<TempFolder> folder_;
  std::filesystem::path file_;
  HandClock clock_;
  SqliteOptions options_;
  std::unique_ptr<SqliteStore> store_;
};

/// The file's bytes.
std::string Bytes(const std::filesystem::path& file);

/// Runs SQL on the file past the store. @returns the first column of the first row
std::string RawSql(const std::filesystem::path& file, const std::string& sql);
/// The same as another program does it, which knows nothing of checksums.
std::string PlainSql(const std::filesystem::path& file, const std::string& sql);
/// A file as the first schema made it, without checksums, with the rows of another file.
void MakeFirstSchema(const std::filesystem::path& file, const std::filesystem::path& rows_of);

}  // namespace hone::test
