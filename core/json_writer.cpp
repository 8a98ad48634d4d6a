// SPDX-License-Identifier: Apache-2.0
#include "core/json_writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace hone {
namespace {

bool IsPlain(char c) {
  return c >= ' ' && c < '\x7f' && c != '"' && c != '\\';
}

template <class T>
void AppendNumber(std::string& out, T number) {
  char buffer[24];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, number);
  static_cast<void>(error);  // 24 bytes hold any 64-bit integer
  out.append(buffer, end);
}

}  // namespace

void JsonWriter::Comma() {
  if (!first_) {
    out_ += ',';
  }
  first_ = false;
}

void JsonWriter::BeginObject() {
  Comma();
  out_ += '{';
  first_ = true;
}

void JsonWriter::EndObject() {
  out_ += '}';
  first_ = false;
}

void JsonWriter::BeginArray() {
  Comma();
  out_ += '[';
  first_ = true;
}

void JsonWriter::EndArray() {
  out_ += ']';
  first_ = false;
}

void JsonWriter::Key(std::string_view key) {
  String(key);
  out_ += ':';
  first_ = true;  // the value that follows needs no comma
}

void JsonWriter::String(std::string_view text) {
  Comma();
  if (std::all_of(text.begin(), text.end(), IsPlain)) {
    out_ += '"';
    out_ += text;
    out_ += '"';
    return;
  }
  const nlohmann::json value = std::string(text);
  out_ += DumpJson(value);
}

void JsonWriter::Integer(std::int64_t number) {
  Comma();
  AppendNumber(out_, number);
}

void JsonWriter::Unsigned(std::uint64_t number) {
  Comma();
  AppendNumber(out_, number);
}

void JsonWriter::Real(double number) {
  Comma();
  out_ += std::isfinite(number) ? FormatDouble(number) : "null";
}

void JsonWriter::Bool(bool flag) {
  Comma();
  out_ += flag ? "true" : "false";
}

}  // namespace hone
