// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "core/constraint.h"
#include "core/problem.h"

namespace hone {

/// How values are spread between the bounds. Normal: mean in the middle, sd = a sixth of the range,
/// truncated to the bounds. The log forms do the same to the logarithm.
enum class Distribution { kUniform, kLogUniform, kNormal, kLogNormal };

struct RealDomain {
  double min = 0;
  double max = 0;
  std::optional<double> step;  ///< values are min + k * step <= max
  Distribution distribution = Distribution::kUniform;
  bool operator==(const RealDomain&) const = default;
};

struct IntegerDomain {
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::int64_t step = 1;  ///< values are min + k * step <= max
  Distribution distribution = Distribution::kUniform;
  bool operator==(const IntegerDomain&) const = default;
};

/// Numbers in a list. Ordered by value; `texts` are as the user wrote them and are what trials get.
struct DiscreteDomain {
  std::vector<std::string> texts;
  std::vector<double> values;  ///< same order as texts
  bool operator==(const DiscreteDomain&) const = default;
};

/// Words without order.
struct CategoricalDomain {
  std::vector<std::string> choices;
  bool operator==(const CategoricalDomain&) const = default;
};

using Domain = std::variant<RealDomain, IntegerDomain, DiscreteDomain, CategoricalDomain>;

/// A parameter is active only when another one has one of these values.
struct Activation {
  std::string parameter;
  std::vector<std::string> in;
  bool operator==(const Activation&) const = default;
};

struct Parameter {
  std::string name;
  Domain domain;
  std::optional<Activation> active_when;
  std::optional<std::string> inactive_value;  ///< what templates get while it is inactive
  bool operator==(const Parameter&) const = default;
};

/// A value of a parameter: the text that trials get. For reals the shortest text that reads back as
/// the same number.
struct Value {
  std::string text;
  bool active = true;  ///< false: the parameter plays no role in this trial
  bool operator==(const Value&) const = default;
};

/// One value for each parameter of a space, in its order.
using Assignment = std::vector<Value>;

/// The search space. Parameters are in the user's order; names are unique.
struct Space {
  std::vector<Parameter> parameters;
  std::vector<Constraint> constraints{};  ///< over the parameters' numbers and choices, by index
  bool operator==(const Space&) const = default;

  /// Index of a name, or nothing.
  [[nodiscard]] std::optional<std::size_t> Find(std::string_view name) const;
  /// Whether every constraint holds. One that mentions an inactive parameter says nothing about
  /// this assignment, so it holds. @param values  of this space
  [[nodiscard]] bool Feasible(const Assignment& values) const;
};

/// Number of values of a domain; nothing for a continuous one.
std::optional<std::uint64_t> Cardinality(const Domain& domain);
/// Number of values of a stepped or integer range: k = 0 .. count-1, with a tolerance of 1e-9 steps
/// at the upper end.
std::uint64_t StepCount(double min, double max, double step);
/// The text of min + k * step of a real domain, without the noise of binary fractions ("0.3", not
/// "0.30000000000000004").
std::string SteppedText(double min, double step, std::uint64_t k);

/// Whether the text is a value of the domain. @errors kInvalidArgument with a sentence saying why
/// not
Status CheckValue(const Domain& domain, std::string_view text);
/// The number behind a value of a numeric domain (index of the choice for a categorical one).
Result<double> NumberOf(const Domain& domain, std::string_view text);

/// The checks of a space that need nothing but the space: numbers, order of bounds, steps, lists,
/// log scales, duplicate names, activation. @param path  of the list, such as "spec.parameters"
void CheckSpace(const Space& space, std::string_view path, Problems& problems);

}  // namespace hone
