// SPDX-License-Identifier: Apache-2.0
// hone events: the ledger of an experiment.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/cli/follower.h"
#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/undriven.h"
#include "apps/cli/verb.h"
#include "apps/cli/waiter.h"
#include "base/json.h"
#include "base/text.h"
#include "core/event_codec.h"

namespace hone::cli {
namespace {

constexpr std::size_t kShownPayload = 160;
constexpr Duration kLookEvery = std::chrono::milliseconds(100);

struct Options {
  std::string name;
  std::uint64_t from = 0;
  bool follow = false;
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Experiment(options.name);
  args.Add("--from", options.from, {.type = "SEQ", .help = "only events after this number"});
  args.Flag("-f,--follow", options.follow,
            "go on until the experiment has ended; with -o json one object a line");
  args.Output(options.output);
}

std::vector<std::string> Cells(const Recorded& recorded) {
  return {std::to_string(recorded.seq), FormatMicros(recorded.at),
          std::string(EventKind(recorded.event)),
          CutToWidth(EncodeEvent(recorded.event), kShownPayload)};
}

nlohmann::json Object(const Recorded& recorded) {
  return {{"seq", recorded.seq},
          {"at", FormatMicros(recorded.at)},
          {"kind", EventKind(recorded.event)},
          {"data", ParseJsonOrThrow(EncodeEvent(recorded.event))}};
}

Status PrintAll(const std::vector<Recorded>& events, OutputFormat output) {
  if (output == OutputFormat::kTable) {
    Table table({"SEQ", "AT", "EVENT", "DATA"});
    for (const Recorded& recorded : events) {
      table.Add(Cells(recorded));
    }
    return PrintText(table.Text());
  }
  nlohmann::json items = nlohmann::json::array();
  for (const Recorded& recorded : events) {
    items.push_back(Object(recorded));
  }
  return PrintDocument({{"items", std::move(items)}}, output);
}

/// One event at a time, when it is not known what comes after it.
Status PrintOne(const Recorded& recorded, OutputFormat output) {
  switch (output) {
    case OutputFormat::kTable: {
      const auto cells = Cells(recorded);
      return PrintText(Printable(Join(cells, "  "), 400) + "\n");
    }
    case OutputFormat::kJson:
      return PrintLine(Object(recorded));
    case OutputFormat::kYaml:
      HONE_RETURN_IF_ERROR(PrintText("---\n"));
      return PrintDocument(Object(recorded), output);
  }
  return {};
}

bool IsOverFor(const ExperimentState& state) {
  return state.Ended() || state.phase == ExperimentPhase::kDeleted;
}

Result<int> Follow(const Config& config, const Session& session, const ExperimentId& id,
                   const Options& options) {
  HONE_ASSIGN_OR_RETURN(const auto waiter, Waiter::Create());
  Follower follower(session.store(), id);
  UndrivenNote note(config);
  Status printed;
  const auto print = [&](const ExperimentState&, const Recorded& recorded) {
    if (recorded.seq > options.from && printed.has_value()) {
      printed = PrintOne(recorded, options.output);
    }
  };
  while (true) {
    HONE_RETURN_IF_ERROR(follower.CatchUp(print));
    HONE_RETURN_IF_ERROR(printed);
    if (IsOverFor(follower.state())) {
      return kExitOk;
    }
    HONE_RETURN_IF_ERROR(note.Look(follower.state()));
    if (waiter->Wait(kLookEvery) == Waiter::Woke::kSignal) {
      return kExitInterrupted;
    }
  }
}

Result<int> ShowEvents(const Config& config, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const ExperimentRow row, session.Find(options.name));
  if (options.follow) {
    return Follow(config, session, row.id, options);
  }
  HONE_ASSIGN_OR_RETURN(auto events, session.ReadLedger(row.id));
  std::erase_if(events, [&](const Recorded& recorded) { return recorded.seq <= options.from; });
  HONE_RETURN_IF_ERROR(PrintAll(events, options.output));
  return kExitOk;
}

}  // namespace

Verb EventsVerb() {
  return MakeVerb<Options>({.name = "events",
                            .group = kReadGroup,
                            .summary = "the ledger of an experiment",
                            .example = "hone events digits --from 100\n"
                                       "hone events -f digits -o json"},
                           &Declare, &ShowEvents);
}

}  // namespace hone::cli
