// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/job_fields.h"

#include <vector>

namespace hone::local {
namespace {

using enum Treatment;

constexpr std::string_view kOneProcess =
    "a local trial is one process: remove it or run on a cluster";
constexpr std::string_view kNoRetries =
    "the local runner starts each attempt once; say spec.retryPolicy for more";
constexpr std::string_view kOwnMachine = "the trial runs as you, on this machine as it is";
constexpr std::string_view kNoProbes = "no probes or hooks are run for a local trial";
constexpr std::string_view kNoTerminal = "a local trial has no terminal and empty input";

constexpr FieldRule kJob[] = {
    {"template", kTaken, ""},
    {"activeDeadlineSeconds", kTaken, ""},
    {"backoffLimit", kTaken, ""},
    {"parallelism", kTaken, ""},
    {"completions", kTaken, ""},
    {"suspend", kTaken, ""},
    {"ttlSecondsAfterFinished", kSilent, ""},
    {"podReplacementPolicy", kSilent, ""},
    {"managedBy", kSilent, ""},
    {"selector", kSilent, ""},
    {"manualSelector", kSilent, ""},
    {"completionMode", kWarned, "a local trial has no completion index"},
    {"backoffLimitPerIndex", kWarned, kNoRetries},
    {"maxFailedIndexes", kWarned, kNoRetries},
    {"podFailurePolicy", kWarned, kNoRetries},
    {"successPolicy", kWarned, kNoRetries},
};

constexpr FieldRule kPod[] = {
    {"containers", kTaken, ""},
    {"restartPolicy", kSilent, ""},
    {"initContainers", kRefused,
     "the local runner starts one process; do their work at the start of the trial's own command"},
    {"ephemeralContainers", kRefused, kOneProcess},
    {"resourceClaims", kRefused, "say nvidia.com/gpu in resources.limits of the container"},
    {"volumes", kWarned, "volumes are not mounted; the trial sees this machine's own files"},
    {"securityContext", kWarned, kOwnMachine},
    {"shareProcessNamespace", kWarned, kOwnMachine},
    {"hostAliases", kWarned, kOwnMachine},
    {"dnsConfig", kWarned, kOwnMachine},
    {"runtimeClassName", kWarned, kOwnMachine},
    {"resources", kWarned, "say the resources of the container"},
    {"activeDeadlineSeconds", kWarned, "say it in the Job's own spec"},
    {"terminationGracePeriodSeconds", kWarned, "the runner's own grace period is used"},
    {"affinity", kSilent, ""},
    {"automountServiceAccountToken", kSilent, ""},
    {"dnsPolicy", kSilent, ""},
    {"enableServiceLinks", kSilent, ""},
    {"hostIPC", kSilent, ""},
    {"hostNetwork", kSilent, ""},
    {"hostPID", kSilent, ""},
    {"hostUsers", kSilent, ""},
    {"hostname", kSilent, ""},
    {"hostnameOverride", kSilent, ""},
    {"imagePullSecrets", kSilent, ""},
    {"nodeName", kSilent, ""},
    {"nodeSelector", kSilent, ""},
    {"os", kSilent, ""},
    {"overhead", kSilent, ""},
    {"preemptionPolicy", kSilent, ""},
    {"priority", kSilent, ""},
    {"priorityClassName", kSilent, ""},
    {"readinessGates", kSilent, ""},
    {"schedulerName", kSilent, ""},
    {"schedulingGates", kSilent, ""},
    {"serviceAccount", kSilent, ""},
    {"serviceAccountName", kSilent, ""},
    {"setHostnameAsFQDN", kSilent, ""},
    {"subdomain", kSilent, ""},
    {"tolerations", kSilent, ""},
    {"topologySpreadConstraints", kSilent, ""},
};

constexpr FieldRule kContainer[] = {
    {"name", kTaken, ""},
    {"image", kTaken, ""},
    {"command", kTaken, ""},
    {"args", kTaken, ""},
    {"env", kTaken, ""},
    {"workingDir", kTaken, ""},
    {"resources", kTaken, ""},
    {"envFrom", kRefused,
     "there are no ConfigMaps and Secrets here; write the variables in env with their values"},
    {"volumeDevices", kRefused, kOwnMachine},
    {"volumeMounts", kWarned, "nothing is mounted; the trial sees this machine's own files"},
    {"securityContext", kWarned, kOwnMachine},
    {"lifecycle", kWarned, kNoProbes},
    {"livenessProbe", kWarned, kNoProbes},
    {"readinessProbe", kWarned, kNoProbes},
    {"startupProbe", kWarned, kNoProbes},
    {"stdin", kWarned, kNoTerminal},
    {"stdinOnce", kWarned, kNoTerminal},
    {"tty", kWarned, kNoTerminal},
    {"restartPolicy", kWarned, kNoRetries},
    {"restartPolicyRules", kWarned, kNoRetries},
    {"imagePullPolicy", kSilent, ""},
    {"ports", kSilent, ""},
    {"resizePolicy", kSilent, ""},
    {"terminationMessagePath", kSilent, ""},
    {"terminationMessagePolicy", kSilent, ""},
};

// What is different for a container.
constexpr std::string_view kAsImageSays = "the container runs as its image says";

constexpr FieldRule kPodInContainer[] = {
    {"volumes", kTaken, ""},
    {"securityContext", kWarned, kAsImageSays},
    {"hostNetwork", kWarned, "say spec.runner.network: host"},
    {"hostAliases", kWarned, "names are resolved as podman does"},
    {"dnsConfig", kWarned, "names are resolved as podman does"},
    {"shareProcessNamespace", kSilent, ""},
    {"runtimeClassName", kWarned, "say the runtime in podman's containers.conf"},
};

constexpr FieldRule kInContainer[] = {
    {"volumeMounts", kTaken, ""},
    {"imagePullPolicy", kTaken, ""},
    {"securityContext", kWarned, kAsImageSays},
    {"volumeDevices", kRefused, "block devices are not passed on"},
};

// The first rule for a name counts.
std::vector<FieldRule> Over(std::span<const FieldRule> own, std::span<const FieldRule> others) {
  std::vector<FieldRule> rules(own.begin(), own.end());
  rules.insert(rules.end(), others.begin(), others.end());
  return rules;
}

}  // namespace

std::span<const FieldRule> JobRules() {
  return kJob;
}
std::span<const FieldRule> PodRules(Place place) {
  static const std::vector<FieldRule> for_containers = Over(kPodInContainer, kPod);
  return place == Place::kContainer ? std::span(for_containers) : std::span(kPod);
}
std::span<const FieldRule> ContainerRules(Place place) {
  static const std::vector<FieldRule> for_containers = Over(kInContainer, kContainer);
  return place == Place::kContainer ? std::span(for_containers) : std::span(kContainer);
}

}  // namespace hone::local
