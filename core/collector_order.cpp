// SPDX-License-Identifier: Apache-2.0
#include "core/collector_order.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr std::int64_t kLargestPort = 65535;

json CollectorSpecOf(const ExperimentSpec& spec) {
  const json document = ParseJson(spec.document);
  const json::json_pointer place("/spec/metricsCollectorSpec");
  return document.is_object() && document.contains(place) ? document[place] : json::object();
}

json At(const json& object, const char* path) {
  const json::json_pointer place(path);
  return object.contains(place) ? object[place] : json();
}

std::string TextOf(const json& value) {
  return value.is_string() ? value.get<std::string>() : "";
}

}  // namespace

bool CollectorOrder::NeedsProcess() const {
  return kind == CollectorKind::kPrometheus || kind == CollectorKind::kCustom ||
         kind == CollectorKind::kPush;
}

CollectorOrder OrderOf(const ExperimentSpec& spec) {
  CollectorOrder order;
  order.kind = spec.collector.kind;
  if (!order.NeedsProcess()) {
    return order;
  }
  order.metrics = spec.objective.MetricNames();
  const json collector = CollectorSpecOf(spec);
  if (order.kind == CollectorKind::kPrometheus) {
    const json port = At(collector, "/source/httpGet/port");
    order.port =
        port.is_number_integer() ? port.get<std::int64_t>() : ParseInt(TextOf(port)).value_or(0);
    order.http_path = TextOf(At(collector, "/source/httpGet/path"));
  } else if (order.kind == CollectorKind::kCustom) {
    const json container = At(collector, "/collector/customCollector");
    order.container = DumpJson(container);
    order.folder = At(collector, "/source/fileSystemPath/kind") == "Directory";
  }
  return order;
}

void CheckHttpGet(const ExperimentSpec& spec, Problems& problems) {
  if (spec.collector.kind != CollectorKind::kPrometheus) {
    return;
  }
  const std::string field = "spec.metricsCollectorSpec.source.httpGet";
  const json http = At(CollectorSpecOf(spec), "/source/httpGet");
  if (OrderOf(spec).port > kLargestPort) {
    problems.Refuse(field + ".port", "must be at most 65535");
  }
  const std::string host = TextOf(At(http, "/host"));
  if (!host.empty() && host != "localhost" && host != "127.0.0.1") {
    problems.CannotHere(field + ".host", "trials are processes of this machine; remove it");
  }
  if (const std::string scheme = TextOf(At(http, "/scheme")); !scheme.empty() && scheme != "HTTP") {
    problems.CannotHere(field + ".scheme", "only HTTP is asked; remove it");
  }
  if (!At(http, "/httpHeaders").empty()) {
    problems.CannotHere(field + ".httpHeaders", "none are sent; remove them");
  }
}

}  // namespace hone
