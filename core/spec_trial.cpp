// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "core/condition.h"
#include "core/spec_parts.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 7> kCollectors = {
    "StdOut", "File", "TensorFlowEvent", "PrometheusMetric", "Custom", "Push", "None"};
constexpr std::array<std::string_view, 2> kFormats = {"TEXT", "JSON"};
constexpr std::array<std::string_view, 3> kPathKinds = {"File", "Directory", "Invalid"};

void SetDefault(json& object, const char* key, std::string_view value) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null() || *found == "") {
    object[key] = value;
  }
}

/// The object under a key, made if it is absent. Nothing if something else stands there.
json* ObjectAt(json& object, const char* key) {
  json& value = object[key];
  if (value.is_null()) {
    value = json::object();
  }
  return value.is_object() ? &value : nullptr;
}

void ApplyHttpDefaults(json& source) {
  if (json* http = ObjectAt(source, "httpGet")) {
    SetDefault(*http, "path", "/metrics");
    http->emplace("port", 8080);
  }
}

void ApplyPathDefaults(json& source, bool file) {
  if (json* path = ObjectAt(source, "fileSystemPath")) {
    SetDefault(*path, "kind", file ? "File" : "Directory");
    SetDefault(*path, "path", file ? "/var/log/katib/metrics.log" : "/var/log/katib/tfevent/");
    if (file) {
      SetDefault(*path, "format", "TEXT");
    }
  }
}

void ApplyCollectorDefaults(json& collector_spec, CollectorKind kind) {
  const bool file = kind == CollectorKind::kFile;
  const bool http = kind == CollectorKind::kPrometheus;
  if (!file && !http && kind != CollectorKind::kTensorFlowEvent) {
    return;
  }
  json* source = ObjectAt(collector_spec, "source");
  if (source == nullptr) {
    return;
  }
  if (http) {
    ApplyHttpDefaults(*source);
  } else {
    ApplyPathDefaults(*source, file);
  }
}

CollectorKind DecodeKind(Fields& collector_spec) {
  json* collector = ObjectAt(collector_spec.object(), "collector");
  if (collector != nullptr) {
    SetDefault(*collector, "kind", "StdOut");
  }
  std::optional<Fields> fields = collector_spec.Object("collector");
  if (!fields) {
    return CollectorKind::kStdOut;
  }
  const std::size_t word = fields->Word("kind", kCollectors).value_or(0);
  const bool old_word_for_push = kCollectors.at(word) == "None";
  if (old_word_for_push) {
    fields->object()["kind"] = "Push";
  }
  const auto kind = old_word_for_push ? CollectorKind::kPush : static_cast<CollectorKind>(word);
  if (!fields->Object("customCollector") && kind == CollectorKind::kCustom) {
    fields->problems().Refuse(fields->Path("customCollector"),
                              "is required for collector kind Custom");
  }
  fields->Finish();
  return kind;
}

void DecodeFormat(Fields& fields, CollectorSpec& collector) {
  if (collector.kind == CollectorKind::kTensorFlowEvent) {
    if (const auto text = fields.Text("format"); text && !text->empty()) {
      fields.problems().Refuse(fields.Path("format"), "must be absent for TensorFlowEvent");
    }
    return;
  }
  if (const auto index = fields.Word("format", kFormats)) {
    collector.format = static_cast<FileFormat>(*index);
  }
}

void DecodePath(Fields& source, CollectorSpec& collector) {
  std::optional<Fields> fields = source.Object("fileSystemPath");
  if (!fields) {
    return;
  }
  const std::string path = fields->Text("path").value_or("");
  const auto kind = fields->Word("kind", kPathKinds);
  DecodeFormat(*fields, collector);
  fields->Finish();
  if (collector.kind == CollectorKind::kStdOut || collector.kind == CollectorKind::kPush) {
    fields->problems().Warn(source.Path("fileSystemPath"),
                            "has no effect for this collector kind; it is ignored");
    collector.format = FileFormat::kText;
    return;
  }
  if (!path.starts_with('/')) {
    fields->problems().Refuse(fields->Path("path"), "must be an absolute path");
  }
  const std::size_t wanted = collector.kind == CollectorKind::kTensorFlowEvent ? 1 : 0;
  const bool either = collector.kind == CollectorKind::kCustom && kind && *kind < 2;
  if (!either && kind && *kind != wanted) {
    fields->problems().Refuse(
        fields->Path("kind"),
        "must be " + std::string(kPathKinds.at(wanted)) + " for this collector kind");
  }
  collector.path = path;
}

