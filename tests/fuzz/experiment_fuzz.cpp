// SPDX-License-Identifier: Apache-2.0
// An experiment file: YAML, its decoding, and every check that needs no registry.
#include "api/wire/experiment_file.h"
#include "base/check.h"
#include "core/spec_codec.h"
#include "tests/fuzz/fuzz.h"

void hone::fuzz::FuzzOne(std::string_view input) {
  LoadedExperiment loaded = LoadExperiment(input, "fuzz.yaml");
  if (loaded.readable) {
    Problems problems;
    CheckSpec(loaded.spec, problems);
    loaded.Add(problems);
  }
  for (const LocatedProblem& problem : loaded.problems) {
    HONE_CHECK(problem.line >= 1, "a problem has a line");
    HONE_CHECK(FormatProblem(problem).find('\n') == std::string::npos, "a problem is one line");
  }
  if (loaded.HasErrors()) {
    return;
  }
  const auto again = DecodeStoredSpec(loaded.spec.document);
  HONE_CHECK(again.has_value(), "an accepted experiment can be stored and read");
  HONE_CHECK(*again == loaded.spec, "an accepted experiment survives being stored");
}
