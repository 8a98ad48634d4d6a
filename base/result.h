// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace hone {

/// What the caller can do about an error. The numbers are gRPC's, so the RPC edge casts.
enum class Code {
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,   ///< the user's input; the message starts with the field path
  kDeadlineExceeded = 4,  ///< the environment; may be retried
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,  ///< the environment (disk full, quota); may be retried
  kFailedPrecondition = 9,
  kAborted = 10,  ///< somebody else was faster (version or epoch moved); re-read and retry
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,  ///< the environment; may be retried
  kDataLoss = 15,
  kUnauthenticated = 16,  ///< nobody knows who asks: no token, or none that is good
};

/// Lower-case words of a code, such as "invalid argument".
std::string_view CodeName(Code code);

struct Error {
  Code code = Code::kUnknown;
  std::string message;
  std::string field;  ///< path of the offending field, such as
                      ///< "spec.parameters[2].feasibleSpace.max"; may be empty

  bool operator==(const Error&) const = default;

  /// "field: message", or the message alone when there is no field.
  [[nodiscard]] std::string Text() const;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> Fail(Code code, std::string message, std::string field = {}) {
  return tl::make_unexpected(Error{code, std::move(message), std::move(field)});
}

/// The same error with "context: " in front of its message.
tl::unexpected<Error> Annotate(Error error, std::string_view context);

}  // namespace hone

#define HONE_CONCAT_INNER(a, b) a##b
#define HONE_CONCAT(a, b) HONE_CONCAT_INNER(a, b)

/// Leaves the function with the error of `expr` if it has one.
#define HONE_RETURN_IF_ERROR(expr)                                \
  if (auto hone_status = (expr); !hone_status.has_value()) {      \
    return ::tl::make_unexpected(std::move(hone_status).error()); \
  }                                                               \
  static_assert(true, "asks for a semicolon")

/// `HONE_ASSIGN_OR_RETURN(auto x, F());` declares x from F() or leaves with its error.
#define HONE_ASSIGN_OR_RETURN(lhs, expr) \
  HONE_ASSIGN_OR_RETURN_INNER(HONE_CONCAT(hone_result_, __LINE__), lhs, expr)
#define HONE_ASSIGN_OR_RETURN_INNER(tmp, lhs, expr)       \
  auto tmp = (expr);                                      \
  if (!tmp.has_value()) {                                 \
    return ::tl::make_unexpected(std::move(tmp).error()); \
  }                                                       \
  lhs = std::move(tmp).value()
