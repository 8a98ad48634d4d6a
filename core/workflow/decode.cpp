// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <span>

#include "base/json.h"
#include "base/text.h"
#include "core/training_fields.h"
#include "core/workflow/workflow.h"

namespace hone::workflow {
namespace {

using nlohmann::json;
using training::Node;

constexpr std::size_t kMostTemplates = 200;
constexpr std::size_t kMostCalls = 1000;
constexpr std::int64_t kCentury = 3'155'760'000;
constexpr std::int64_t kMostRetries = 1000;
constexpr char kNotHere[] =
    "not run by hone as a process or container of this machine; remove it, or run the experiment "
    "on a cluster with Argo";

// What is honoured, and what means nothing on one machine.
constexpr std::string_view kSpecFields[] = {"entrypoint",
                                            "arguments",
                                            "templates",
                                            "activeDeadlineSeconds",
                                            "parallelism",
                                            "affinity",
                                            "archiveLogs",
                                            "artifactGC",
                                            "automountServiceAccountToken",
                                            "dnsPolicy",
                                            "executor",
                                            "imagePullSecrets",
                                            "metrics",
                                            "nodeSelector",
                                            "podDisruptionBudget",
                                            "podGC",
                                            "podMetadata",
                                            "podPriorityClassName",
                                            "priority",
                                            "schedulerName",
                                            "securityContext",
                                            "serviceAccountName",
                                            "tolerations",
                                            "ttlStrategy",
                                            "workflowMetadata"};
constexpr std::string_view kTemplateFields[] = {"name",
                                                "inputs",
                                                "outputs",
                                                "metadata",
                                                "container",
                                                "script",
                                                "steps",
                                                "dag",
                                                "activeDeadlineSeconds",
                                                "retryStrategy",
                                                "parallelism",
                                                "affinity",
                                                "archiveLocation",
                                                "automountServiceAccountToken",
                                                "executor",
                                                "metrics",
                                                "nodeSelector",
                                                "priority",
                                                "priorityClassName",
                                                "schedulerName",
                                                "securityContext",
                                                "serviceAccountName",
                                                "tolerations"};
constexpr std::string_view kCallFields[] = {"name",       "template",     "arguments",
                                            "when",       "withItems",    "withParam",
                                            "continueOn", "dependencies", "depends"};
constexpr std::string_view kInputFields[] = {"name", "value", "default", "enum", "description"};
constexpr std::string_view kOutputFields[] = {"name", "valueFrom", "description"};
constexpr std::string_view kValueFromFields[] = {"path", "parameter", "default"};
constexpr std::string_view kArtifactFields[] = {"name",     "path", "from",    "raw",
                                                "optional", "mode", "archive", "description"};
constexpr std::string_view kBothLists[] = {"parameters", "artifacts"};
constexpr std::string_view kRetryFields[] = {"limit", "retryPolicy", "backoff", "affinity"};
constexpr std::string_view kBackoffFields[] = {"duration", "factor"};

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
}

std::string NameOf(const Node& node) {
  std::string name = node.Text("name");
  if (!IsName(name)) {
    node.Refuse("name", "must be a name of letters, digits, '-' and '_'");
  }
  return name;
}

/// A text, or a number or flag as the text that Argo makes of it.
std::optional<std::string> Scalar(const Node& node, std::string_view key) {
  const json* const value = node.Find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (value->is_structured()) {
    node.Refuse(key, "must be a text; put it in quotes");
    return std::nullopt;
  }
  return value->is_string() ? value->get<std::string>() : value->dump();
}

/// Argo's numbers, which may be texts; the same for all trials.
std::optional<std::int64_t> Whole(const Node& node, std::string_view key, std::int64_t least,
                                  std::int64_t most) {
  const std::optional<std::string> text = Scalar(node, key);
  const auto number = text ? ParseInt(*text) : std::nullopt;
  if (!text || (number && *number >= least && *number <= most)) {
    return number;
  }
  node.CannotHere(key, "must be a whole number of at least " + std::to_string(least) +
                           ", the same for all trials");
  return std::nullopt;
}

std::optional<Duration> Seconds(const Node& node, std::string_view key) {
  const auto seconds = Whole(node, key, 1, kCentury);
  return seconds ? std::optional<Duration>(std::chrono::seconds(*seconds)) : std::nullopt;
}

/// "10", "10s", "2m", "1h".
std::optional<Duration> ParseWait(std::string_view text) {
  std::int64_t unit = 1;
  if (text.ends_with('s') || text.ends_with('m') || text.ends_with('h')) {
    unit = text.back() == 's' ? 1 : text.back() == 'm' ? 60 : 3600;
    text.remove_suffix(1);
  }
  const auto number = ParseInt(text);
  if (!number || *number < 0 || *number > kCentury / 3600) {
    return std::nullopt;
  }
  return std::chrono::seconds(*number * unit);
}

std::vector<Parameter> DecodeParameters(const Node& owner) {
  std::vector<Parameter> parameters;
  for (const Node& node : owner.Objects("parameters")) {
    node.CannotOthers(kInputFields, kNotHere);
    Parameter parameter{.name = NameOf(node), .value = Scalar(node, "value"), .allowed = {}};
    if (!parameter.value) {
      parameter.value = Scalar(node, "default");
    }
    parameter.allowed = node.Texts("enum");
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

std::vector<Artifact> DecodeArtifacts(const Node& owner) {
  std::vector<Artifact> artifacts;
  for (const Node& node : owner.Objects("artifacts")) {
    node.CannotOthers(kArtifactFields, kNotHere);
    Artifact artifact{.name = NameOf(node),
                      .path = node.Text("path"),
                      .from = node.Text("from"),
                      .raw = Scalar(node.Object("raw"), "data"),
                      .optional = node.Flag("optional")};
    if (!artifact.path.empty() && (artifact.path.front() != '/' || artifact.path.size() < 2)) {
      node.Refuse("path", "must start with '/' and name a file or folder");
    }
    artifacts.push_back(std::move(artifact));
  }
  return artifacts;
}

std::vector<Output> DecodeOutputs(const Node& owner) {
  std::vector<Output> outputs;
  for (const Node& node : owner.Objects("parameters")) {
    node.CannotOthers(kOutputFields, kNotHere);
    const Node source = node.Object("valueFrom");
    source.CannotOthers(kValueFromFields, kNotHere);
    Output output{.name = NameOf(node),
                  .path = source.Text("path"),
                  .from = source.Text("parameter"),
                  .fallback = Scalar(source, "default")};
    if (!output.path.empty() && output.path.front() != '/') {
      source.Refuse("path", "must start with '/'");
    }
    outputs.push_back(std::move(output));
  }
  return outputs;
}

/// The names of a list of conditions, where it says no more than that all of them are over.
std::vector<std::string> DecodeDepends(const Node& node) {
  std::vector<std::string> names = node.Texts("dependencies");
  std::string text = node.Text("depends");
  for (std::size_t at = text.find("&&"); at != std::string::npos; at = text.find("&&")) {
    text.replace(at, 2, "\n");
  }
  for (const std::string_view part : Split(text, '\n')) {
    const std::string_view name = Trim(part);
    if (!name.empty() && !IsName(name)) {
      node.CannotHere("depends",
                      "only names joined by && are understood, such as \"prepare && split\"");
    } else if (!name.empty()) {
      names.emplace_back(name);
    }
  }
  return names;
}

Call DecodeCall(const Node& node) {
  node.CannotOthers(kCallFields, kNotHere);
  Call call{.name = NameOf(node),
            .template_name = node.Text("template"),
            .field = node.path(),
            .when = node.Text("when"),
            .items_from = node.Text("withParam"),
            .after = DecodeDepends(node)};
  const Node arguments = node.Object("arguments");
  arguments.CannotOthers(kBothLists, kNotHere);
  call.parameters = DecodeParameters(arguments);
  call.artifacts = DecodeArtifacts(arguments);
  if (const json* const items = node.Find("withItems")) {
    call.items = items->dump(-1, ' ', false, json::error_handler_t::replace);
    if (!items->is_array()) {
      node.Refuse("withItems", "must be a list");
    }
  }
  if (call.items && !call.items_from.empty()) {
    node.Refuse("withParam", "cannot stand beside withItems");
  }
  const Node go_on = node.Object("continueOn");
  call.goes_on = go_on.Flag("failed") || go_on.Flag("error");
  return call;
}

/// @returns the names of its steps
std::vector<std::string> DecodeGroup(const Node& row, const std::string& key,
                                     const std::vector<std::string>& before, Template& into) {
  std::vector<std::string> names;
  for (const Node& step : row.Objects(key)) {
    Call call = DecodeCall(step);
    if (!call.after.empty()) {
      step.Refuse("depends", "is for tasks of a dag; steps follow one another in their order");
    }
    call.after = before;
    names.push_back(call.name);
    into.calls.push_back(std::move(call));
  }
  return names;
}

/// Steps are groups, one after another: what a dag would say by dependencies.
void DecodeSteps(const Node& node, Template& into) {
  const json* const groups = node.Find("steps");
  if (groups == nullptr || !groups->is_array()) {
    node.Refuse("steps", "must be a list of lists of steps");
    return;
  }
  std::vector<std::string> before;
  for (std::size_t i = 0; i < groups->size(); ++i) {
    const std::string key = "steps[" + std::to_string(i) + "]";
    const json& group = (*groups)[i];
    if (!group.is_array()) {
      node.Refuse(key, "must be a list: write '- - name: ...'");
      continue;
    }
    const json holder = {{key, group}};
    const Node row(holder, node.path(), node.problems());
    std::vector<std::string> names = DecodeGroup(row, key, before, into);
    before = names.empty() ? before : std::move(names);
  }
}

void DecodeDag(const Node& dag, Template& into) {
  constexpr std::string_view kFields[] = {"tasks", "failFast"};
  dag.CannotOthers(kFields, kNotHere);
  const json* const fast = dag.Find("failFast");
  if (fast != nullptr && *fast != json(true)) {
    dag.CannotHere("failFast", "must be true: once a task has failed, no more are started");
  }
  for (const Node& task : dag.Objects("tasks")) {
    into.calls.push_back(DecodeCall(task));
  }
}

void DecodeRetry(const Node& node, Retry& retry) {
  node.CannotOthers(kRetryFields, kNotHere);
  retry.limit = static_cast<std::uint32_t>(Whole(node, "limit", 0, kMostRetries).value_or(0));
  if (node.Find("limit") == nullptr) {
    node.CannotHere("limit", "is missing: a step that always fails would run for ever");
  }
  const std::string policy = node.Text("retryPolicy");
  retry.also_errors = policy == "Always";
  retry.only_errors = policy == "OnError";
  if (!policy.empty() && policy != "OnFailure" && !retry.also_errors && !retry.only_errors) {
    node.CannotHere("retryPolicy", "must be Always, OnFailure or OnError");
  }
  const Node backoff = node.Object("backoff");
  backoff.CannotOthers(kBackoffFields, kNotHere);
  const std::string wait = Scalar(backoff, "duration").value_or("0");
  const auto first = ParseWait(wait);
  const auto factor = ParseDouble(Scalar(backoff, "factor").value_or("1"));
  if (!first) {
    backoff.Refuse("duration", "must be a time such as 10, \"30s\" or \"5m\"");
  }
  if (!factor || *factor < 1 || *factor > 100) {
    backoff.Refuse("factor", "must be a number from 1 to 100");
  }
  retry.first_wait = first.value_or(Duration::zero());
  retry.factor = std::clamp(factor.value_or(1), 1.0, 100.0);
}

struct Annotations {
  std::optional<std::string> cache;
  std::optional<std::string> code;
};

Annotations DecodeAnnotations(const Node& metadata) {
  const Node node = metadata.Object("annotations");
  Annotations found;
  for (const auto& [key, value] : node.TextMap()) {
    if (key == kCacheAnnotation) {
      found.cache = value;
    } else if (key == kCodeAnnotation) {
      found.code = value;
    } else if (key.starts_with("hone/")) {
      metadata.Refuse("annotations", "hone knows no annotation '" + Printable(key, 60) +
                                         "' of a workflow; it knows hone/cache and hone/code");
    }
  }
  if (found.cache && *found.cache != "true" && *found.cache != "false") {
    metadata.Refuse("annotations", "hone/cache must be \"true\" or \"false\"");
  }
  return found;
}

void ApplyAnnotations(const Annotations& given, Template& into) {
  into.cached = given.cache ? *given.cache == "true" : into.cached;
  const std::string code = given.code.value_or("");
  for (const std::string_view part : Split(code, ',')) {
    if (!Trim(part).empty()) {
      into.code.emplace_back(Trim(part));
    }
  }
}

void DecodeLeaf(const Node& node, std::string_view key, Template& into) {
  const Node container = node.Object(key);
  into.kind = key == "script" ? TemplateKind::kScript : TemplateKind::kContainer;
  into.source = container.Text("source");
  if (into.kind == TemplateKind::kContainer && !into.source.empty()) {
    container.Refuse("source", "is for a script; a container has command and args");
    return;
  }
  json body = ParseJson(container.Dump());
  body.erase("source");
  if (into.kind == TemplateKind::kScript) {
    const json* const command = container.Find("command");
    if (into.source.empty() || command == nullptr || command->empty()) {
      container.CannotHere("command", "a script needs a command such as [bash] and a source");
    }
  }
  into.container = DumpJson(body);
}

void DecodeBody(const Node& node, Template& into) {
  std::vector<std::string_view> bodies;
  for (const std::string_view key : {"container", "script", "steps", "dag"}) {
    if (node.Find(key) != nullptr) {
      bodies.push_back(key);
    }
  }
  if (bodies.size() != 1) {
    node.CannotHere("container", bodies.empty()
                                     ? "is missing: a template has container, script, steps or dag"
                                     : "a template has one of container, script, steps and dag");
    return;
  }
  if (bodies[0] == "steps") {
    into.kind = TemplateKind::kSteps;
    DecodeSteps(node, into);
  } else if (bodies[0] == "dag") {
    into.kind = TemplateKind::kDag;
    DecodeDag(node.Object("dag"), into);
  } else {
    DecodeLeaf(node, bodies[0], into);
  }
}

Template DecodeTemplate(const Node& node, const Annotations& common) {
  Template decoded;
  decoded.name = NameOf(node);
  decoded.field = node.path();
  node.CannotOthers(kTemplateFields, kNotHere);
  const Node inputs = node.Object("inputs");
  const Node outputs = node.Object("outputs");
  inputs.CannotOthers(kBothLists, kNotHere);
  outputs.CannotOthers(kBothLists, kNotHere);
  decoded.inputs = DecodeParameters(inputs);
  decoded.input_artifacts = DecodeArtifacts(inputs);
  decoded.outputs = DecodeOutputs(outputs);
  decoded.output_artifacts = DecodeArtifacts(outputs);
  const Node metadata = node.Object("metadata");
  decoded.labels = metadata.Object("labels").TextMap();
  DecodeBody(node, decoded);
  ApplyAnnotations(common, decoded);
  ApplyAnnotations(DecodeAnnotations(metadata), decoded);
  decoded.deadline = Seconds(node, "activeDeadlineSeconds");
  if (const auto most = Whole(node, "parallelism", 1, kMostRetries)) {
    decoded.parallelism = static_cast<std::uint32_t>(*most);
  }
  if (node.Find("retryStrategy") != nullptr) {
    DecodeRetry(node.Object("retryStrategy"), decoded.retry);
    if (!decoded.IsLeaf()) {
      node.CannotHere("retryStrategy", "only a container or script is run again");
    }
  }
  return decoded;
}

}  // namespace

const Template* Workflow::Find(std::string_view wanted) const {
  const auto found = std::ranges::find(templates, wanted, &Template::name);
  return found == templates.end() ? nullptr : &*found;
}

bool IsWorkflow(std::string_view api_version, std::string_view kind) {
  return api_version == kApiVersion && kind == kKind;
}

Workflow DecodeWorkflow(std::string_view object, const std::string& field, Problems& problems) {
  Workflow decoded;
  const json parsed = ParseJson(object);
  if (!parsed.is_object()) {
    problems.Refuse(field, "must be a JSON object");
    return decoded;
  }
  const Node root(parsed, field, problems);
  const Node metadata = root.Object("metadata");
  const Node spec = root.Object("spec");
  if (spec.Find("templates") == nullptr) {
    spec.CannotHere("templates", "is missing: it says what is run");
    return decoded;
  }
  spec.CannotOthers(kSpecFields, kNotHere);
  decoded.name = metadata.Text("name");
  decoded.name_space = metadata.Text("namespace");
  decoded.entrypoint = spec.Text("entrypoint");
  const Node arguments = spec.Object("arguments");
  arguments.CannotOthers(kBothLists, kNotHere);
  decoded.arguments = DecodeParameters(arguments);
  decoded.artifacts = DecodeArtifacts(arguments);
  decoded.deadline = Seconds(spec, "activeDeadlineSeconds");
  if (const auto most = Whole(spec, "parallelism", 1, kMostRetries)) {
    decoded.parallelism = static_cast<std::uint32_t>(*most);
  }
  const Annotations common = DecodeAnnotations(metadata);
  std::size_t calls = 0;
  for (const Node& node : spec.Objects("templates")) {
    decoded.templates.push_back(DecodeTemplate(node, common));
    calls += decoded.templates.back().calls.size();
    if (decoded.templates.size() > kMostTemplates || calls > kMostCalls) {
      spec.Refuse("templates", "has more than " + std::to_string(kMostTemplates) +
                                   " templates or " + std::to_string(kMostCalls) + " steps");
      return decoded;
    }
  }
  CheckWorkflow(decoded, field, problems);
  return decoded;
}

}  // namespace hone::workflow
