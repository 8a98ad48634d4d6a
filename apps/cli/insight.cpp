// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/insight.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <string_view>
#include <utility>

#include "algorithms/encoder.h"
#include "base/text.h"
#include "core/activation.h"
#include "core/given_value.h"
#include "core/history.h"

namespace hone::cli {

Result<std::vector<PastTrial>> ReadPastTrials(const Session& session,
                                              const ExperimentState& state) {
  HONE_ASSIGN_OR_RETURN(const std::vector<Recorded> ledger, session.ReadLedger(state.id));
  std::vector<HistoryItem> history;
  for (const Recorded& recorded : ledger) {
    if (std::optional<HistoryItem> item = ToHistory(*state.spec, recorded)) {
      history.push_back(*std::move(item));
    }
  }
  return PastTrials(history);
}

namespace {

constexpr std::uint64_t kMostInSweep = 11;
constexpr char kAt[] = "--at";

tl::unexpected<Error> NoSuchParameter(const Space& space, std::string_view name,
                                      const char* where) {
  std::vector<std::string_view> names;
  names.reserve(space.parameters.size());
  for (const Parameter& parameter : space.parameters) {
    names.push_back(parameter.name);
  }
  const std::string_view near = Nearest(name, names);
  return Fail(Code::kInvalidArgument,
              "there is no parameter '" + Printable(name, 80) + "'" +
                  (near.empty() ? std::string() : ", did you mean " + std::string(near) + "?"),
              where);
}

/// Where the first NAME=VALUE ends: at a comma with another one behind it.
std::size_t EndOfItem(std::string_view text) {
  std::size_t end = text.find(',');
  while (end != std::string_view::npos) {
    const std::size_t next = text.find(',', end + 1);
    const std::string_view behind = text.substr(end + 1, next - end - 1);
    if (behind.find('=') != std::string_view::npos) {
      break;
    }
    end = next;
  }
  return end;
}

/// The texts that are given, by parameter.
Result<std::map<std::size_t, std::string>> GivenIn(const Space& space, std::string_view text) {
  std::map<std::size_t, std::string> given;
  while (!text.empty()) {
    const std::size_t end = EndOfItem(text);
    const std::string_view item = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const std::size_t equals = item.find('=');
    const std::string_view name = item.substr(0, equals);
    if (equals == std::string_view::npos) {
      return Fail(Code::kInvalidArgument, "'" + Printable(item, 80) + "' is not NAME=VALUE", kAt);
    }
    const std::optional<std::size_t> index = space.Find(name);
    if (!index) {
      return NoSuchParameter(space, name, kAt);
    }
    if (!given.emplace(*index, item.substr(equals + 1)).second) {
      return Fail(Code::kInvalidArgument, "'" + std::string(name) + "' is given twice", kAt);
    }
  }
  return given;
}

/// @param given  null: not named
Result<Value> ValueOf(const Parameter& parameter, bool active, const std::string* given,
                      const Value* base) {
  if (!active) {
    if (given != nullptr) {
      return Fail(Code::kInvalidArgument,
                  "'" + parameter.name + "' is inactive beside the other values, by its activeWhen",
                  kAt);
    }
    return Value{parameter.inactive_value.value_or(""), false};
  }
  if (given == nullptr) {
    return base != nullptr && base->active ? *base : Value{MiddleValue(parameter.domain), true};
  }
  Result<std::string> text = GivenValue(parameter.domain, *given);
  if (!text) {
    return Fail(Code::kInvalidArgument, parameter.name + ": " + text.error().message, kAt);
  }
  return Value{*std::move(text), true};
}

Result<Assignment> PointOf(const Space& space, const std::map<std::size_t, std::string>& given,
                           const std::optional<Assignment>& base) {
  Assignment point;
  for (std::size_t i = 0; i < space.parameters.size(); ++i) {
    const Parameter& parameter = space.parameters[i];
    const auto found = given.find(i);
    HONE_ASSIGN_OR_RETURN(Value value, ValueOf(parameter, IsActive(space, parameter, point),
                                               found == given.end() ? nullptr : &found->second,
                                               base ? &base->at(i) : nullptr));
    point.push_back(std::move(value));
  }
  return point;
}

/// Values of a parameter, evenly over its coordinate.
std::vector<std::string> ValuesOver(const SpaceEncoder& encoder, std::size_t parameter,
                                    std::vector<double> u) {
  const std::optional<std::uint64_t> cells = encoder.Cells(parameter);
  const std::uint64_t most = encoder.IsCategorical(parameter) ? cells.value_or(0) : kMostInSweep;
  const std::uint64_t count = std::min(cells.value_or(most), most);
  std::vector<std::string> values;
  for (std::uint64_t i = 0; i < count; ++i) {
    const double place = count > 1 ? static_cast<double>(i) / static_cast<double>(count - 1) : 0.5;
    u[parameter] = place;
    const std::string text = cells && *cells == count ? encoder.ValueOfCell(parameter, i).text
                                                      : encoder.Decode(u)[parameter].text;
    values.push_back(text);
  }
  return values;
}

}  // namespace

Result<Assignment> PointAt(const Space& space, const std::string& text,
                           const std::optional<Assignment>& base) {
  HONE_ASSIGN_OR_RETURN(const auto given, GivenIn(space, text));
  return PointOf(space, given, base);
}

Result<std::vector<Assignment>> SweepOf(const Space& space, const std::string& parameter,
                                        const Assignment& point) {
  const std::optional<std::size_t> index = space.Find(parameter);
  if (!index) {
    return NoSuchParameter(space, parameter, "--sweep");
  }
  if (!point[*index].active) {
    return Fail(
        Code::kInvalidArgument,
        "'" + parameter + "' is inactive beside the other values; name the values with --at",
        "--sweep");
  }
  HONE_ASSIGN_OR_RETURN(const SpaceEncoder encoder, SpaceEncoder::Create(space));
  HONE_ASSIGN_OR_RETURN(const std::vector<double> u, encoder.Encode(point));
  std::vector<Assignment> points;
  for (const std::string& text : ValuesOver(encoder, *index, u)) {
    HONE_ASSIGN_OR_RETURN(Assignment next, PointOf(space, {{*index, text}}, point));
    points.push_back(std::move(next));
  }
  return points;
}

std::string FixedText(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

}  // namespace hone::cli
