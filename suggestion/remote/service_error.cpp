// SPDX-License-Identifier: Apache-2.0
#include "suggestion/remote/service_error.h"

namespace hone::remote {

bool MayPass(Code code) {
  return code == Code::kUnavailable || code == Code::kDeadlineExceeded ||
         code == Code::kResourceExhausted;
}

Code OfQuestion(Code code) {
  switch (code) {
    case Code::kUnknown:
    case Code::kInternal:
    case Code::kAborted:
    case Code::kCancelled:
    case Code::kDataLoss:
      return Code::kUnavailable;
    default:
      return code;
  }
}

Status OfValidation(const Result<std::string>& reply, std::string_view what) {
  if (reply) {
    return {};
  }
  const Error& error = reply.error();
  if (MayPass(error.code)) {
    return Fail(error.code, Words(error));
  }
  if (error.code == Code::kInvalidArgument || error.code == Code::kUnknown) {
    return Fail(Code::kInvalidArgument, "refuses " + std::string(what) + ": " + error.message);
  }
  return {};
}

std::string Words(const Error& error) {
  return std::string(CodeName(error.code)) + ": " + error.message;
}

}  // namespace hone::remote
