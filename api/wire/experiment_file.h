// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire/overrides.h"
#include "api/wire/yaml.h"
#include "core/problem.h"
#include "core/spec.h"

namespace hone {

/// A problem with its place.
struct LocatedProblem {
  std::string file;  ///< or "--set N"
  int line = 1;      ///< 0: the place has no lines
  Problem problem;
  bool operator==(const LocatedProblem&) const = default;
};

/// `FILE:LINE: field.path: what is wrong and what to do`; "warning:" follows the line of a warning.
/// One line, safe for a terminal.
std::string FormatProblem(const LocatedProblem& located);

/// A file with ConfigMaps that hold templates of trials.
struct ConfigMapFile {
  std::string name;
  std::string text;
};

/// Where the template of the trials stands, if it came from a ConfigMap.
struct TemplatePlace {
  std::string file;
  SourceMap source;  ///< lines are the file's
};

/// An experiment as its file says it, with what is wrong with it.
struct LoadedExperiment {
  std::string file;
  ExperimentSpec spec;  ///< to be used only if there are no errors
  std::vector<LocatedProblem> problems;
  SourceMap source;
  Overrides overrides;
  std::optional<TemplatePlace> template_place;
  bool readable = true;  ///< false: no experiment could be found in the text, so spec is empty

  [[nodiscard]] bool HasErrors() const;
  /// Adds what later checks found (CheckSpec, admission, the runner), in the order of lines.
  /// @param from  index of the first new one
  void Add(const Problems& found, std::size_t from = 0);
  /// What is known so far, for checks that look at it.
  [[nodiscard]] Problems Found() const;

 private:
  [[nodiscard]] LocatedProblem Locate(const Problem& problem) const;
};

/// Reads an experiment file (YAML or JSON, untrusted) and decodes it with DecodeSpec. The first
/// document that is an Experiment counts. A template in a ConfigMap is taken from the other
/// documents of the text, else from `config_maps`. CheckSpec and admission are the caller's next
/// steps: they make sense even if there are errors, as long as it is readable.
/// @param file_name  for the problems
/// @param sets  `field.path=value`, put into the document before it is decoded; see Overrides
LoadedExperiment LoadExperiment(std::string_view text, std::string file_name,
                                std::span<const std::string> sets = {},
                                std::span<const ConfigMapFile> config_maps = {});

}  // namespace hone
