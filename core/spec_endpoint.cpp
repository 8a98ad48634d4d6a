// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "core/spec_parts.h"

namespace hone {
namespace {

constexpr std::int64_t kLastPort = 65535;
constexpr Duration kLongestTimeout = std::chrono::hours(1);

/// A name, an IPv4 address or an IPv6 address in brackets, then a port.
bool IsEndpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return false;
  }
  const std::string_view host = text.substr(0, colon);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  const std::string_view letters =
      bracketed ? "[]:0123456789abcdefABCDEF."
                : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  const std::int64_t port = ParseInt(text.substr(colon + 1)).value_or(0);
  return host.find_first_not_of(letters) == std::string_view::npos && port >= 1 &&
         port <= kLastPort;
}

/// What a checked experiment says; it was decoded before.
std::optional<RemoteService> ServiceOf(const ExperimentSpec& spec, const char* part) {
  nlohmann::json document = ParseJson(spec.document);
  const nlohmann::json::json_pointer place("/spec/" + std::string(part));
  if (!document.is_object() || !document.contains(place) || !document.at(place).is_object()) {
    return std::nullopt;
  }
  Problems problems;
  const SourceText no_source;
  DecodeContext context{no_source, problems};
  Fields fields(document.at(place), "", context);
  return DecodeEndpoint(fields);
}

}  // namespace

std::optional<RemoteService> DecodeEndpoint(Fields& holder) {
  RemoteService service{holder.Text("endpoint").value_or("")};
  if (holder.Has("endpoint") && !IsEndpoint(service.endpoint)) {
    holder.problems().Refuse(
        holder.Path("endpoint"),
        "must be HOST:PORT, such as 127.0.0.1:6789 (it is " + Quoted(service.endpoint) + ")");
  }
  const std::optional<Duration> timeout = DecodeDuration(holder, "endpointTimeout");
  if (timeout && service.endpoint.empty()) {
    holder.problems().Refuse(holder.Path("endpointTimeout"), "is of an endpoint; give one");
  }
  if (timeout && *timeout > kLongestTimeout) {
    holder.problems().Refuse(holder.Path("endpointTimeout"), "must be at most 1h");
  }
  service.timeout = timeout.value_or(service.timeout);
  return service.endpoint.empty() ? std::nullopt : std::optional(std::move(service));
}

std::optional<RemoteService> RemoteSearch(const ExperimentSpec& spec) {
  return ServiceOf(spec, "algorithm");
}

std::optional<RemoteService> RemoteEarlyStopping(const ExperimentSpec& spec) {
  return ServiceOf(spec, "earlyStopping");
}

}  // namespace hone
