// SPDX-License-Identifier: Apache-2.0
#include "core/activation.h"

#include <algorithm>

namespace hone {

bool IsActive(const Space& space, const Parameter& parameter, const Assignment& values) {
  if (!parameter.active_when) {
    return true;
  }
  const std::optional<std::size_t> parent = space.Find(parameter.active_when->parameter);
  if (!parent || !values[*parent].active) {
    return false;
  }
  const Domain& domain = space.parameters[*parent].domain;
  const Result<double> chosen = NumberOf(domain, values[*parent].text);
  return std::ranges::any_of(parameter.active_when->in, [&](const std::string& text) {
    const Result<double> wanted = NumberOf(domain, text);
    return text == values[*parent].text || (chosen && wanted && *chosen == *wanted);
  });
}

}  // namespace hone
