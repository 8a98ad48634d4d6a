// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/objective.h"
#include "core/settings.h"
#include "core/space.h"

namespace hone {

/// What runs trials. [hone's own field]
enum class RunnerKind {
  kLocal,    ///< processes of this machine
  kAskTell,  ///< workers that ask a daemon for trials and tell it their results
};

struct AlgorithmSpec {
  std::string name;
  std::vector<Setting> settings;
  bool operator==(const AlgorithmSpec&) const = default;
};

/// What happens to a finished experiment whose maxTrialCount is raised (spec of Katib, "resume").
enum class ResumePolicy { kNever, kLongRunning, kFromVolume };

enum class CollectorKind { kStdOut, kFile, kTensorFlowEvent, kPrometheus, kCustom, kPush };
enum class FileFormat { kText, kJson };

struct CollectorSpec {
  CollectorKind kind = CollectorKind::kStdOut;
  std::string path;  ///< File: the file; TensorFlowEvent: the folder
  FileFormat format = FileFormat::kText;
  /// Name of what says the step of the values beside it, in the same line; empty: in JSON "step".
  std::string step_metric{};
  std::vector<std::string>
      metrics_format;  ///< RE2 with two groups, name and value; empty: the default filter
  bool operator==(const CollectorSpec&) const = default;
};

struct TrialParameter {
  std::string name;
  std::string description;
  std::string reference;  ///< a parameter's name, or a metadata reference "${trialSpec.Name}"
  bool operator==(const TrialParameter&) const = default;
};

/// Where a template stands that is not written in the experiment itself.
struct ConfigMapSource {
  std::string name;
  std::string name_space;
  std::string path;  ///< key in the ConfigMap's data
  bool operator==(const ConfigMapSource&) const = default;
};

struct TrialTemplate {
  bool retain = false;
  std::optional<ConfigMapSource> config_map;  ///< nothing: the template is inline
  /// JSON text of the Kubernetes object with its placeholders. Of a ConfigMap's template: scalars
  /// that are typed after substitution start with kPlainMark (core/template.h).
  std::string trial_spec;
  std::vector<TrialParameter> parameters;
  std::map<std::string, std::string> primary_pod_labels;
  std::string primary_container;
  std::string success_condition;
  std::string failure_condition;
  bool operator==(const TrialTemplate&) const = default;
};

/// One operation that an architecture may use, with the choices it has.
struct NasOperation {
  std::string type;
  Space choices;
  bool operator==(const NasOperation&) const = default;
};

/// A search for an architecture instead of parameters (`spec.nasConfig`).
struct NasSpec {
  int layers = 0;
  std::vector<int> input_sizes;
  std::vector<int> output_sizes;
  std::vector<NasOperation> operations;
  bool operator==(const NasSpec&) const = default;
};

/// How often a failed trial is started again, and after which failures. [hone's own field]
struct RetryPolicy {
  int max_retries = 0;
  std::vector<std::string> on;  ///< FailureKind words; empty: any failure of the training code
  /// After each OutOfMemory, the next start gets this many times the memory. >= 1
  double memory_factor = 1;
  bool operator==(const RetryPolicy&) const = default;
};

/// What trials cost, in any currency, and how much may be spent. [hone's own field]
struct CostPolicy {
  double per_trial = 0;   ///< of each start of a trial
  double per_hour = 0;    ///< of each hour that a trial runs
  double per_budget = 0;  ///< of each unit of budget that a start of a trial is to train
  double most = 0;        ///< > 0
  bool operator==(const CostPolicy&) const = default;
};

/// Earlier experiments whose best trials are tried first. [hone's own field]
struct WarmStart {
  std::vector<std::string> experiments;  ///< names in the same namespace
  int best = 5;                          ///< trials to take in all
  bool taken = false;                    ///< they are in the document: the experiment is recorded
  bool operator==(const WarmStart&) const = default;
};

/// An experiment as the user means it, defaults applied. Made by DecodeSpec (core/spec_codec.h)
/// only.
struct ExperimentSpec {
  std::string name;
  std::string name_space = "default";
  std::map<std::string, std::string> annotations;  ///< of the experiment's own metadata
  Space space;                                     ///< empty if there is `nas`
  std::optional<NasSpec> nas;                      ///< nothing: the usual search over parameters
  Objective objective;
  AlgorithmSpec algorithm;
  std::optional<AlgorithmSpec> early_stopping;
  int parallel_trial_count = 3;
  std::optional<int> max_trial_count;
  std::optional<int> max_failed_trial_count;
  ResumePolicy resume_policy = ResumePolicy::kNever;
  RunnerKind runner = RunnerKind::kLocal;
  CollectorSpec collector;
  TrialTemplate trial_template;  ///< empty for kAskTell
  std::optional<std::uint64_t> seed;
  std::optional<RetryPolicy> retry_policy;
  std::optional<Duration> max_trial_duration;
  std::optional<Duration> max_duration;  ///< of the whole experiment: ExperimentState::Ran
  std::optional<int> max_trials_without_improvement;  ///< >= 1
  std::optional<CostPolicy> cost;
  std::optional<double> min_expected_gain;  ///< > 0, in the unit of the objective
  std::optional<WarmStart> warm_start;

  /// The whole document as JSON text (apiVersion, kind, metadata, spec) with defaults written in
  /// and texts where Katib wants texts. Decoding it again gives an equal ExperimentSpec; fields
  /// hone does not know are kept in it.
  std::string document;

  bool operator==(const ExperimentSpec&) const = default;
};

}  // namespace hone
