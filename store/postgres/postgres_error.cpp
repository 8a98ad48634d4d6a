// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/postgres_error.h"

#include <pqxx/except>

#include "base/text.h"
#include "store/postgres/url.h"

namespace hone::postgres {
namespace {

constexpr std::size_t kLongestMessage = 500;

/// Codes of appendix A of PostgreSQL's manual; those of two characters are whole classes.
struct State {
  std::string_view begins;
  Code code;
};
constexpr State kStates[] = {
    {"08", Code::kUnavailable},          // connection
    {"57014", Code::kUnavailable},       // a deadline of the session
    {"57P", Code::kUnavailable},         // the server stops, starts, or crashed
    {"25P03", Code::kUnavailable},       // idle in a transaction for too long
    {"25006", Code::kUnavailable},       // read-only: a standby, until it is promoted
    {"40", Code::kUnavailable},          // deadlock, serialization
    {"55P03", Code::kUnavailable},       // a lock was not got in time
    {"53300", Code::kUnavailable},       // too many connections
    {"53", Code::kResourceExhausted},    // disk, memory
    {"23", Code::kAlreadyExists},        // constraint
    {"28", Code::kPermissionDenied},     // authorization
    {"42501", Code::kPermissionDenied},  // privilege
    {"54", Code::kInvalidArgument},      // larger than a limit of the server
    {"XX001", Code::kDataLoss},         {"XX002", Code::kDataLoss},
};

Code CodeOf(std::string_view state) {
  for (const State& known : kStates) {
    if (state.starts_with(known.begins)) {
      return known.code;
    }
  }
  return Code::kInternal;
}

/// One line, without the query's text.
std::string Line(const std::string& text) {
  std::string line = text;
  while (!line.empty() && line.back() == '\n') {
    line.pop_back();
  }
  for (char& c : line) {
    c = c == '\n' || c == '\t' ? ' ' : c;
  }
  return Printable(line, kLongestMessage);
}

}  // namespace

Error ErrorOf(const std::exception& exception, std::string_view context,
              const std::vector<std::string>& secrets) {
  Code code = Code::kInternal;
  std::string state;
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&exception); sql != nullptr) {
    state = sql->sqlstate();
    code = CodeOf(state);
  }
  // The connection's end may be told as an error of SQL without a code.
  const bool broken = dynamic_cast<const pqxx::broken_connection*>(&exception) != nullptr ||
                      dynamic_cast<const pqxx::in_doubt_error*>(&exception) != nullptr ||
                      dynamic_cast<const pqxx::transaction_rollback*>(&exception) != nullptr;
  code = broken ? Code::kUnavailable : code;
  std::string message = std::string(context) + ": " + Line(exception.what());
  if (!state.empty()) {
    message += " (SQLSTATE " + state + ")";
  }
  return {code, WithoutSecrets(std::move(message), secrets), {}};
}

bool IsConstraint(const std::exception& exception) {
  return dynamic_cast<const pqxx::integrity_constraint_violation*>(&exception) != nullptr;
}

}  // namespace hone::postgres
