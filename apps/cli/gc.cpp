// SPDX-License-Identifier: Apache-2.0
// hone gc: removes logs and curves of experiments that ended long ago, or take too much room; and
// what their trials left, but for the best.
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/cli/engine_host.h"
#include "apps/cli/format.h"
#include "apps/cli/left_files.h"
#include "apps/cli/open_store.h"
#include "apps/cli/output.h"
#include "apps/cli/removal.h"
#include "apps/cli/size.h"
#include "apps/cli/verb.h"
#include "base/text.h"

namespace hone::cli {
namespace {

constexpr Duration kLease = std::chrono::minutes(10);  // ends with the next holder of the lock

struct Options {
  std::string older_than;
  std::string keep_size;
  bool logs = false;
  bool curves = false;
  bool artifacts = false;
  bool checkpoints = false;
  std::string keep_best;
  bool yes = false;
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Add("--older-than", options.older_than,
           {.type = "AGE", .help = "of experiments that ended longer ago: 90m, 36h, 30d, 8w"});
  args.Add("--keep-size", options.keep_size,
           {.type = "SIZE",
            .help = "until the rest takes no more, such as 10GiB; what ended first goes first"});
  args.Flag("--logs", options.logs, "only what trials wrote");
  args.Flag("--curves", options.curves, "only the values that trials reported");
  args.Flag("--artifacts", options.artifacts,
            "instead: artifact folders of all trials of ended experiments but the best");
  args.Flag("--checkpoints", options.checkpoints,
            "instead: checkpoint folders of these, where the experiment cannot be resumed");
  args.Add("--keep-best", options.keep_best,
           {.type = "K",
            .help = "with these: trials of each experiment that keep theirs, 1 if not said"});
  args.Flag("--yes", options.yes, "remove without asking");
  args.Output(options.output);
}

Result<RetentionRule> RuleOf(const Options& options) {
  RetentionRule rule;
  if (options.older_than.empty() && options.keep_size.empty()) {
    return Fail(Code::kInvalidArgument,
                "say what goes: --older-than 30d, --keep-size 10GiB, or both");
  }
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
                  "--keep-size: must be a size such as 500M or 10GiB, "
                  "at most 1024T, not '" +
                      Printable(options.keep_size, 60) + "'");
    }
  }
  return rule;
}

std::uint64_t BytesOf(const std::vector<Holding>& going) {
  std::uint64_t bytes = 0;
  for (const Holding& holding : going) {
    bytes += holding.Bytes();
  }
  return bytes;
}

std::string TableText(const std::vector<Holding>& going) {
  if (going.empty()) {
    return "nothing to remove\n";
  }
  Table table({"NAMESPACE", "NAME", "ENDED", "LOGS", "CURVES", "NOTE"});
  for (const Holding& holding : going) {
    table.Add({holding.name_space, holding.name, FormatSeconds(holding.ended_at),
               FormatSize(holding.logs.bytes) + " in " + Counted(holding.logs.files, "file"),
               FormatSize(holding.curves.bytes) + " in " + Counted(holding.curves.rows, "value"),
               holding.unfinished ? "left by an interrupted gc" : ""});
  }
  return table.Text() + "together: " + FormatSize(BytesOf(going)) + "\n";
}

nlohmann::json Document(const std::vector<Holding>& going, bool removed) {
  nlohmann::json items = nlohmann::json::array();
  for (const Holding& holding : going) {
    items.push_back({{"namespace", holding.name_space},
                     {"name", holding.name},
                     {"uid", holding.id.text},
                     {"endedAt", FormatMicros(holding.ended_at)},
                     {"logs", {{"files", holding.logs.files}, {"bytes", holding.logs.bytes}}},
                     {"curves", {{"values", holding.curves.rows}, {"bytes", holding.curves.bytes}}},
                     {"unfinished", holding.unfinished}});
  }
  return {{"items", std::move(items)}, {"bytes", BytesOf(going)}, {"removed", removed}};
}

/// Asks on a terminal; elsewhere says how to go on.
bool Agreed(const Options& options) {
  if (options.yes) {
    return true;
  }
  const bool ask = options.output == OutputFormat::kTable && StdoutIsTerminal() &&
                   ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  if (!ask) {
    std::fprintf(stderr, "hone: nothing is removed yet: add --yes to remove it\n");
    return false;
  }
  std::fprintf(stderr, "Remove this for good? [y/N] ");
  std::fflush(stderr);
  std::string answer;
  std::getline(std::cin, answer);
  const bool agreed = answer == "y" || answer == "Y" || answer == "yes";
  if (!agreed) {
    std::fprintf(stderr, "hone: nothing is removed\n");
  }
  return agreed;
}

/// The fact first, then what it tells: a removal that is broken off is finished by the next one.
Status RemoveOne(const Config& config, Store& store, const Holding& holding, OwnerEpoch epoch) {
  if (!holding.unfinished) {
    HONE_RETURN_IF_ERROR(RecordRemoval(store, holding, epoch, SystemClock().Now()));
  }
  return CarryOutRemovals(config, store, holding.id);
}

Result<FileLock> HoldFolder(const Config& config) {
  auto lock = FileLock::Acquire(config.LockFile());
  if (!lock.has_value()) {
    return Annotate(lock.error(),
                    "gc needs the data folder for itself: try again when the hone "
                    "that uses it has ended");
  }
  return lock;
}

