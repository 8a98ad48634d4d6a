// SPDX-License-Identifier: Apache-2.0
// The table of docs/security.md. A test compares it with the published services.
#include "api/server/auth/methods.h"

#include <algorithm>
#include <array>

namespace hone::auth {
namespace {

constexpr Role kView = Role::kViewer;
constexpr Role kEdit = Role::kEditor;
constexpr Role kAdmin = Role::kAdmin;

// Katib's wire tells no namespaces. Its suggestions are computed from the request alone; the other
// two read and write what all experiments reported, and the rules are computed from what a service
// says that the request names.
constexpr std::array kRules = {
    MethodRule{"hone.v1.Experiments/Create", kEdit},
    MethodRule{"hone.v1.Experiments/Get", kView},
    MethodRule{"hone.v1.Experiments/List", kView},
    MethodRule{"hone.v1.Experiments/Events", kView},
    MethodRule{"hone.v1.Experiments/Importance", kView},
    MethodRule{"hone.v1.Experiments/Watch", kView},
    MethodRule{"hone.v1.Experiments/Stop", kEdit},
    MethodRule{"hone.v1.Experiments/Resume", kEdit},
    MethodRule{"hone.v1.Experiments/EditBudget", kEdit},
    MethodRule{"hone.v1.Experiments/Delete", kEdit},
    MethodRule{"hone.v1.Trials/List", kView},
    MethodRule{"hone.v1.Trials/Get", kView},
    MethodRule{"hone.v1.Trials/Metrics", kView},
    MethodRule{"hone.v1.Trials/Logs", kView},
    MethodRule{"hone.v1.Trials/Kill", kEdit},
    MethodRule{"hone.v1.Algorithms/List", kView},
    MethodRule{"hone.v1.Tokens/Create", kAdmin, true},
    MethodRule{"hone.v1.Tokens/List", kAdmin, true},
    MethodRule{"hone.v1.Tokens/Revoke", kAdmin, true},
    MethodRule{"hone.v1.Workers/Ask", kEdit},
    MethodRule{.method = "hone.v1.Workers/Renew", .role = kEdit, .by_trial = true},
    MethodRule{.method = "hone.v1.Workers/Report", .role = kEdit, .by_trial = true},
    MethodRule{.method = "hone.v1.Workers/Tell", .role = kEdit, .by_trial = true},
    MethodRule{"api.v1.beta1.Suggestion/GetSuggestions", kEdit},
    MethodRule{"api.v1.beta1.Suggestion/ValidateAlgorithmSettings", kView},
    MethodRule{"api.v1.beta1.EarlyStopping/GetEarlyStoppingRules", kEdit, true},
    MethodRule{"api.v1.beta1.EarlyStopping/SetTrialStatus", kEdit, true},
    MethodRule{"api.v1.beta1.EarlyStopping/ValidateEarlyStoppingSettings", kView},
    MethodRule{"api.v1.beta1.DBManager/ReportObservationLog", kEdit, true},
    MethodRule{"api.v1.beta1.DBManager/GetObservationLog", kView, true},
    MethodRule{"api.v1.beta1.DBManager/DeleteObservationLog", kAdmin, true},
    MethodRule{"/metrics", kView},
};

}  // namespace

std::span<const MethodRule> MethodRules() {
  return kRules;
}

const MethodRule* RuleOf(std::string_view method) {
  const auto* const found = std::ranges::find(kRules, method, &MethodRule::method);
  return found == kRules.end() ? nullptr : found;
}

}  // namespace hone::auth
