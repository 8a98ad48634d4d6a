// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hone::archive {

/// Reads CSV (RFC 4180) that comes in pieces: fields in quotes may have commas, line ends and
/// doubled quotes; lines end with LF or CRLF; empty lines are none. Fields are bytes, not text.
class CsvReader {
 public:
  struct Row {
    std::uint64_t line = 0;  ///< its first, from 1
    std::vector<std::string> cells;
  };
  using OnRow = std::function<Status(const Row&)>;

  /// @param on_row  an error of it ends the reading
  explicit CsvReader(OnRow on_row) : on_row_(std::move(on_row)) {}

  /// @errors kInvalidArgument: a quote where none may be; the message begins with "line N: "
  Status Feed(std::string_view bytes);
  /// The last line need not end. @errors also an open quote
  Status Finish();

 private:
  enum class Where { kStart, kPlain, kQuoted, kQuote, kReturn };

  Status Take(char c);
  Status TakeOutside(char c);
  void EndCell();
  Status EndRow();
  [[nodiscard]] tl::unexpected<Error> Wrong(const std::string& why) const;

  OnRow on_row_;
  Row row_ = {1, {}};
  std::string cell_;
  Where where_ = Where::kStart;
  std::uint64_t line_ = 1;
};

}  // namespace hone::archive
