// SPDX-License-Identifier: Apache-2.0
// hone devices: what this machine offers to trials, who has it, and what waits.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/slot_options.h"
#include "apps/cli/slots_file.h"
#include "apps/cli/verb.h"
#include "base/text.h"

namespace hone::cli {
namespace {

using nlohmann::json;

struct Options {
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Output(options.output);
}

struct Devices {
  SlotsView view;
  Demand used{.cpus = 0, .gpus = 0};
  bool driven = false;  // an engine told the view
  std::vector<LocalGpu> gpus;
  std::map<std::string, std::string> holders;  // trial by name of GPU
};

/// The GPUs that a running trial has: its place ends with ", gpu 0,1".
void AddHolders(const ExperimentState& state, std::map<std::string, std::string>& holders) {
  constexpr std::string_view kMark = ", gpu ";
  for (const TrialNumber number : state.active) {
    const TrialState& trial = *state.Find(number);
    const std::size_t at = trial.place.rfind(kMark);
    if (trial.phase != TrialPhase::kRunning || at == std::string::npos) {
      continue;
    }
    for (const std::string_view gpu :
         Split(std::string_view(trial.place).substr(at + kMark.size()), ',')) {
      holders.emplace(gpu, state.NameOf(trial));
    }
  }
}

Demand UsedBy(const std::vector<SlotUse>& uses) {
  Demand used;
  used.cpus = 0;
  for (const SlotUse& use : uses) {
    used.cpus += use.demand.cpus * use.held;
    used.gpus += use.demand.gpus * use.held;
    used.memory_bytes += use.demand.memory_bytes * use.held;
  }
  return used;
}

/// Reads the ledgers of those that have GPUs.
Status FindHolders(const Config& config, Devices& devices) {
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  for (const SlotUse& use : devices.view.uses) {
    if (use.demand.gpus == 0 || use.held == 0) {
      continue;
    }
    HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(use.id));
    AddHolders(state, devices.holders);
  }
  return {};
}

Result<Devices> Find(const Config& config) {
  Devices devices;
  HONE_ASSIGN_OR_RETURN(auto slots, ReadSlots(config));
  devices.driven = slots.has_value();
  if (!devices.driven) {
    devices.gpus = LocalGpus(SlotOptions(config));
    devices.view.total = LocalCapacity(SlotOptions(config));
    return devices;
  }
  devices.gpus = std::move(slots->gpus);
  devices.view = std::move(slots->view);
  devices.used = UsedBy(devices.view.uses);
  HONE_RETURN_IF_ERROR(FindHolders(config, devices));
  return devices;
}

std::string ResourceTable(const Devices& devices) {
  const Capacity& total = devices.view.total;
  const Demand& used = devices.used;
  const auto left = [](auto all, auto taken) { return all > taken ? all - taken : 0; };
  Table table({"RESOURCE", "TOTAL", "IN USE", "FREE"});
  table.Add({"cpus", std::to_string(total.cpus), std::to_string(used.cpus),
             std::to_string(left(total.cpus, used.cpus))});
  table.Add({"gpus", std::to_string(total.gpus), std::to_string(used.gpus),
             std::to_string(left(total.gpus, used.gpus))});
  if (total.memory_bytes > 0) {
    table.Add({"memory", MemoryText(total.memory_bytes), MemoryText(used.memory_bytes),
               MemoryText(left(total.memory_bytes, used.memory_bytes))});
  } else {
    table.Add({"memory", "not counted", "", ""});
  }
  return table.Text();
}

std::string GpuTable(const Devices& devices) {
  Table table({"GPU", "MODEL", "MEMORY", "TRIAL"});
  for (const LocalGpu& gpu : devices.gpus) {
    const auto holder = devices.holders.find(gpu.name);
    table.Add({Printable(gpu.name, 80), gpu.model.empty() ? "declared" : Printable(gpu.model, 80),
               gpu.memory_bytes > 0 ? MemoryText(gpu.memory_bytes) : "",
               holder == devices.holders.end() ? "" : holder->second});
  }
  return table.Text();
}

std::string UseTable(const Devices& devices) {
  Table table({"EXPERIMENT", "NAMESPACE", "RUNS", "A TRIAL TAKES", "WAITS"});
  for (const SlotUse& use : devices.view.uses) {
    table.Add({use.name, use.name_space, std::to_string(use.held), DemandText(use.demand),
               Printable(use.waits, 200)});
  }
  return table.Text();
}

std::string TableText(const Devices& devices) {
  std::string text = ResourceTable(devices);
  if (!devices.gpus.empty()) {
    text += "\n" + GpuTable(devices);
  }
  if (!devices.view.uses.empty()) {
    text += "\n" + UseTable(devices);
  }
  return text;
}

json Document(const Devices& devices) {
  json gpus = json::array();
  for (const LocalGpu& gpu : devices.gpus) {
    json item = {{"name", gpu.name}, {"model", gpu.model}, {"memoryBytes", gpu.memory_bytes}};
    if (const auto holder = devices.holders.find(gpu.name); holder != devices.holders.end()) {
      item["trial"] = holder->second;
    }
    gpus.push_back(std::move(item));
  }
  json uses = json::array();
  for (const SlotUse& use : devices.view.uses) {
    uses.push_back({{"name", use.name},
                    {"namespace", use.name_space},
                    {"running", use.held},
                    {"trial",
                     {{"cpus", use.demand.cpus},
                      {"gpus", use.demand.gpus},
                      {"memoryBytes", use.demand.memory_bytes}}},
                    {"waits", use.waits}});
  }
  const Capacity& total = devices.view.total;
  return {{"cpus", {{"total", total.cpus}, {"used", devices.used.cpus}}},
          {"gpus", {{"total", total.gpus}, {"used", devices.used.gpus}, {"items", gpus}}},
          {"memoryBytes", {{"total", total.memory_bytes}, {"used", devices.used.memory_bytes}}},
          {"engine", devices.driven},
          {"experiments", std::move(uses)}};
}

Result<int> ShowDevices(const Config& config, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const Devices devices, Find(config));
  if (options.output == OutputFormat::kTable) {
    HONE_RETURN_IF_ERROR(PrintText(TableText(devices)));
  } else {
    HONE_RETURN_IF_ERROR(PrintDocument(Document(devices), options.output));
  }
  return kExitOk;
}

}  // namespace

Verb DevicesVerb() {
  return MakeVerb<Options>({.name = "devices",
                            .group = kReadGroup,
                            .summary = "CPUs, GPUs and memory for trials: who has them, what waits",
                            .example = "hone devices",
                            .needs_folder = true},
                           &Declare, &ShowDevices);
}

}  // namespace hone::cli
