// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "core/spec_codec.h"

namespace hone::test {

/// A small experiment without problems.
inline nlohmann::json ExampleDocument() {
  return ParseJsonOrThrow(R"({
    "apiVersion": "kubeflow.org/v1beta1",
    "kind": "Experiment",
    "metadata": {"name": "example"},
    "spec": {
      "objective": {"type": "minimize", "objectiveMetricName": "loss"},
      "algorithm": {"algorithmName": "random"},
      "maxTrialCount": 10,
      "parameters": [
        {"name": "lr", "parameterType": "double", "feasibleSpace": {"min": "0.01", "max": "0.1"}},
        {"name": "opt", "parameterType": "categorical", "feasibleSpace": {"list": ["sgd", "adam"]}}
      ],
      "trialTemplate": {
        "primaryContainerName": "main",
        "trialParameters": [
          {"name": "rate", "reference": "lr"},
          {"name": "optimizer", "reference": "opt"}
        ],
        "trialSpec": {
          "apiVersion": "batch/v1",
          "kind": "Job",
          "metadata": {"labels": {"team": "vision"}, "annotations": {"note": "x"}},
          "spec": {"args": ["--lr=${trialParameters.rate}", "${trialParameters.optimizer}"]}
        }
      }
    }
  })");
}

/// The example with one value set at a JSON pointer; a null removes the member.
inline nlohmann::json ExampleWith(const std::string& pointer, const nlohmann::json& value) {
  nlohmann::json document = ExampleDocument();
  const nlohmann::json::json_pointer at(pointer);
  if (value.is_null()) {
    document[at.parent_pointer()].erase(at.back());
  } else {
    document[at] = value;
  }
  return document;
}

inline ExperimentSpec DecodeExample(const nlohmann::json& document) {
  Problems problems;
  return DecodeSpec(document, nullptr, problems);
}

/// "field: message", with "warning: " before a warning.
inline std::vector<std::string> Show(const Problems& problems) {
  std::vector<std::string> lines;
  for (const Problem& problem : problems.list()) {
    const bool warning = problem.severity == Problem::Severity::kWarning;
    lines.push_back((warning ? "warning: " : "") + problem.field + ": " + problem.message);
  }
  return lines;
}

}  // namespace hone::test
