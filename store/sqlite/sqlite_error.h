// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/guard.h"
#include "base/result.h"

namespace hone::sqlite {

/// The error of a result code of SQLite: full disk kResourceExhausted; busy, locked, I/O
/// kUnavailable; damaged file or page kDataLoss; read-only, no permission kPermissionDenied;
/// constraint kAlreadyExists; the rest kInternal.
Error ErrorOf(const SQLite::Exception& exception, std::string_view context);

/// kDataLoss: what is damaged, and what to do.
Error Lost(const std::string& what);

/// Whether a row was refused by a constraint: the statement changed nothing and the transaction
/// stands.
bool IsConstraint(const SQLite::Exception& exception);

/// What the body returns, as a result.
template <class Out, class F>
Out AsResult(F&& body) {
  if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
    std::forward<F>(body)();
    return Out{};
  } else {
    return Out{std::forward<F>(body)()};
  }
}

/// Guard() that knows SQLite's codes. @param context  what was being done ("read events")
template <class F>
auto Try(std::string_view context, F&& body) {
  using R = std::invoke_result_t<F>;
  constexpr bool kIsResult = requires(R r) { r.error().code; };
  using Out = std::conditional_t<kIsResult, R, Result<R>>;
  return Guard(Code::kInternal, context, [&]() -> Out {
    try {
      return AsResult<Out>(std::forward<F>(body));
    } catch (const SQLite::Exception& e) {
      return tl::make_unexpected(ErrorOf(e, context));
    }
  });
}

}  // namespace hone::sqlite
