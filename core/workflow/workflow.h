// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "core/problem.h"

/// Workflows of Argo (argoproj.io/v1alpha1), as far as they run on one machine: what one says, and
/// whether it can be run. Pure; run.h walks through one. Source of the fields and their meaning:
/// the documentation of Argo Workflows 3.5, "Field Reference" and "Workflow Variables".
namespace hone::workflow {

/// A parameter that is given or wanted.
struct Parameter {
  std::string name{};
  std::optional<std::string> value{};  ///< of inputs: the default; may hold tags, see tags.h
  std::vector<std::string> allowed{};  ///< enum; empty: anything
};

/// A parameter that a step leaves behind.
struct Output {
  std::string name{};
  std::string path{};  ///< valueFrom.path, of a container or script
  std::string from{};  ///< valueFrom.parameter, of steps or a dag: a text of tags
  std::optional<std::string> fallback{};  ///< valueFrom.default
};

/// A file or folder that a step reads or leaves behind.
struct Artifact {
  std::string name{};
  std::string path{};                ///< where the container or script sees it
  std::string from{};                ///< given by a tag
  std::optional<std::string> raw{};  ///< given as a text
  bool optional = false;
};

/// A step, or a task of a dag: that a template is run, with what, and when.
struct Call {
  std::string name{};
  std::string template_name{};
  std::string field{};  ///< its path, for problems
  std::vector<Parameter> parameters{};
  std::vector<Artifact> artifacts{};
  std::string when{};                  ///< empty: always
  std::optional<std::string> items{};  ///< withItems, JSON text of the list
  std::string items_from{};            ///< withParam, a text of tags that gives such a list
  std::vector<std::string>
      after{};           ///< what must be over before; of steps, those of the group before
  bool goes_on = false;  ///< continueOn: what comes after runs although this has failed
};

/// retryStrategy.
struct Retry {
  std::uint32_t limit = 0;
  bool also_errors = false;  ///< retryPolicy Always: of steps that could not be started, too
  bool only_errors = false;  ///< retryPolicy OnError
  Duration first_wait{};     ///< backoff.duration
  double factor = 1;         ///< backoff.factor
};

enum class TemplateKind { kContainer, kScript, kSteps, kDag };

struct Template {
  std::string name{};
  std::string field{};  ///< its path, for problems
  TemplateKind kind = TemplateKind::kContainer;
  std::vector<Parameter> inputs{};
  std::vector<Artifact> input_artifacts{};
  std::vector<Output> outputs{};
  std::vector<Artifact> output_artifacts{};
  std::map<std::string, std::string> labels{};
  std::string container{};  ///< JSON text; of a script without its source
  std::string source{};     ///< of a script
  std::vector<Call> calls{};
  std::optional<Duration> deadline{};
  std::optional<std::uint32_t> parallelism{};
  Retry retry;
  bool cached = true;               ///< annotation hone/cache is not "false"
  std::vector<std::string> code{};  ///< annotation hone/code: files whose content counts

  [[nodiscard]] bool IsLeaf() const {
    return kind == TemplateKind::kContainer || kind == TemplateKind::kScript;
  }
  /// How its calls are named in tags.
  [[nodiscard]] std::string_view Head() const {
    return kind == TemplateKind::kDag ? "tasks" : "steps";
  }
};

struct Workflow {
  std::string name{};  ///< metadata.name; empty in a template
  std::string name_space{};
  std::string entrypoint{};
  std::vector<Parameter> arguments{};
  std::vector<Artifact> artifacts{};
  std::vector<Template> templates{};
  std::optional<Duration> deadline{};
  std::optional<std::uint32_t> parallelism{};

  [[nodiscard]] const Template* Find(std::string_view name) const;
};

inline constexpr std::string_view kApiVersion = "argoproj.io/v1alpha1";
inline constexpr std::string_view kKind = "Workflow";
/// Annotations of a template, or of the workflow for all of them.
inline constexpr std::string_view kCacheAnnotation = "hone/cache";
inline constexpr std::string_view kCodeAnnotation = "hone/code";

/// Whether an object is a Workflow.
bool IsWorkflow(std::string_view api_version, std::string_view kind);

/// Decodes a template (`${trialParameters.x}` still in its texts) or a workflow, and checks it: all
/// that is not run here is told by name, and so are names that lead nowhere.
/// @param field  path of the object, which starts the field of each problem
/// @returns      what could be decoded; use it only if `problems` has no errors
Workflow DecodeWorkflow(std::string_view object, const std::string& field, Problems& problems);

/// The checks that need the whole: names, tags, conditions, templates that call themselves. Part of
/// DecodeWorkflow.
void CheckWorkflow(const Workflow& workflow, const std::string& field, Problems& problems);

/// How many steps may run at once: as many as have equally many others before them, at least 1. Of
/// lists that are known only later each counts as one step.
std::uint32_t WidthOf(const Workflow& workflow);

}  // namespace hone::workflow
