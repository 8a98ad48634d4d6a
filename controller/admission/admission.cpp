// SPDX-License-Identifier: Apache-2.0
#include "controller/admission/admission.h"

#include "algorithms/check.h"
#include "core/spec_codec.h"
#include "metrics-collector/parser.h"

namespace hone {
namespace {

void CheckCollector(const ExperimentSpec& spec, Problems& problems) {
  const CollectorKind kind = spec.collector.kind;
  if (kind != CollectorKind::kStdOut && kind != CollectorKind::kFile) {
    problems.Refuse("spec.metricsCollectorSpec.collector.kind",
                    "this version collects metrics with StdOut and File only");
    return;
  }
  if (const auto parser = MakeParser(spec.collector, spec.objective); !parser.has_value()) {
    const Error& error = parser.error();
    problems.Refuse(
        error.field.empty() ? "spec.metricsCollectorSpec.source.filter.metricsFormat" : error.field,
        error.message);
  }
}

}  // namespace

void Admit(const ExperimentSpec& spec, const TrialRunner& runner, Problems& problems) {
  CheckSpec(spec, problems);
  if (problems.HasErrors()) {
    return;  // what follows takes a sound document for granted
  }
  static_cast<void>(CheckAlgorithm(spec, problems));  // its problems are what is wanted
  CheckCollector(spec, problems);
  if (spec.early_stopping) {
    problems.Refuse("spec.earlyStopping", "this version has no early stopping yet; leave it out");
  }
  runner.Check(spec, problems);
}

}  // namespace hone
