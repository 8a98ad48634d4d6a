// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sqlite_error.h"

#include <sqlite3.h>

namespace hone::sqlite {
namespace {

Code CodeOf(int primary) {
  switch (primary) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return Code::kResourceExhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_PROTOCOL:
      return Code::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::kDataLoss;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return Code::kPermissionDenied;
    case SQLITE_CONSTRAINT:
      return Code::kAlreadyExists;
    case SQLITE_TOOBIG:
      return Code::kInvalidArgument;
    default:
      return Code::kInternal;
  }
}

}  // namespace

Error ErrorOf(const SQLite::Exception& exception, std::string_view context) {
  const int extended = exception.getExtendedErrorCode();
  return {CodeOf(exception.getErrorCode() & 0xff),
          std::string(context) + ": " + exception.what() + " (SQLite code " +
              std::to_string(extended > 0 ? extended : exception.getErrorCode()) + ")",
          {}};
}

bool IsConstraint(const SQLite::Exception& exception) {
  return (exception.getErrorCode() & 0xff) == SQLITE_CONSTRAINT;
}

}  // namespace hone::sqlite
