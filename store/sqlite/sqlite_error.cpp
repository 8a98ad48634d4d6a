// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sqlite_error.h"

#include <sqlite3.h>

#include "store/sqlite/checked_file.h"

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

Error Lost(const std::string& what) {
  return {Code::kDataLoss,
          what +
              ": put the file back from a backup, or import exports of its experiments into a "
              "new data folder; `hone doctor` checks the whole file",
          {}};
}

Error ErrorOf(const SQLite::Exception& exception, std::string_view context) {
  const int extended = exception.getExtendedErrorCode();
  const std::string damage = TakeDamage();
  const int primary = exception.getErrorCode() & 0xff;
  if (primary == SQLITE_IOERR && !damage.empty()) {  // SQLite does not always tell the whole code
    return Lost(std::string(context) + ": " + damage);
  }
  if (CodeOf(primary) == Code::kDataLoss) {
    return Lost(std::string(context) + ": " + exception.what());
  }
  return {CodeOf(primary),
          std::string(context) + ": " + exception.what() + " (SQLite code " +
              std::to_string(extended > 0 ? extended : exception.getErrorCode()) + ")",
          {}};
}

bool IsConstraint(const SQLite::Exception& exception) {
  return (exception.getErrorCode() & 0xff) == SQLITE_CONSTRAINT;
}

}  // namespace hone::sqlite
