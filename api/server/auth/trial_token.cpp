// SPDX-License-Identifier: Apache-2.0
#include "api/server/auth/trial_token.h"

#include "base/secret.h"

namespace hone::auth {
namespace {

constexpr std::string_view kPrefix = "honetrial_";
constexpr std::size_t kIssuer = 8;
constexpr std::size_t kSignature = 64;

std::string Sign(std::string_view key, std::string_view issuer, std::string_view trial) {
  return HmacSha256(key, "trial\n" + std::string(issuer) + "\n" + std::string(trial));
}

}  // namespace

std::string MintTrialToken(std::string_view key, std::string_view issuer, std::string_view trial) {
  return std::string(kPrefix) + std::string(issuer) + "_" + Sign(key, issuer, trial) + "_" +
         std::string(trial);
}

std::optional<TrialToken> ParseTrialToken(std::string_view text) {
  if (!text.starts_with(kPrefix)) {
    return std::nullopt;
  }
  text.remove_prefix(kPrefix.size());
  if (text.size() <= kIssuer + kSignature + 2 || text[kIssuer] != '_' ||
      text[kIssuer + 1 + kSignature] != '_') {
    return std::nullopt;
  }
  return TrialToken{std::string(text.substr(0, kIssuer)),
                    std::string(text.substr(kIssuer + 1, kSignature)),
                    std::string(text.substr(kIssuer + kSignature + 2))};
}

bool IsSigned(std::string_view key, const TrialToken& token) {
  return !key.empty() && EqualInConstantTime(token.signature, Sign(key, token.issuer, token.trial));
}

}  // namespace hone::auth
