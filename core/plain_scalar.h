// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace hone {

/// The value of a YAML scalar without quotes, by the rules of the loader that Kubernetes uses
/// (sigs.k8s.io/yaml over go-yaml 2): see ParseYaml. Numbers that are whole become integers, as
/// they do on Go's way through JSON. .nan and .inf give a double that is not finite.
nlohmann::json ResolvePlainScalar(std::string_view text);

}  // namespace hone
