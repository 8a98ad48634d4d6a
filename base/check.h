// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace hone {

/// Prints where and why on stderr and aborts; never returns. See base/crash.h for what the abort
/// leaves behind.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view why);

}  // namespace hone

/// Aborts in every build when an invariant of ours is broken. `why` says what the reader should
/// know.
#define HONE_CHECK(cond, why)                   \
  (__builtin_expect(static_cast<bool>(cond), 1) \
       ? static_cast<void>(0)                   \
       : ::hone::CheckFailed(__FILE__, __LINE__, #cond, (why)))

/// The same where checking costs too much for release builds.
#ifdef NDEBUG
#define HONE_DCHECK(cond, why) static_cast<void>(0)
#else
#define HONE_DCHECK(cond, why) HONE_CHECK(cond, why)
#endif
