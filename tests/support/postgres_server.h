// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/process.h"

namespace hone::test {

/// A PostgreSQL server of the test's own: on a socket in a temporary folder, without a port. As
/// root it runs as the user postgres or nobody. It ends with the test.
class PostgresServer {
 public:
  /// One for the whole program, started at the first call. Null, with the reason on stderr, where
  /// there is no initdb.
  static PostgresServer* Shared();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// The URL of a schema of its own, empty at first.
  std::string NewSchema();
  /// Runs SQL as psql does. @returns what it prints, without table decoration
  std::string Sql(const std::string& url, const std::string& sql);

  void Start();
  /// As a crash: it writes nothing more and breaks all connections.
  void Kill();

 private:
  PostgresServer() = default;
  bool Init();
  [[nodiscard]] std::string Program(const char* name) const { return programs_ / name; }

  std::filesystem::path programs_;
  std::filesystem::path folder_;
  std::vector<std::string> as_user_;
  Child server_;
  int schemas_ = 0;
};

}  // namespace hone::test