void DecodeFilter(Fields& source, CollectorSpec& collector) {
  std::optional<Fields> fields = source.Object("filter");
  if (!fields) {
    return;
  }
  if (collector.kind == CollectorKind::kFile && collector.format == FileFormat::kJson) {
    source.problems().Refuse(source.Path("filter"), "must be absent when the format is JSON");
    return;
  }
  collector.metrics_format = fields->Texts("metricsFormat");
  fields->Finish();
}

/// hone's own: the name beside the metrics that says their step.
void DecodeStepMetric(Fields& source, CollectorSpec& collector) {
  static constexpr char kKey[] = "stepMetric";
  const std::optional<std::string> name = source.Text(kKey);
  if (!name) {
    return;
  }
  if (collector.kind != CollectorKind::kStdOut && collector.kind != CollectorKind::kFile) {
    source.problems().Refuse(source.Path(kKey),
                             "is for lines of StdOut and File; the other kinds tell steps "
                             "themselves");
  } else if (name->empty()) {
    source.problems().Refuse(source.Path(kKey), "must name what says the step, such as epoch");
  }
  collector.step_metric = *name;
}

void DecodeHttpGet(Fields& source, CollectorKind kind) {
  std::optional<Fields> fields = source.Object("httpGet");
  if (!fields || kind != CollectorKind::kPrometheus) {
    return;
  }
  const json& port = fields->object()["port"];
  const std::string text = port.is_string() ? port.get<std::string>() : DumpJson(port);
  if (ParseInt(text).value_or(0) <= 0) {
    fields->problems().Refuse(fields->Path("port"), "must be a positive whole number");
  }
  if (!fields->Text("path").value_or("").starts_with('/')) {
    fields->problems().Refuse(fields->Path("path"), "must start with /");
  }
}

struct KindDefaults {
  std::string_view kind;
  std::string_view done;    ///< condition type of success; failure is always "Failed"
  std::string_view labels;  ///< JSON object
};

constexpr std::string_view kMasterLabel = R"({"training.kubeflow.org/job-role":"master"})";
constexpr std::array<KindDefaults, 6> kKindDefaults = {{
    {"Job", "Complete", "{}"},
    {"TFJob", "Succeeded", kMasterLabel},
    {"PyTorchJob", "Succeeded", kMasterLabel},
    {"XGBoostJob", "Succeeded", kMasterLabel},
    {"MPIJob", "Succeeded", kMasterLabel},
    {"TrainJob", "Complete",
     R"({"jobset.sigs.k8s.io/replicatedjob-name":"node","batch.kubernetes.io/job-completion-index":"0"})"},
}};

std::string ConditionTrue(std::string_view type) {
  return "status.conditions.#(type==\"" + std::string(type) + "\")#|#(status==\"True\")#";
}

void ApplyTemplateDefaults(json& trial_template) {
  const auto spec = trial_template.find("trialSpec");
  if (spec == trial_template.end() || !spec->is_object() || !spec->contains("kind")) {
    return;
  }
  const json kind = (*spec)["kind"];
  const auto found =
      std::ranges::find_if(kKindDefaults, [&](const KindDefaults& d) { return kind == d.kind; });
  if (found == kKindDefaults.end()) {
    return;
  }
  SetDefault(trial_template, "successCondition", ConditionTrue(found->done));
  SetDefault(trial_template, "failureCondition", ConditionTrue("Failed"));
  const auto labels = trial_template.find("primaryPodLabels");
  const bool empty = labels == trial_template.end() || labels->empty();
  json defaults = ParseJsonOrThrow(found->labels);
  if (empty && !defaults.empty()) {
    trial_template["primaryPodLabels"] = std::move(defaults);
  }
}

/// The loader puts the template that it found in the ConfigMap beside the reference, as
/// `trialSpec`.
void DecodeConfigMap(Fields& fields, TrialTemplate& trial) {
  trial.config_map = {
      .name = fields.RequiredText("configMapName", "name the ConfigMap of the template"),
      .name_space = fields.RequiredText("configMapNamespace", "name the ConfigMap's namespace"),
      .path = fields.RequiredText("templatePath", "name the key in the ConfigMap's data")};
  fields.Keep({"trialSpec"});
  const auto object = fields.object().find("trialSpec");
  if (object != fields.object().end()) {
    trial.trial_spec = object->dump(-1, ' ', false, json::error_handler_t::replace);
  } else if (!trial.config_map->name.empty()) {
    fields.problems().Refuse(
        fields.Path("configMapName"),
        "there is no ConfigMap " + Printable(trial.config_map->name) + " in namespace " +
            Printable(trial.config_map->name_space) +
            " here; add it to this file as a further document, or give its file with "
            "--config-map");
  }
  fields.Finish();
}

