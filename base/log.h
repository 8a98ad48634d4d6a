// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace hone {

/// error: someone must act; warn: degraded; info: state changes; debug: off by default.
enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };
enum class LogFormat { kLogfmt, kJson };

/// One typed field of a log line. Values are escaped by the writer: trial output and names are
/// untrusted.
struct LogField {
  LogField(std::string_view field_key, std::string_view text)
      : key(field_key), value(text), quoted(true) {}
  LogField(std::string_view field_key, const std::string& text)
      : LogField(field_key, std::string_view(text)) {}
  LogField(std::string_view field_key, const char* text)
      : LogField(field_key, std::string_view(text)) {}
  LogField(std::string_view field_key, bool flag)
      : key(field_key), value(flag ? "true" : "false") {}
  LogField(std::string_view field_key, int number) : LogField(field_key, std::int64_t{number}) {}
  LogField(std::string_view field_key, std::int64_t number);
  LogField(std::string_view field_key, std::uint64_t number);
  LogField(std::string_view field_key, std::uint32_t number)
      : LogField(field_key, std::uint64_t{number}) {}
  LogField(std::string_view field_key, double number);

  std::string_view key;
  std::string value;
  bool quoted = false;
};

/// Sets up logging on stderr; the default is warn and logfmt. Call before threads start.
void ConfigureLog(LogLevel level, LogFormat format);
bool LogEnabled(LogLevel level);
/// Use HONE_LOG. @threads safe
void WriteLog(LogLevel level, std::string_view event, std::initializer_list<LogField> fields);

}  // namespace hone

/// HONE_LOG(kInfo, "trial_started", {"experiment", id}, {"trial", n}): a constant event name and
/// typed fields.
#define HONE_LOG(level, event, ...)                                      \
  (::hone::LogEnabled(::hone::LogLevel::level)                           \
       ? ::hone::WriteLog(::hone::LogLevel::level, event, {__VA_ARGS__}) \
       : static_cast<void>(0))
