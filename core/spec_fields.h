// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/problem.h"
#include "core/spec_codec.h"

namespace hone {

/// What all parts of a decoding share.
struct DecodeContext {
  const SourceText& source_text;
  Problems& problems;
};

/// The members of one JSON object of an experiment file, read and put into normal form in place:
/// null members are dropped, and unquoted numbers and flags become their source text where a text
/// is wanted. Every problem is told under the member's own path. Internal to core/spec_*.cpp.
class Fields {
 public:
  /// @param object  must be a JSON object and outlive this; @param path  of it, empty for the root
  Fields(nlohmann::json& object, std::string path, DecodeContext& context);

  [[nodiscard]] bool Has(std::string_view key);
  [[nodiscard]] std::string Path(std::string_view key) const;
  [[nodiscard]] DecodeContext& context() const { return *context_; }
  [[nodiscard]] Problems& problems() const { return context_->problems; }
  [[nodiscard]] nlohmann::json& object() const { return *object_; }

  /// Nothing if the member is absent, or mistyped (which is told).
  std::optional<std::string> Text(std::string_view key);
  std::optional<std::int64_t> Integer(std::string_view key);
  std::optional<int> Count(std::string_view key);
  std::optional<double> Number(std::string_view key);
  std::optional<bool> Flag(std::string_view key);
  std::optional<Fields> Object(std::string_view key);
  std::vector<std::string> Texts(std::string_view key);
  std::vector<int> Counts(std::string_view key);
  std::vector<std::pair<std::string, std::string>> TextMap(std::string_view key);

  /// A text that must not be empty. Empty result: the problem was told.
  std::string RequiredText(std::string_view key, std::string_view what_to_do);
  /// Index of the member's word in `words`; nothing if absent, or unknown (which is told).
  std::optional<std::size_t> Word(std::string_view key, std::span<const std::string_view> words);
  /// Calls `each` with a reader for every object of a list. @returns whether the list is there
  bool ForEach(std::string_view key, const std::function<void(Fields&)>& each);

  /// Members that are part of the format but not read here: kept as they are.
  void Keep(std::initializer_list<std::string_view> keys);
  /// Members of later versions of hone: refused, because ignoring them would change the result.
  void NotYet(std::initializer_list<std::string_view> keys);
  /// Warns of every member that nobody asked for, with the nearest one that somebody did.
  void Finish();

 private:
  nlohmann::json* Find(std::string_view key);
  std::optional<std::string> TextOf(nlohmann::json& value, const std::string& path) const;
  void Mistyped(std::string_view key, std::string_view wanted);

  nlohmann::json* object_;
  std::string path_;
  DecodeContext* context_;
  std::vector<std::string_view> known_;
};

}  // namespace hone
