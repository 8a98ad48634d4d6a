// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace hone {

/// Files of PEM that a server shows and trusts.
struct TlsFiles {
  std::string certificate;  ///< its own, then those that vouch for it
  std::string key;          ///< without a passphrase
  std::string client_ca;    ///< clients must show a certificate of one of these; empty: need not
};

/// Their text. TLS 1.2 and later are spoken.
struct TlsIdentity {
  std::string certificate;
  std::string key;  ///< a secret
  std::string client_ca;
};

/// Nothing if no file is named. @errors kInvalidArgument: one of certificate and key is missing, a
/// file cannot be read or is not what it should be, the key is not the certificate's, or
/// everybody may read it
Result<std::optional<TlsIdentity>> LoadTls(const TlsFiles& files);

/// Another text once one of the files has changed, as far as their places and times tell.
std::string StampOf(const TlsFiles& files);

}  // namespace hone
