// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

namespace hone {

/// Whether the environment is to blame, so that the same question or order may be given again.
inline bool MayRepeat(Code code) {
  return code == Code::kUnavailable || code == Code::kDeadlineExceeded ||
         code == Code::kResourceExhausted;
}

}  // namespace hone
