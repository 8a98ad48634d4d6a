// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hone::postgres {

/// Where a database is, with what must not be shown kept apart.
struct Address {
  std::string url;                   ///< for the library: as given, with deadlines added
  std::string shown;                 ///< for people: postgresql://USER@HOST:PORT/DATABASE
  std::vector<std::string> secrets;  ///< what no message may contain
};

/// @param url  postgresql://USER:PASSWORD@HOST:PORT/DATABASE?KEY=VALUE, as libpq takes it
/// @errors kInvalidArgument: the message repeats nothing of the URL, since a password may stand
/// anywhere in one that cannot be read
Result<Address> ReadUrl(const std::string& url);

/// The text with each secret as "***".
std::string WithoutSecrets(std::string text, const std::vector<std::string>& secrets);

}  // namespace hone::postgres
