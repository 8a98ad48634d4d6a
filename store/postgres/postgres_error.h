// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/guard.h"
#include "base/result.h"

namespace hone::postgres {

/// The error of an exception of libpqxx: no connection, a deadline, a deadlock, a server that
/// starts or stops kUnavailable (the same may be tried again); full disk or memory
/// kResourceExhausted; damaged page kDataLoss; no permission kPermissionDenied; constraint
/// kAlreadyExists; the rest kInternal. @param secrets  what the message must not contain
Error ErrorOf(const std::exception& exception, std::string_view context,
              const std::vector<std::string>& secrets);

/// Whether a row was refused by a constraint.
bool IsConstraint(const std::exception& exception);

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

/// Guard() that knows PostgreSQL's codes. @param context  what was being done ("read events")
template <class F>
auto Try(std::string_view context, const std::vector<std::string>& secrets, F&& body) {
  using R = std::invoke_result_t<F>;
  constexpr bool kIsResult = requires(R r) { r.error().code; };
  using Out = std::conditional_t<kIsResult, R, Result<R>>;
  return Guard(Code::kInternal, context, [&]() -> Out {
    try {
      return AsResult<Out>(std::forward<F>(body));
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& e) {
      return tl::make_unexpected(ErrorOf(e, context, secrets));
    }
  });
}

}  // namespace hone::postgres
