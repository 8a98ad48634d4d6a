// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hone {

/// Appends JSON to a string without building a document: events are written by the ten thousand a
/// second. Invalid UTF-8 becomes U+FFFD, NaN and infinities become null.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void BeginObject();
  void EndObject();
  void BeginArray();
  void EndArray();
  /// Before each value of an object.
  void Key(std::string_view key);
  void String(std::string_view text);
  void Integer(std::int64_t number);
  void Unsigned(std::uint64_t number);
  void Real(double number);
  void Bool(bool flag);

 private:
  void Comma();
  std::string& out_;
  bool first_ = true;  // nothing written yet in the innermost object or array
};

}  // namespace hone
