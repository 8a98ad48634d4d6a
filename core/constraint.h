// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace hone {

/// A condition over parameters, such as `layers * units <= 4096 && optimizer != "sgd"`.
///
/// Numbers, texts in double quotes, names (in backticks if they hold other characters than
/// letters, digits and underscores), `+ - * /`, `< <= > >= == !=`, `! && ||`, parentheses. Types
/// are checked by Parse, so Holds cannot fail: division by zero gives infinity or NaN, and every
/// comparison with NaN but `!=` is false. Linear in its text, which is limited in length and depth.
class Constraint {
 public:
  enum class Type { kNumber, kText };
  using Value = std::variant<double, std::string_view>;

  static constexpr std::size_t kMostBytes = 4096;
  static constexpr int kMostDepth = 64;

  /// @param names  the parameters, in the order in which Holds is given their values
  /// @errors kInvalidArgument with the column for a syntax error, an unknown name, a wrong type
  static Result<Constraint> Parse(std::string_view text,
                                  const std::vector<std::pair<std::string, Type>>& names);

  /// @param values  one for each name given to Parse, of that name's type
  [[nodiscard]] bool Holds(std::span<const Value> values) const;
  /// Indices of the names in it, each perhaps more than once.
  [[nodiscard]] const std::vector<std::size_t>& names() const { return names_; }

  bool operator==(const Constraint&) const = default;

 private:
  friend class ConstraintParser;
  enum class Op { kNumber, kText, kName, kNegate, kNot, kBinary };
  enum class Binary { kAdd, kSub, kMul, kDiv, kLt, kLe, kGt, kGe, kEq, kNe, kAnd, kOr };
  struct Step {
    Op op = Op::kNumber;
    Binary binary = Binary::kAdd;
    double number = 0;
    std::string text;
    std::size_t name = 0;
    bool operator==(const Step&) const = default;
  };
  static double Numbers(Binary op, double a, double b);
  static void Combine(Binary op, std::vector<Value>& stack);

  std::vector<Step> steps_;  // postfix; a truth value is the number 0 or 1
  std::vector<std::size_t> names_;
};

}  // namespace hone
