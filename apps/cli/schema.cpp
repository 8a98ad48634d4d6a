// SPDX-License-Identifier: Apache-2.0
// hone schema: the JSON Schema of experiment files, for editors.
#include "controller/admission/schema.h"

#include "apps/cli/output.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

struct Options {};

void Declare(Args& /*args*/, Options& /*options*/) {}

Result<int> PrintSchema(const Config& /*config*/, const Options& /*options*/) {
  HONE_RETURN_IF_ERROR(PrintText(ExperimentSchema()));
  return kExitOk;
}

}  // namespace

Verb SchemaVerb() {
  return MakeVerb<Options>({.name = "schema",
                            .group = kSetUpGroup,
                            .summary = "the JSON Schema of experiment files, for editors",
                            .example = "hone schema"},
                           &Declare, &PrintSchema);
}

}  // namespace hone::cli
