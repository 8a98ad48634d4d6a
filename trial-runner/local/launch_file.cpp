// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/attempt_files.h"
#include "trial-runner/local/pipeline_order.h"

namespace hone::local {
namespace {

namespace files = attempt_files;

template <class T>
T Number(std::string_view text) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

class Writer {
 public:
  void Add(std::string_view key, std::string_view value) {
    has_nul = has_nul || value.find('\0') != std::string_view::npos;
    text.append(key).append(value).push_back('\0');
  }
  void AddUnlessEmpty(std::string_view key, std::string_view value) {
    if (!value.empty()) {
      Add(key, value);
    }
  }
  void AddAll(std::string_view key, const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      Add(key, value);
    }
  }

  std::string text;
  bool has_nul = false;
};

void WriteReplica(const ReplicaPlan& replica, Writer& out) {
  out.Add(files::kReplica, replica.name);
  out.Add(files::kRestart, replica.restart);
  if (replica.decides) {
    out.Add(files::kDecides, "");
  }
  if (replica.primary) {
    out.Add(files::kPrimary, "");
  }
  out.Add(files::kFolder, replica.folder.string());
  out.AddAll(files::kArgument, replica.argv);
  out.AddAll(files::kVariable, replica.env);
}

void WriteCollector(const HelperPlan& collector, Writer& out) {
  out.Add(files::kReplica, files::kCollectorName);
  out.Add(files::kCollector, "");
  if (collector.ready_first) {
    out.Add(files::kReadyFirst, "");
  }
  out.Add(files::kFolder, collector.folder.string());
  out.AddAll(files::kArgument, collector.argv);
  out.AddAll(files::kVariable, collector.env);
}

// Removes the key if the text begins with it.
bool Take(std::string_view& item, std::string_view key) {
  const bool has = item.starts_with(key);
  item.remove_prefix(has ? key.size() : 0);
  return has;
}

// @returns whether it is a text of the collector, which comes last.
bool TakeCollector(std::string_view item, LaunchPlan& plan) {
  if (!plan.collector) {
    const bool begins =
        item.starts_with(files::kReplica) &&
        item.substr(std::string_view(files::kReplica).size()) == files::kCollectorName;
    if (begins) {
      plan.collector.emplace();
    }
    return begins;
  }
  if (Take(item, files::kArgument)) {
    plan.collector->argv.emplace_back(item);
  } else if (Take(item, files::kVariable)) {
    plan.collector->env.emplace_back(item);
  } else if (Take(item, files::kFolder)) {
    plan.collector->folder = item;
  } else if (item == files::kReadyFirst) {
    plan.collector->ready_first = true;
  }
  return true;
}

// @returns whether it is a text of a process. Those before the first replica are a plain trial's.
bool TakeOwn(std::string_view item, LaunchPlan& plan) {
  ReplicaPlan* const replica = plan.replicas.empty() ? nullptr : &plan.replicas.back();
  if (Take(item, files::kArgument)) {
    (replica == nullptr ? plan.argv : replica->argv).emplace_back(item);
  } else if (Take(item, files::kVariable)) {
    (replica == nullptr ? plan.env : replica->env).emplace_back(item);
  } else if (Take(item, files::kFolder)) {
    (replica == nullptr ? plan.folder : replica->folder) = item;
  } else if (Take(item, files::kReplica)) {
    plan.replicas.push_back(
        {.name = std::string(item), .restart = {}, .argv = {}, .env = {}, .folder = {}});
  } else if (replica != nullptr && Take(item, files::kRestart)) {
    replica->restart = item;
  } else if (replica != nullptr && item == files::kDecides) {
    replica->decides = true;
  } else if (replica != nullptr && item == files::kPrimary) {
    replica->primary = true;
  } else {
    return false;
  }
  return true;
}

bool TakeJob(std::string_view item, LaunchPlan& plan) {
  if (Take(item, files::kJobKind)) {
    plan.job.kind = item;
  } else if (Take(item, files::kJobName)) {
    plan.job.name = item;
  } else if (Take(item, files::kSuccessIf)) {
    plan.job.success_condition = item;
  } else if (Take(item, files::kFailureIf)) {
    plan.job.failure_condition = item;
  } else if (Take(item, files::kBackoffLimit)) {
    plan.backoff_limit = Number<std::uint32_t>(item);
  } else {
    return false;
  }
  return true;
}

void TakeCommon(std::string_view item, LaunchPlan& plan) {
  if (Take(item, files::kOomCounter)) {
    plan.oom_counter = item;
  } else if (Take(item, files::kMetricsFrom)) {
    plan.metrics_from = item;
  } else if (Take(item, files::kCleanup)) {
    plan.cleanup.emplace_back(item);
  } else if (item == files::kHasOwnNetwork) {
    plan.own_network = true;
  } else if (Take(item, files::kMetricsTo)) {
    plan.metrics_to = item;
  } else if (Take(item, files::kGrace)) {
    plan.grace = Duration(Number<std::int64_t>(item));
  } else if (Take(item, files::kLogQuota)) {
    plan.log_quota = Number<std::uint64_t>(item);
  } else if (Take(item, files::kDeadline) && item != "0") {
    plan.deadline = Duration(Number<std::int64_t>(item));
  } else if (Take(item, files::kGpus) && !item.empty()) {
    const auto gpus = Split(item, ',');
    plan.gpus.assign(gpus.begin(), gpus.end());
  }
}

const ReplicaPlan* Primary(const LaunchPlan& plan) {
  const auto found = std::ranges::find(plan.replicas, true, &ReplicaPlan::primary);
  return found == plan.replicas.end() ? nullptr : &*found;
}

}  // namespace

