// SPDX-License-Identifier: Apache-2.0
// hone cache: what steps of pipelines left behind for other trials, and how to remove it.
#include <nlohmann/json.hpp>

#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/retention.h"
#include "apps/cli/size.h"
#include "apps/cli/verb.h"
#include "base/text.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/pipeline/step_store.h"

namespace hone::cli {
namespace {

constexpr std::size_t kShownKey = 12;

struct Options {
  std::string older_than;
  std::string keep_size;
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Add("--older-than", options.older_than,
           {.type = "AGE", .help = "remove what was last used longer ago: 90m, 36h, 30d, 8w"});
  args.Add("--keep-size", options.keep_size,
           {.type = "SIZE",
            .help = "remove until the rest takes no more, such as 10GiB; what was used first goes "
                    "first"});
  args.Output(options.output);
}

struct Rule {
  std::optional<Duration> older_than;
  std::optional<std::uint64_t> keep_size;
};

Result<Rule> RuleOf(const Options& options) {
  Rule rule;
  if (!options.older_than.empty()) {
    rule.older_than = ParseAge(options.older_than);
    if (!rule.older_than) {
      return Fail(Code::kInvalidArgument, "--older-than: must be an age such as 36h or 30d, not '" +
                                              Printable(options.older_than, 60) + "'");
    }
  }
  if (!options.keep_size.empty()) {
    rule.keep_size = ParseSize(options.keep_size);
    if (!rule.keep_size) {
      return Fail(Code::kInvalidArgument,
                  "--keep-size: must be a size such as 500M or 10GiB, not '" +
                      Printable(options.keep_size, 60) + "'");
    }
  }
  return rule;
}

std::uint64_t BytesOf(const std::vector<local::StoredStep>& steps) {
  std::uint64_t bytes = 0;
  for (const local::StoredStep& stored : steps) {
    bytes += stored.bytes;
  }
  return bytes;
}

/// @param steps  the oldest use first
std::vector<local::StoredStep> WhatGoes(const std::vector<local::StoredStep>& steps,
                                        const Rule& rule, Timestamp now) {
  std::vector<local::StoredStep> going;
  std::uint64_t left = BytesOf(steps);
  for (const local::StoredStep& stored : steps) {
    const bool old = rule.older_than && now - stored.used_at >= *rule.older_than;
    const bool large = rule.keep_size && left > *rule.keep_size;
    if (old || large) {
      left -= stored.bytes;
      going.push_back(stored);
    }
  }
  return going;
}

std::string SecondsText(double seconds) {
  return FormatDouble(static_cast<double>(static_cast<long long>(seconds * 10 + 0.5)) / 10) + " s";
}

double SavedBy(const local::StoredStep& stored) {
  return stored.step.seconds * static_cast<double>(stored.hits);
}

std::string TableText(const std::vector<local::StoredStep>& steps) {
  if (steps.empty()) {
    return "no steps\n";
  }
  Table table({"KEY", "STEP", "EXPERIMENT", "SIZE", "MADE", "USED", "HITS", "SAVED"});
  double saved = 0;
  for (const local::StoredStep& stored : steps) {
    const local::KeptStep& step = stored.step;
    saved += SavedBy(stored);
    table.Add({step.key.substr(0, kShownKey), Printable(step.step, 40),
               Printable(step.experiment, 40), FormatSize(stored.bytes),
               FormatSeconds(step.made_at), FormatSeconds(stored.used_at),
               std::to_string(stored.hits), SecondsText(SavedBy(stored))});
  }
  return table.Text() + "together: " + FormatSize(BytesOf(steps)) + ", " + SecondsText(saved) +
         " saved\n";
}

nlohmann::json Document(const std::vector<local::StoredStep>& steps, bool removed) {
  nlohmann::json items = nlohmann::json::array();
  for (const local::StoredStep& stored : steps) {
    items.push_back({{"key", stored.step.key},
                     {"step", stored.step.step},
                     {"experiment", stored.step.experiment},
                     {"trial", stored.step.trial},
                     {"bytes", stored.bytes},
                     {"madeAt", FormatMicros(stored.step.made_at)},
                     {"usedAt", FormatMicros(stored.used_at)},
                     {"seconds", stored.step.seconds},
                     {"hits", stored.hits},
                     {"savedSeconds", SavedBy(stored)}});
  }
  return {{"items", std::move(items)}, {"bytes", BytesOf(steps)}, {"removed", removed}};
}

/// @returns those that are gone; what a running trial uses stays
Result<std::vector<local::StoredStep>> Remove(const local::StepStore& store,
                                              const std::vector<local::StoredStep>& going) {
  std::vector<local::StoredStep> gone;
  for (const local::StoredStep& stored : going) {
    HONE_ASSIGN_OR_RETURN(const bool removed, store.Remove(stored.step.key));
    if (removed) {
      gone.push_back(stored);
    }
  }
  store.RemoveRests();
  return gone;
}

Result<int> ShowCache(const Config& config, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const Rule rule, RuleOf(options));
  const local::StepStore store(local::Layout(config.data_dir).StepCache());
  HONE_ASSIGN_OR_RETURN(auto steps, store.List());
  const bool prunes = rule.older_than || rule.keep_size;
  if (prunes) {
    const auto going = WhatGoes(steps, rule, SystemClock().Now());
    HONE_ASSIGN_OR_RETURN(steps, Remove(store, going));
  }
  if (options.output != OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintDocument(Document(steps, prunes), options.output));
  } else {
    HONE_RETURN_IF_ERROR(PrintText((prunes ? "removed:\n" : "") + TableText(steps)));
  }
  return kExitOk;
}

}  // namespace

Verb CacheVerb() {
  return MakeVerb<Options>({.name = "cache",
                            .group = kReadGroup,
                            .summary = "list what steps of pipelines left for other trials, or "
                                       "remove what is old or too large",
                            .example = "hone cache\nhone cache --older-than 30d --keep-size 10GiB",
                            .needs_folder = true},
                           &Declare, &ShowCache);
}

}  // namespace hone::cli
