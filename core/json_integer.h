// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <utility>

#include "base/json.h"

namespace hone {

/// A whole number out of a nlohmann::json that is not trusted: its own get<T>() converts what does
/// not fit without a word, and undefined for floats. @throws std::invalid_argument
template <class T, class Json>
T IntegerOf(const Json& json) {
  const bool fits =
      json.is_number_unsigned()
          ? std::in_range<T>(json.template get<std::uint64_t>())
          : json.is_number_integer() && std::in_range<T>(json.template get<std::int64_t>());
  if (!fits) {
    throw std::invalid_argument("not a whole number in range: " + DumpJson(json));
  }
  return json.template get<T>();
}

}  // namespace hone