void DecodeTrialSpec(Fields& fields, TrialTemplate& trial) {
  fields.Keep({"trialSpec"});
  if (fields.Has("configMap")) {
    if (fields.Has("trialSpec")) {
      fields.problems().Refuse(fields.Path("configMap"),
                               "cannot stand beside trialSpec; remove one of the two");
    } else if (std::optional<Fields> source = fields.Object("configMap")) {
      DecodeConfigMap(*source, trial);
    }
    return;
  }
  if (std::optional<Fields> object = fields.Object("trialSpec")) {
    trial.trial_spec = DumpJson(object->object());
  } else if (!fields.Has("trialSpec")) {
    fields.problems().Refuse(fields.Path("trialSpec"),
                             "is required: the Kubernetes object that runs a trial, such as a Job");
  }
}

void DecodeConditions(Fields& fields, TrialTemplate& trial) {
  trial.success_condition = fields.Text("successCondition").value_or("");
  trial.failure_condition = fields.Text("failureCondition").value_or("");
  for (const auto& [key, text] : {std::pair{"successCondition", &trial.success_condition},
                                  std::pair{"failureCondition", &trial.failure_condition}}) {
    if (text->empty() && !trial.trial_spec.empty()) {
      fields.problems().Refuse(fields.Path(key),
                               "is required, because the kind of the trialSpec has no default one");
    }
    if (const auto read = Condition::Parse(*text); !text->empty() && !read.has_value()) {
      fields.problems().Refuse(fields.Path(key), "cannot be read " + read.error().message);
    }
  }
}

}  // namespace

void DecodeCollector(Fields& spec, RunnerKind runner, CollectorSpec& collector) {
  json* const written = ObjectAt(spec.object(), "metricsCollectorSpec");
  if (runner == RunnerKind::kAskTell && written != nullptr && written->empty()) {
    (*written)["collector"]["kind"] = "Push";
  }
  std::optional<Fields> fields = spec.Object("metricsCollectorSpec");
  if (!fields) {
    return;
  }
  collector.kind = DecodeKind(*fields);
  ApplyCollectorDefaults(fields->object(), collector.kind);
  if (std::optional<Fields> source = fields->Object("source")) {
    DecodePath(*source, collector);
    DecodeFilter(*source, collector);
    DecodeStepMetric(*source, collector);
    DecodeHttpGet(*source, collector.kind);
    source->Finish();
  }
  if (runner == RunnerKind::kAskTell && collector.kind != CollectorKind::kPush) {
    spec.problems().Refuse(spec.Path("metricsCollectorSpec.collector.kind"),
                           "must be Push for runner AskTell, whose workers report; leave "
                           "metricsCollectorSpec out");
  }
  fields->Finish();
}

void DecodeTemplate(Fields& spec, RunnerKind runner, TrialTemplate& trial) {
  if (runner == RunnerKind::kAskTell) {
    spec.Keep({"trialTemplate"});
    if (spec.Has("trialTemplate")) {
      spec.problems().Refuse(spec.Path("trialTemplate"),
                             "must be absent for runner AskTell: the workers know what to run");
    }
    return;
  }
  std::optional<Fields> fields = spec.Object("trialTemplate");
  if (!fields) {
    if (!spec.Has("trialTemplate")) {
      spec.problems().Refuse(spec.Path("trialTemplate"), "is required: how a trial is run");
    }
    return;
  }
  ApplyTemplateDefaults(fields->object());
  DecodeTrialSpec(*fields, trial);
  const bool present = fields->ForEach("trialParameters", [&trial](Fields& item) {
    trial.parameters.push_back(
        {.name = item.RequiredText("name", "give the placeholder's name"),
         .description = item.Text("description").value_or(""),
         .reference = item.RequiredText("reference", "name the parameter whose value is put in")});
  });
  if (!present) {
    fields->problems().Refuse(fields->Path("trialParameters"),
                              "is required; an empty list is allowed");
  }
  trial.retain = fields->Flag("retain").value_or(false);
  for (auto& [name, value] : fields->TextMap("primaryPodLabels")) {
    trial.primary_pod_labels[name] = value;
  }
  trial.primary_container = fields->RequiredText(
      "primaryContainerName", "name the container whose output carries the metrics");
  DecodeConditions(*fields, trial);
  fields->Finish();
}

}  // namespace hone
