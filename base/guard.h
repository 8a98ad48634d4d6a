// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace hone {

/// Runs `body` and turns a library's exception into an Error, so that exceptions never cross a
/// header of ours.
/// @param code  the code of the error; @param context  what was being done ("open the data file")
/// @returns     body's value (a Result is passed through, void becomes Status)
/// std::bad_alloc and objects that are not std::exception end the process: nothing sensible can
/// follow them.
template <class F>
auto Guard(Code code, std::string_view context, F&& body) noexcept {
  using R = std::invoke_result_t<F>;
  constexpr bool kIsResult = requires(R r) { r.error().code; };
  using Out = std::conditional_t<kIsResult, R, Result<R>>;
  try {
    if constexpr (std::is_void_v<R>) {
      std::forward<F>(body)();
      return Out{};
    } else {
      return Out{std::forward<F>(body)()};
    }
  } catch (const std::bad_alloc&) {
    std::terminate();
  } catch (const std::exception& e) {
    return Out{tl::make_unexpected(Error{code, std::string(context) + ": " + e.what(), {}})};
  }
}

}  // namespace hone
