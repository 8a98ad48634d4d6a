// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// A condition's path as a tree, for core/condition.cpp only.
namespace hone::condition {

enum class Comparison {
  kExists,
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kLike,
  kUnlike
};

struct Step;
struct Query;

struct Path {
  std::vector<Step> steps;  ///< none: the value itself
};

struct Step {
  enum class Kind { kKey, kEach, kFirst, kAll, kTogether, kThis };
  Kind kind = Kind::kKey;
  bool piped = false;  ///< a `|` stands before it
  std::string key;
  std::shared_ptr<const Query> query;  ///< of kFirst and kAll; shared by copies of the step
  std::vector<Path> paths;             ///< of kTogether
};

struct Query {
  Path key;
  Comparison op = Comparison::kExists;
  std::string literal;  ///< without its quotes
};

/// @errors kInvalidArgument: "at character 7: ..."
Result<Path> ParsePath(std::string_view text);

}  // namespace hone::condition
