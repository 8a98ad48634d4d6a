// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace hone {

/// What is asked of an endpoint of this machine.
struct HttpQuestion {
  std::uint16_t port = 0;
  std::string path;
  Duration within{};             ///< connecting, asking and reading together
  std::uint64_t most_bytes = 0;  ///< of the answer's body
};

/// GET http://127.0.0.1:PORT/PATH. The answer is untrusted: bounded in time and size, however
/// slowly it comes.
/// @returns the body
/// @errors  kUnavailable: nobody listens, or the connection broke; kDeadlineExceeded;
///          kResourceExhausted: the body or the header is too long; kDataLoss: it is no HTTP, or
///          its status is not 200
Result<std::string> HttpGet(const HttpQuestion& question);

}  // namespace hone