Status Remove(const Config& config, const std::vector<Holding>& going) {
  HONE_ASSIGN_OR_RETURN(const FileLock lock, HoldFolder(config));
  HONE_ASSIGN_OR_RETURN(const auto store, OpenStore(config, StoreAccess::kOwner));
  HONE_ASSIGN_OR_RETURN(const OwnerEpoch epoch, store->RegisterOwner(OwnerName(config), kLease));
  for (const Holding& holding : going) {
    HONE_RETURN_IF_ERROR(RemoveOne(config, *store, holding, epoch));
  }
  return {};
}

Result<LeftRule> LeftRuleOf(const Options& options) {
  LeftRule rule{.artifacts = options.artifacts, .checkpoints = options.checkpoints};
  if (options.logs || options.curves || !options.keep_size.empty()) {
    return Fail(Code::kInvalidArgument,
                "--artifacts and --checkpoints go with --keep-best and --older-than alone");
  }
  if (!options.keep_best.empty()) {
    const auto keep = ParseInt(options.keep_best);
    if (!keep || *keep < 0) {
      return Fail(Code::kInvalidArgument, "--keep-best: must be a number of trials, 0 for none");
    }
    rule.keep_best = static_cast<std::size_t>(*keep);
  }
  if (!options.older_than.empty()) {
    HONE_ASSIGN_OR_RETURN(const RetentionRule age, RuleOf(options));
    rule.older_than = age.older_than;
  }
  return rule;
}

nlohmann::json LeftDocument(const std::vector<LeftFolder>& going, bool removed) {
  nlohmann::json items = nlohmann::json::array();
  std::uint64_t bytes = 0;
  for (const LeftFolder& left : going) {
    items.push_back({{"namespace", left.name_space},
                     {"name", left.experiment},
                     {"trial", left.trial},
                     {"kind", left.kind},
                     {"files", left.files},
                     {"bytes", left.bytes}});
    bytes += left.bytes;
  }
  return {{"items", std::move(items)}, {"bytes", bytes}, {"removed", removed}};
}

std::string LeftText(const std::vector<LeftFolder>& going) {
  if (going.empty()) {
    return "nothing to remove\n";
  }
  Table table({"NAMESPACE", "TRIAL", "KIND", "SIZE"});
  std::uint64_t bytes = 0;
  for (const LeftFolder& left : going) {
    table.Add({left.name_space, left.trial, left.kind,
               FormatSize(left.bytes) + " in " + Counted(left.files, "file")});
    bytes += left.bytes;
  }
  return table.Text() + "together: " + FormatSize(bytes) + "\n";
}

Status RemoveAllLeft(const Config& config, const std::vector<LeftFolder>& going) {
  HONE_ASSIGN_OR_RETURN(const FileLock lock, HoldFolder(config));
  for (const LeftFolder& left : going) {
    HONE_RETURN_IF_ERROR(RemoveLeft(left));
  }
  return {};
}

Result<int> CollectLeft(const Config& config, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const LeftRule rule, LeftRuleOf(options));
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const auto going,
                        WhatTrialsLeft(config, session, rule, SystemClock().Now()));
  const bool table = options.output == OutputFormat::kTable;
  if (table) {
    HONE_RETURN_IF_ERROR(PrintText(LeftText(going)));
  }
  const bool remove = !going.empty() && Agreed(options);
  if (remove) {
    HONE_RETURN_IF_ERROR(RemoveAllLeft(config, going));
  }
  HONE_RETURN_IF_ERROR(table ? PrintText(remove ? "removed\n" : "")
                             : PrintDocument(LeftDocument(going, remove), options.output));
  return kExitOk;
}

Result<int> CollectGarbage(const Config& config, const Options& options) {
  if (options.artifacts || options.checkpoints) {
    return CollectLeft(config, options);
  }
  if (!options.keep_best.empty()) {
    return Fail(Code::kInvalidArgument, "--keep-best is for --artifacts and --checkpoints");
  }
  HONE_ASSIGN_OR_RETURN(const RetentionRule rule, RuleOf(options));
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  const bool all = options.logs == options.curves;  // none named, or both
  const RecordKinds kinds{all || options.logs, all || options.curves};
  HONE_ASSIGN_OR_RETURN(auto holdings, Holdings(config, session, kinds));
  const auto going = WhatGoes(std::move(holdings), rule, SystemClock().Now());
  const bool table = options.output == OutputFormat::kTable;
  if (table) {
    HONE_RETURN_IF_ERROR(PrintText(TableText(going)));
  }
  const bool remove = !going.empty() && Agreed(options);
  if (remove) {
    HONE_RETURN_IF_ERROR(Remove(config, going));
  }
  HONE_RETURN_IF_ERROR(table ? PrintText(remove ? "removed\n" : "")
                             : PrintDocument(Document(going, remove), options.output));
  return kExitOk;
}

}  // namespace

Verb GcVerb() {
  return MakeVerb<Options>({.name = "gc",
                            .group = kRunGroup,
                            .summary = "remove logs, curves and files of old experiments",
                            .example = "hone gc --older-than 30d --keep-size 10GiB\nhone gc "
                                       "--artifacts --checkpoints --keep-best 3",
                            .needs_folder = true},
                           &Declare, &CollectGarbage);
}

}  // namespace hone::cli
