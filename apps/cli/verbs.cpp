// SPDX-License-Identifier: Apache-2.0
// The table of commands. A new one is a file that defines `Verb NameVerb()`, and a line here.
#include "apps/cli/verb.h"

// NOLINTNEXTLINE(bugprone-macro-parentheses): what is made of a name is a declaration
#define HONE_FOR_EACH_VERB(VERB) \
  VERB(RunVerb)                  \
  VERB(CreateVerb)               \
  VERB(ResumeVerb)               \
  VERB(StopVerb)                 \
  VERB(KillVerb)                 \
  VERB(DeleteVerb)               \
  VERB(GcVerb)                   \
  VERB(ListVerb)                 \
  VERB(GetVerb)                  \
  VERB(TrialsVerb)               \
  VERB(BestVerb)                 \
  VERB(ParetoVerb)               \
  VERB(MetricsVerb)              \
  VERB(LogsVerb)                 \
  VERB(ArtifactsVerb)            \
  VERB(CacheVerb)                \
  VERB(EventsVerb)               \
  VERB(ExplainVerb)              \
  VERB(DevicesVerb)              \
  VERB(ReplayVerb)               \
  VERB(ImportanceVerb)           \
  VERB(PredictVerb)              \
  VERB(ExportVerb)               \
  VERB(TensorboardVerb)          \
  VERB(ImportVerb)               \
  VERB(ServeVerb)                \
  VERB(TokenVerb)                \
  VERB(SuggestionVerb)           \
  VERB(EarlyStopVerb)            \
  VERB(DbManagerVerb)            \
  VERB(InitVerb)                 \
  VERB(ValidateVerb)             \
  VERB(CollectVerb)              \
  VERB(AlgorithmsVerb)           \
  VERB(SchemaVerb)               \
  VERB(DoctorVerb)               \
  VERB(ConfigVerb)               \
  VERB(CompletionVerb)           \
  VERB(ManVerb)                  \
  VERB(RebuildVerb)

namespace hone::cli {

#define HONE_DECLARE(verb) Verb verb();
HONE_FOR_EACH_VERB(HONE_DECLARE)
#undef HONE_DECLARE

const std::vector<Verb>& AllVerbs() {
#define HONE_CALL(verb) verb(),
  static const std::vector<Verb> verbs = {HONE_FOR_EACH_VERB(HONE_CALL)};
#undef HONE_CALL
  return verbs;
}

}  // namespace hone::cli
