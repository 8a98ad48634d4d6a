// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace hone {

/// The API server of the cluster that this process runs in, and what its pod may show there.
struct KubernetesAccount {
  std::string host;
  int port = 443;
  std::filesystem::path folder;  ///< with the files `token`, `ca.crt` and `namespace`
};

/// Nothing outside of a cluster. By the variables and the folder that Kubernetes gives each pod.
std::optional<KubernetesAccount> AccountHere();

/// Adds the condition EarlyStopped to the status of a trial of Katib's in the account's namespace.
/// Again: nothing changes. Takes at most 20 s.
/// @errors kInvalidArgument: no name of an object; kNotFound; kPermissionDenied; kUnavailable
Status MarkEarlyStopped(const KubernetesAccount& account, const std::string& trial, Timestamp now);

}  // namespace hone