const std::vector<std::string>& LaunchPlan::PrimaryEnv() const {
  const ReplicaPlan* const primary = Primary(*this);
  return primary == nullptr ? env : primary->env;
}

const std::filesystem::path& LaunchPlan::PrimaryFolder() const {
  const ReplicaPlan* const primary = Primary(*this);
  return primary == nullptr ? folder : primary->folder;
}

std::optional<std::string> LogNameOf(const LaunchPlan& plan, std::string_view replica) {
  if (replica.empty()) {
    return files::kOutput;
  }
  if (plan.collector && replica == files::kCollectorName) {
    return std::string(files::kReplicaLogStart).append(replica) + files::kReplicaLogEnd;
  }
  const auto found = std::ranges::find(plan.replicas, replica, &ReplicaPlan::name);
  if (plan.job.kind == workflow::kKind) {  // a step; whether it has run, its log tells
    return std::string(files::kReplicaLogStart).append(FileNameOf(replica)) + files::kReplicaLogEnd;
  }
  if (found == plan.replicas.end()) {
    return std::nullopt;
  }
  return found->primary
             ? files::kOutput
             : std::string(files::kReplicaLogStart).append(replica) + files::kReplicaLogEnd;
}

Result<std::string> EncodeLaunch(const LaunchPlan& plan) {
  Writer out;
  out.Add(files::kLaunchMagic, "");
  out.Add(files::kDeadline, std::to_string(plan.deadline.value_or(Duration::zero()).count()));
  out.Add(files::kGrace, std::to_string(plan.grace.count()));
  out.Add(files::kLogQuota, std::to_string(plan.log_quota));
  out.AddUnlessEmpty(files::kOomCounter, plan.oom_counter);
  out.Add(files::kGpus, Join(plan.gpus, ","));
  if (!plan.metrics_from.empty()) {
    out.Add(files::kMetricsFrom, plan.metrics_from);
    out.Add(files::kMetricsTo, plan.metrics_to.string());
  }
  out.AddAll(files::kCleanup, plan.cleanup);
  if (plan.own_network) {
    out.Add(files::kHasOwnNetwork, "");
  }
  if (plan.replicas.empty()) {
    out.Add(files::kFolder, plan.folder.string());
    out.AddAll(files::kArgument, plan.argv);
    out.AddAll(files::kVariable, plan.env);
  } else {
    out.Add(files::kBackoffLimit, std::to_string(plan.backoff_limit));
  }
  if (!plan.job.kind.empty()) {
    out.Add(files::kJobKind, plan.job.kind);
    out.Add(files::kJobName, plan.job.name);
    out.Add(files::kSuccessIf, plan.job.success_condition);
    out.Add(files::kFailureIf, plan.job.failure_condition);
  }
  for (const ReplicaPlan& replica : plan.replicas) {
    WriteReplica(replica, out);
  }
  if (plan.collector) {
    WriteCollector(*plan.collector, out);
  }
  out.Add(files::kLaunchEnd, "");
  if (out.has_nul) {
    return Fail(Code::kInvalidArgument, "the command or a variable contains a NUL character");
  }
  return std::move(out.text);
}

std::optional<LaunchPlan> DecodeLaunch(std::string_view text) {
  const std::vector<std::string_view> texts = Split(text, '\0');
  // Split gives an empty text after the last NUL.
  if (texts.size() < 3 || texts.front() != files::kLaunchMagic || !texts.back().empty() ||
      texts[texts.size() - 2] != files::kLaunchEnd) {
    return std::nullopt;
  }
  LaunchPlan plan;
  for (const std::string_view item : texts) {
    if (!TakeCollector(item, plan) && !TakeOwn(item, plan) && !TakeJob(item, plan)) {
      TakeCommon(item, plan);
    }
  }
  return plan;
}

}  // namespace hone::local
