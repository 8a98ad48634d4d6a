// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hone::auth {

/// The token of one trial, for whoever trains it: it may report for that trial and nothing else.
/// Nothing is stored of it: it is signed, and good as long as the token of whoever asked for the
/// trial. "honetrial_ISSUER_SIGNATURE_TRIAL"
struct TrialToken {
  std::string issuer;  ///< id of the token that was asked with
  std::string signature;
  std::string trial;
};

/// @param key  of TokenBook. @param trial  its name
std::string MintTrialToken(std::string_view key, std::string_view issuer, std::string_view trial);
/// Nothing: it is none.
std::optional<TrialToken> ParseTrialToken(std::string_view text);
/// Whether the signature is ours. @param key  not empty
bool IsSigned(std::string_view key, const TrialToken& token);

}  // namespace hone::auth
