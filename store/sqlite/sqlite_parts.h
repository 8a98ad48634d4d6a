// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/sqlite_error.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/writer.h"

namespace hone::sqlite {

/// Connections for reading, opened as needed and kept for the next reader.
/// @threads  safe
class Readers {
 public:
  Readers(std::filesystem::path path, Duration busy_timeout)
      : path_(std::move(path)), busy_timeout_(busy_timeout) {}

  /// @param body  reads on a connection nobody else uses meanwhile; may throw SQLite::Exception
  template <class F>
  auto Read(std::string_view context, const F& body) {
    return Try(context, [&] {
      std::unique_ptr<Connection> connection = Take();
      auto result = body(*connection);
      GiveBack(std::move(connection));  // one that threw is closed instead
      return result;
    });
  }

  /// Closes those that nobody uses.
  void Close() {
    idle_.WithLock([](auto& kept) { kept.clear(); });
  }

 private:
  // More wait for the processor anyway.
  static constexpr std::size_t kKept = 8;

  std::unique_ptr<Connection> Take() {
    std::unique_ptr<Connection> connection;
    idle_.WithLock([&](auto& kept) {
      if (!kept.empty()) {
        connection = std::move(kept.back());
        kept.pop_back();
      }
    });
    if (connection == nullptr) {
      connection = std::make_unique<Connection>(path_, ReadAccess(path_), busy_timeout_);
    }
    return connection;
  }

  void GiveBack(std::unique_ptr<Connection> connection) {
    idle_.WithLock([&](auto& kept) {
      if (kept.size() < kKept) {
        kept.push_back(std::move(connection));
      }
    });
  }

  const std::filesystem::path path_;
  const Duration busy_timeout_;
  Guarded<std::vector<std::unique_ptr<Connection>>> idle_;
};

}  // namespace hone::sqlite

namespace hone {

struct SqliteStore::Parts {
  std::filesystem::path path;
  SqliteOptions options;
  SystemClock system_clock;
  sqlite::Readers readers{path, options.busy_timeout};
  /// Sees every other connection's commits; of its own, because each connection counts for itself.
  Guarded<std::unique_ptr<sqlite::Connection>> watcher;
  std::unique_ptr<sqlite::Writer> writer;  ///< none when read-only

  [[nodiscard]] Timestamp Now() const {
    return options.clock != nullptr ? options.clock->Now() : system_clock.Now();
  }
  /// Runs a write and waits for its commit.
  Status Write(std::function<Status(sqlite::Connection&)> apply);
};

}  // namespace hone
