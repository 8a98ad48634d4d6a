// SPDX-License-Identifier: Apache-2.0
#include "store/archive/csv_reader.h"

#include "tests/catch.h"

using hone::Status;
using hone::archive::CsvReader;

namespace {

/// Rows as "LINE:a|b;"; an error as its message. @param step  bytes at once
std::string Read(std::string_view text, std::size_t step) {
  std::string rows;
  CsvReader reader([&](const CsvReader::Row& row) -> Status {
    rows += std::to_string(row.line) + ":";
    for (const std::string& cell : row.cells) {
      rows += cell + "|";
    }
    rows += ";";
    return {};
  });
  Status status;
  for (; status && !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
    status = reader.Feed(text.substr(0, step));
  }
  status = status ? reader.Finish() : status;
  return status ? rows : status.error().message;
}

}  // namespace

TEST_CASE("csv reader: rows, quotes and line ends, in pieces of any size", "[store]") {
  struct Case {
    const char* name;
    const char* text;
    const char* rows;
  };
  const Case cases[] = {
      {"plain", "a,b\n1,2\n", "1:a|b|;2:1|2|;"},
      {"no last line end", "a,b\r\n1,", "1:a|b|;2:1||;"},
      {"empty lines are none", "\n\na\n\n", "3:a|;"},
      {"quotes", "\"a,\"\"b\"\"\",\"x\ny\"\nz,\n", "1:a,\"b\"|x\ny|;3:z||;"},
      {"empty", "", ""},
      {"open quote", "a\n\"b\n", "line 3: a quote is not closed"},
      {"quote inside", "a\"b\n", "line 1: a quote stands within a field that has none around it"},
      {"after a quote", "x\n\"a\"b\n",
       "line 2: after a closing quote must come a comma or the end of the line"},
      {"lone return", "a\rb\n", "line 1: a carriage return must be followed by a line feed"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      for (const std::size_t step : {1U, 2U, 100U}) {
        CHECK(Read(c.text, step) == c.rows);
      }
    }
  }
}
