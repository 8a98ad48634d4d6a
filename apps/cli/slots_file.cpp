// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/slots_file.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/guard.h"
#include "base/json.h"
#include "base/log.h"

namespace hone::cli {
namespace {

using nlohmann::json;

constexpr Duration kGather = std::chrono::milliseconds(200);

json ToJson(const SlotsView& view, const std::vector<LocalGpu>& gpus) {
  json items = json::array();
  for (const LocalGpu& gpu : gpus) {
    items.push_back({{"name", gpu.name}, {"model", gpu.model}, {"memoryBytes", gpu.memory_bytes}});
  }
  json uses = json::array();
  for (const SlotUse& use : view.uses) {
    uses.push_back({{"uid", use.id.text},
                    {"name", use.name},
                    {"namespace", use.name_space},
                    {"cpus", use.demand.cpus},
                    {"gpus", use.demand.gpus},
                    {"memoryBytes", use.demand.memory_bytes},
                    {"held", use.held},
                    {"want", use.want},
                    {"waits", use.waits}});
  }
  return {{"pid", ::getpid()},
          {"cpus", view.total.cpus},
          {"gpus", view.total.gpus},
          {"memoryBytes", view.total.memory_bytes},
          {"gpuItems", std::move(items)},
          {"uses", std::move(uses)}};
}

EngineSlots FromJson(const json& document) {
  EngineSlots slots;
  SlotsView& view = slots.view;
  view.total = {.cpus = document.at("cpus"),
                .gpus = document.at("gpus"),
                .memory_bytes = document.at("memoryBytes")};
  for (const json& use : document.at("uses")) {
    view.uses.push_back({.id = {use.at("uid").get<std::string>()},
                         .name = use.at("name"),
                         .name_space = use.at("namespace"),
                         .demand = {.cpus = use.at("cpus"),
                                    .gpus = use.at("gpus"),
                                    .memory_bytes = use.at("memoryBytes")},
                         .held = use.at("held"),
                         .want = use.at("want"),
                         .waits = use.at("waits")});
  }
  for (const json& gpu : document.at("gpuItems")) {
    slots.gpus.push_back(
        {.name = gpu.at("name"), .model = gpu.at("model"), .memory_bytes = gpu.at("memoryBytes")});
  }
  return slots;
}

}  // namespace

std::filesystem::path SlotsFile(const Config& config) {
  return config.data_dir / "slots.json";
}

SlotsWriter::SlotsWriter(std::filesystem::path file, std::vector<LocalGpu> gpus, Executor& io)
    : file_(std::move(file)), gpus_(std::move(gpus)), io_(io) {}

void SlotsWriter::Follow(const std::shared_ptr<Engine>& engine) {
  state_.WithLock([&](State& state) { state.engine = engine; });
  Changed();
}

void SlotsWriter::Changed() {
  const bool first =
      state_.WithLock([](State& state) { return !std::exchange(state.scheduled, true); });
  if (!first) {
    return;
  }
  io_.PostAfter(kGather, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->Write();
    }
  });
}

void SlotsWriter::Write() {
  const auto engine = state_.WithLock([](State& state) {
    state.scheduled = false;
    return state.engine.lock();
  });
  if (engine == nullptr) {
    return;
  }
  const std::string text = DumpJson(ToJson(engine->Slots(), gpus_));
  if (const Status written = WriteFile(file_, text + "\n"); !written.has_value()) {
    HONE_LOG(kWarn, "slots_not_written", {"reason", written.error().Text()});
  }
}

Result<std::optional<EngineSlots>> ReadSlots(const Config& config) {
  HONE_ASSIGN_OR_RETURN(const int holder, FileLock::Holder(config.LockFile()));
  if (holder == 0) {
    return std::nullopt;
  }
  const auto text = ReadFile(SlotsFile(config));
  if (!text.has_value()) {
    // An engine that has just started.
    return text.error().code == Code::kNotFound ? Result<std::optional<EngineSlots>>(std::nullopt)
                                                : tl::make_unexpected(text.error());
  }
  return Guard(Code::kDataLoss, "read " + SlotsFile(config).string(),
               [&]() -> Result<std::optional<EngineSlots>> {
                 const json document = ParseJsonOrThrow(*text);
                 if (document.at("pid") != holder) {
                   return std::nullopt;  // of an engine before
                 }
                 return FromJson(document);
               });
}

std::string WhyItWaits(const Config& config, const ExperimentId& id) {
  const std::optional<EngineSlots> slots = ReadSlots(config).value_or(std::nullopt);
  if (!slots) {
    return "";  // what is told without it holds, too
  }
  for (const SlotUse& use : slots->view.uses) {
    if (use.id == id) {
      return use.waits;
    }
  }
  return "";
}

}  // namespace hone::cli
