// SPDX-License-Identifier: Apache-2.0
// What hone needs of its data folder.
#include <algorithm>

#include "apps/cli/format.h"
#include "apps/cli/machine_checks.h"
#include "apps/cli/session.h"
#include "base/file.h"

namespace hone::cli {
namespace {

using Verdict = Check::Verdict;

constexpr Duration kJump = std::chrono::minutes(1);
constexpr Timestamp kOldest = Timestamp(std::chrono::hours(24 * 365 * 54));  // about 2024

}  // namespace

Check CheckEngine(const Config& config) {
  std::error_code ignored;
  if (!std::filesystem::exists(config.LockFile(), ignored)) {
    return {"engine", Verdict::kOk, "none runs here"};
  }
  const auto holder = FileLock::Holder(config.LockFile());
  if (!holder.has_value()) {
    return {"engine", Verdict::kFail, "the lock cannot be read: " + holder.error().Text()};
  }
  return {"engine", Verdict::kOk,
          *holder == 0 ? "none runs here"
                       : "process " + std::to_string(*holder) + " holds the data folder"};
}

Check CheckDataFile(const Config& config) {
  const auto session = Session::Open(config);
  if (!session.has_value()) {
    return {"data file", Verdict::kFail, session.error().Text()};
  }
  if (!session->HasStore()) {
    return {"data file", Verdict::kOk, "none yet: nothing was run here"};
  }
  if (const Status sound = session->store().CheckIntegrity(); !sound.has_value()) {
    return {"data file", Verdict::kFail, sound.error().Text()};
  }
  const auto rows = session->List();
  if (!rows.has_value()) {
    return {"data file", Verdict::kFail, rows.error().Text()};
  }
  return {"data file", Verdict::kOk, "sound; " + Counted(rows->size(), "experiment")};
}

Check CheckClock(const Config& config) {
  const Timestamp now = SystemClock().Now();
  if (now < kOldest) {
    return {"clock", Verdict::kFail, FormatSeconds(now) + " cannot be; set the clock"};
  }
  const auto session = Session::Open(config);
  const auto rows = session.has_value() ? session->List() : tl::make_unexpected(session.error());
  Timestamp last = now;
  if (rows.has_value()) {
    for (const ExperimentRow& row : *rows) {
      last = std::max({last, row.created_at, row.ended_at});
    }
  }
  if (last - now > kJump) {
    return {"clock", Verdict::kWarn,
            FormatSeconds(now) + " is before what was recorded at " + FormatSeconds(last) +
                "; set the clock, or durations will be wrong"};
  }
  return {"clock", Verdict::kOk, FormatSeconds(now)};
}

}  // namespace hone::cli
