// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

namespace hone {
namespace {

constexpr std::size_t kLongestValue = 4096;  // bytes of one value; the rest is cut

std::atomic<LogLevel> g_level{LogLevel::kWarn};
std::atomic<LogFormat> g_format{LogFormat::kLogfmt};

// Only writes whole lines: levels and format are ours. Never destroyed, so that threads may log
// until the very end.
spdlog::logger& Sink() {
  static auto* const sink = [] {
    auto* logger = new spdlog::logger("hone", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
    return logger;
  }();
  return *sink;
}

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
    case LogLevel::kOff:
      return "off";
  }
  return "off";
}

bool IsBare(std::string_view text) {
  return !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos;
}

// Printable text holds no control characters, so only two are left to escape.
std::string LogfmtValue(std::string_view text) {
  if (IsBare(text)) {
    return std::string(text);
  }
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + "\"";
}

std::string JsonText(std::string_view text) {
  return DumpJson(nlohmann::json(text));
}

void AppendField(std::string& line, LogFormat format, std::string_view key, const LogField& field) {
  const std::string value = Printable(field.value, kLongestValue);
  const bool json = format == LogFormat::kJson;
  if (!line.empty()) {
    line += json ? ',' : ' ';
  }
  if (json) {
    line += JsonText(key) + ":" + (field.quoted ? JsonText(value) : value);
  } else {
    line.append(key).append("=").append(field.quoted ? LogfmtValue(value) : value);
  }
}

}  // namespace

LogField::LogField(std::string_view field_key, std::int64_t number)
    : key(field_key), value(std::to_string(number)) {}

LogField::LogField(std::string_view field_key, std::uint64_t number)
    : key(field_key), value(std::to_string(number)) {}

LogField::LogField(std::string_view field_key, double number)
    : key(field_key), value(FormatDouble(number)), quoted(!std::isfinite(number)) {}

void ConfigureLog(LogLevel level, LogFormat format) {
  g_level = level;
  g_format = format;
}

bool LogEnabled(LogLevel level) {
  return level != LogLevel::kOff && level >= g_level;
}

void WriteLog(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  const LogFormat format = g_format;
  std::string line;
  const auto add = [&](const LogField& field) { AppendField(line, format, field.key, field); };
  add({"ts", FormatMicros(SystemClock().Now())});
  add({"level", LevelName(level)});
  add({"event", event});
  for (const LogField& field : fields) {
    add(field);
  }
  Sink().info(format == LogFormat::kJson ? "{" + line + "}" : line);
}

}  // namespace hone
