// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace hone {

/// The types of Kubernetes that a Job is made of (batch/v1 and core/v1 of release 1.34), one a
/// line: `Type: field kind, field kind`. Kinds: text, int, bool, quantity (text or number), port
/// (int or text), map (of texts), quantities (map of quantities), any, or a type; `[]` for a list.
/// Sources of volumes that no trial needs checked are `any`. Internal to core/kubernetes_job.cpp.
inline constexpr std::string_view kJobTypes = R"(
Job: apiVersion text, kind text, metadata Meta, spec JobSpec, status any
Meta: name text, generateName text, namespace text, selfLink text, uid text, resourceVersion text, generation int, creationTimestamp text, deletionTimestamp text, deletionGracePeriodSeconds int, labels map, annotations map, ownerReferences Owner[], finalizers text[], managedFields any
Owner: apiVersion text, kind text, name text, uid text, controller bool, blockOwnerDeletion bool
JobSpec: parallelism int, completions int, activeDeadlineSeconds int, podFailurePolicy FailurePolicy, successPolicy SuccessPolicy, backoffLimit int, backoffLimitPerIndex int, maxFailedIndexes int, selector Selector, manualSelector bool, template PodTemplate, ttlSecondsAfterFinished int, completionMode text, suspend bool, podReplacementPolicy text, managedBy text
FailurePolicy: rules FailureRule[]
FailureRule: action text, onExitCodes ExitCodes, onPodConditions PodCondition[]
ExitCodes: containerName text, operator text, values int[]
PodCondition: type text, status text
SuccessPolicy: rules SuccessRule[]
SuccessRule: succeededIndexes text, succeededCount int
Selector: matchLabels map, matchExpressions Requirement[]
Requirement: key text, operator text, values text[]
PodTemplate: metadata Meta, spec Pod
Pod: volumes Volume[], initContainers Container[], containers Container[], ephemeralContainers any, restartPolicy text, terminationGracePeriodSeconds int, activeDeadlineSeconds int, dnsPolicy text, nodeSelector map, serviceAccountName text, serviceAccount text, automountServiceAccountToken bool, nodeName text, hostNetwork bool, hostPID bool, hostIPC bool, shareProcessNamespace bool, securityContext PodSecurity, imagePullSecrets Name[], hostname text, subdomain text, affinity Affinity, schedulerName text, tolerations Toleration[], hostAliases HostAlias[], priorityClassName text, priority int, dnsConfig DnsConfig, readinessGates any, runtimeClassName text, enableServiceLinks bool, preemptionPolicy text, overhead quantities, topologySpreadConstraints Spread[], setHostnameAsFQDN bool, os Name, hostUsers bool, schedulingGates Name[], resourceClaims any, resources Resources, hostnameOverride text
Name: name text
HostAlias: ip text, hostnames text[]
DnsConfig: nameservers text[], searches text[], options NameValue[]
NameValue: name text, value text
Container: name text, image text, command text[], args text[], workingDir text, ports ContainerPort[], envFrom EnvFrom[], env Env[], resources Resources, resizePolicy any, restartPolicy text, restartPolicyRules any, volumeMounts Mount[], volumeDevices Device[], livenessProbe Probe, readinessProbe Probe, startupProbe Probe, lifecycle Lifecycle, terminationMessagePath text, terminationMessagePolicy text, imagePullPolicy text, securityContext Security, stdin bool, stdinOnce bool, tty bool
ContainerPort: name text, hostPort int, containerPort int, protocol text, hostIP text
EnvFrom: prefix text, configMapRef OptionalName, secretRef OptionalName
OptionalName: name text, optional bool
Env: name text, value text, valueFrom EnvSource
EnvSource: fieldRef FieldRef, resourceFieldRef ResourceRef, configMapKeyRef KeyRef, secretKeyRef KeyRef, fileKeyRef any
FieldRef: apiVersion text, fieldPath text
ResourceRef: containerName text, resource text, divisor quantity
KeyRef: name text, key text, optional bool
Resources: limits quantities, requests quantities, claims any
Mount: name text, readOnly bool, recursiveReadOnly text, mountPath text, subPath text, mountPropagation text, subPathExpr text
Device: name text, devicePath text
Probe: exec Exec, httpGet HttpGet, tcpSocket Socket, grpc Grpc, initialDelaySeconds int, timeoutSeconds int, periodSeconds int, successThreshold int, failureThreshold int, terminationGracePeriodSeconds int
Exec: command text[]
HttpGet: path text, port port, host text, scheme text, httpHeaders NameValue[]
Socket: port port, host text
Grpc: port int, service text
Lifecycle: postStart Handler, preStop Handler, stopSignal text
Handler: exec Exec, httpGet HttpGet, tcpSocket Socket, sleep Sleep
Sleep: seconds int
Security: capabilities Capabilities, privileged bool, seLinuxOptions SeLinux, windowsOptions any, runAsUser int, runAsGroup int, runAsNonRoot bool, readOnlyRootFilesystem bool, allowPrivilegeEscalation bool, procMount text, seccompProfile Profile, appArmorProfile Profile
Capabilities: add text[], drop text[]
SeLinux: user text, role text, type text, level text
Profile: type text, localhostProfile text
PodSecurity: seLinuxOptions SeLinux, windowsOptions any, runAsUser int, runAsGroup int, runAsNonRoot bool, supplementalGroups int[], supplementalGroupsPolicy text, fsGroup int, sysctls NameValue[], fsGroupChangePolicy text, seccompProfile Profile, appArmorProfile Profile, seLinuxChangePolicy text
Toleration: key text, operator text, value text, effect text, tolerationSeconds int
Affinity: nodeAffinity NodeAffinity, podAffinity PodAffinity, podAntiAffinity PodAffinity
NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution NodeTerms, preferredDuringSchedulingIgnoredDuringExecution NodeWish[]
NodeTerms: nodeSelectorTerms NodeTerm[]
NodeTerm: matchExpressions Requirement[], matchFields Requirement[]
NodeWish: weight int, preference NodeTerm
PodAffinity: requiredDuringSchedulingIgnoredDuringExecution PodTerm[], preferredDuringSchedulingIgnoredDuringExecution PodWish[]
PodTerm: labelSelector Selector, namespaces text[], topologyKey text, namespaceSelector Selector, matchLabelKeys text[], mismatchLabelKeys text[]
PodWish: weight int, podAffinityTerm PodTerm
Spread: maxSkew int, topologyKey text, whenUnsatisfiable text, labelSelector Selector, minDomains int, nodeAffinityPolicy text, nodeTaintsPolicy text, matchLabelKeys text[]
Volume: name text, hostPath HostPath, emptyDir EmptyDir, secret SecretVolume, configMap ConfigVolume, persistentVolumeClaim Claim, nfs Nfs, projected any, downwardAPI any, csi any, ephemeral any, image ImageVolume, gcePersistentDisk any, awsElasticBlockStore any, gitRepo any, iscsi any, glusterfs any, rbd any, flexVolume any, cinder any, cephfs any, flocker any, fc any, azureFile any, vsphereVolume any, quobyte any, azureDisk any, photonPersistentDisk any, portworxVolume any, scaleIO any, storageos any
HostPath: path text, type text
EmptyDir: medium text, sizeLimit quantity
SecretVolume: secretName text, items KeyPath[], defaultMode int, optional bool
ConfigVolume: name text, items KeyPath[], defaultMode int, optional bool
KeyPath: key text, path text, mode int
Claim: claimName text, readOnly bool
Nfs: server text, path text, readOnly bool
ImageVolume: reference text, pullPolicy text
)";

}  // namespace hone
