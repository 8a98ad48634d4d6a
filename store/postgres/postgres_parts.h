// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "store/postgres/connection.h"
#include "store/postgres/postgres_error.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/writer.h"

namespace hone::postgres {

/// Sessions for reading, opened as needed and kept for the next reader.
/// @threads  safe
class Readers {
 public:
  Readers(const Address& address, Duration patience) : address_(address), patience_(patience) {}

  /// @param body  reads on a session nobody else uses meanwhile; may throw what libpqxx throws. Run
  /// again with a new session when the server went away, until `patience` is over
  template <class F>
  auto Read(std::string_view context, const F& body) {
    const auto begin = std::chrono::steady_clock::now();
    Duration pause = std::chrono::milliseconds(20);
    while (true) {
      auto result = Once(context, body);
      const bool away = !result.has_value() && result.error().code == Code::kUnavailable;
      if (!away || std::chrono::steady_clock::now() - begin >= patience_) {
        return result;
      }
      if (!DropIdle()) {  // a session that was kept may have been the only thing that was broken
        std::this_thread::sleep_for(pause);
        pause = std::min<Duration>(pause * 2, std::chrono::milliseconds(500));
      }
    }
  }

 private:
  static constexpr std::size_t kKept = 4;  // each is a process of the server
  static constexpr Duration kStatementTimeout = std::chrono::minutes(5);

  template <class F>
  auto Once(std::string_view context, const F& body) {
    return Try(context, address_.secrets, [&] {
      std::unique_ptr<Connection> connection = Take();
      auto result = body(*connection);
      GiveBack(std::move(connection));  // one that threw is closed instead
      return result;
    });
  }

  /// @returns whether there were any
  bool DropIdle() {
    return idle_.WithLock([](auto& kept) { return !std::exchange(kept, {}).empty(); });
  }

  std::unique_ptr<Connection> Take() {
    auto connection = idle_.WithLock([](auto& kept) -> std::unique_ptr<Connection> {
      if (kept.empty()) {
        return nullptr;
      }
      auto last = std::move(kept.back());
      kept.pop_back();
      return last;
    });
    return connection != nullptr ? std::move(connection)
                                 : std::make_unique<Connection>(address_, kStatementTimeout);
  }

  void GiveBack(std::unique_ptr<Connection> connection) {
    idle_.WithLock([&](auto& kept) {
      if (kept.size() < kKept) {
        kept.push_back(std::move(connection));
      }
    });
  }

  const Address address_;
  const Duration patience_;
  Guarded<std::vector<std::unique_ptr<Connection>>> idle_;
};

}  // namespace hone::postgres

namespace hone {

struct PostgresStore::Parts {
  postgres::Address address;
  PostgresOptions options;
  postgres::Readers readers{address, options.read_patience};
  std::unique_ptr<postgres::Writer> writer;  ///< none when read-only

  /// Nothing: the database's clock holds.
  [[nodiscard]] std::optional<Timestamp> Now() const {
    return options.clock != nullptr ? std::optional(options.clock->Now()) : std::nullopt;
  }
  /// A request's kind as it is stored.
  [[nodiscard]] std::string Addressed(const std::string& kind) const {
    const bool said = options.requests_of.empty() || kind.find('@') != std::string::npos;
    return said ? kind : kind + "@" + options.requests_of;
  }
  /// Runs a write and waits for its commit.
  Status Write(std::function<Status(postgres::Connection&)> apply);
};

}  // namespace hone
