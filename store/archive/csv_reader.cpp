// SPDX-License-Identifier: Apache-2.0
#include "store/archive/csv_reader.h"

#include <utility>

namespace hone::archive {

tl::unexpected<Error> CsvReader::Wrong(const std::string& why) const {
  return Fail(Code::kInvalidArgument, "line " + std::to_string(line_) + ": " + why);
}

Status CsvReader::Feed(std::string_view bytes) {
  for (const char c : bytes) {
    HONE_RETURN_IF_ERROR(Take(c));
    line_ += c == '\n' ? 1 : 0;
  }
  return {};
}

Status CsvReader::Take(char c) {
  switch (where_) {
    case Where::kQuoted:
      if (c == '"') {
        where_ = Where::kQuote;
      } else {
        cell_ += c;
      }
      return {};
    case Where::kQuote:
      if (c == '"') {
        cell_ += c;
        where_ = Where::kQuoted;
        return {};
      }
      if (c != ',' && c != '\r' && c != '\n') {
        return Wrong("after a closing quote must come a comma or the end of the line");
      }
      return TakeOutside(c);
    case Where::kReturn:
      return c == '\n' ? EndRow() : Wrong("a carriage return must be followed by a line feed");
    case Where::kStart:
      if (c == '"') {
        where_ = Where::kQuoted;
        return {};
      }
      return TakeOutside(c);
    case Where::kPlain:
      return c == '"' ? Wrong("a quote stands within a field that has none around it")
                      : TakeOutside(c);
  }
  return {};
}

Status CsvReader::TakeOutside(char c) {
  switch (c) {
    case ',':
      EndCell();
      return {};
    case '\r':
      where_ = Where::kReturn;
      return {};
    case '\n':
      return EndRow();
    default:
      cell_ += c;
      where_ = Where::kPlain;
      return {};
  }
}

void CsvReader::EndCell() {
  row_.cells.push_back(std::exchange(cell_, {}));
  where_ = Where::kStart;
}

Status CsvReader::EndRow() {
  EndCell();
  Row row = std::exchange(row_, {line_ + 1, {}});
  if (row.cells.size() == 1 && row.cells.front().empty()) {
    return {};
  }
  return on_row_(row);
}

Status CsvReader::Finish() {
  if (where_ == Where::kQuoted) {
    return Wrong("a quote is not closed");
  }
  const bool nothing = where_ == Where::kStart && row_.cells.empty();
  return nothing ? Status{} : EndRow();
}

}  // namespace hone::archive
