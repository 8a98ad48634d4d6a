// SPDX-License-Identifier: Apache-2.0
// hone events: the ledger of an experiment.
#include <nlohmann/json.hpp>

#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/verbs.h"
#include "core/event_codec.h"

namespace hone::cli {
namespace {

constexpr std::size_t kShownPayload = 160;

std::string TableText(const std::vector<Recorded>& events) {
  Table table({"SEQ", "AT", "EVENT", "DATA"});
  for (const Recorded& recorded : events) {
    table.Add({std::to_string(recorded.seq), FormatMicros(recorded.at),
               std::string(EventKind(recorded.event)),
               CutToWidth(EncodeEvent(recorded.event), kShownPayload)});
  }
  return table.Text();
}

nlohmann::json Document(const std::vector<Recorded>& events) {
  nlohmann::json items = nlohmann::json::array();
  for (const Recorded& recorded : events) {
    items.push_back({{"seq", recorded.seq},
                     {"at", FormatMicros(recorded.at)},
                     {"kind", EventKind(recorded.event)},
                     {"data", nlohmann::json::parse(EncodeEvent(recorded.event))}});
  }
  return {{"items", std::move(items)}};
}

}  // namespace

Result<int> ShowEvents(const Config& config, const EventsOptions& options) {
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  HONE_ASSIGN_OR_RETURN(const ExperimentRow row, session.Find(options.name));
  HONE_ASSIGN_OR_RETURN(auto events, session.ReadLedger(row.id));
  std::erase_if(events, [&](const Recorded& recorded) { return recorded.seq <= options.from; });
  if (options.output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(TableText(events)));
  } else {
    HONE_RETURN_IF_ERROR(PrintDocument(Document(events), options.output));
  }
  return kExitOk;
}

}  // namespace hone::cli
