// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.h"

namespace hone {

/// A successCondition or failureCondition of a trial template: a question about the JSON of its
/// job, in the part of the GJSON path language that Katib's templates use.
///
///   status.conditions.#(type=="Complete")#|#(status=="True")#
///
/// A path is keys, array indexes, `#` (every element; at the end: their number), queries `#(...)`
/// (the first element that matches) and `#(...)#` (all of them), `[path,path]` (an array of what
/// the paths find) and `@this`. A query is `key op literal` with == != < <= > >= % (like, with *
/// and ?) !%, or a key alone, which must exist; the key may be a path of its own or be left out to
/// mean the element. After `#` or `#(...)#` a `.` goes on within each element, a `|` with the
/// whole array. `\` takes the next character of a key as it is.
/// @threads  immutable after creation; copies share the same expression
/// @source   github.com/tidwall/gjson, SYNTAX.md
class Condition {
 public:
  /// @errors kInvalidArgument: where the text cannot be read, and what was expected; words of GJSON
  /// that hone does not know are refused, not ignored
  static Result<Condition> Parse(std::string_view text);

  /// Whether the path leads to something: a missing one, null and an empty array do not hold.
  /// @errors kResourceExhausted: more than 100,000 values on the way
  /// @cost   O(steps * size of the job)
  [[nodiscard]] Result<bool> Holds(const nlohmann::json& job) const;

  /// What the path finds, as JSON text; empty text: nothing. For people and tests.
  [[nodiscard]] Result<std::string> Find(const nlohmann::json& job) const;

  struct Path;  ///< of condition.cpp

 private:
  explicit Condition(std::shared_ptr<const Path> path) : path_(std::move(path)) {}
  std::shared_ptr<const Path> path_;  // immutable
};

}  // namespace hone
