// SPDX-License-Identifier: Apache-2.0
#include "core/space.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace hone {
namespace {

// Doubles hold every integer up to here.
constexpr double kLargestWhole = 9007199254740992.0;  // 2^53
// How far a value may sit off its grid, or beyond the upper bound, in steps.
constexpr double kGridTolerance = 1e-9;
// Decimal digits that a double keeps whatever the number (DBL_DIG).
constexpr int kSafeDigits = 15;

template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

bool IsLog(Distribution distribution) {
  return distribution == Distribution::kLogUniform || distribution == Distribution::kLogNormal;
}

std::string_view Word(Distribution distribution) {
  switch (distribution) {
    case Distribution::kUniform:
      return "uniform";
    case Distribution::kLogUniform:
      return "logUniform";
    case Distribution::kNormal:
      return "normal";
    case Distribution::kLogNormal:
      return "logNormal";
  }
  return "uniform";
}

std::uint64_t IntegerCount(const IntegerDomain& domain) {
  const auto range =
      static_cast<std::uint64_t>(domain.max) - static_cast<std::uint64_t>(domain.min);
  return range / static_cast<std::uint64_t>(domain.step) + 1;
}

/// Decimal places of a number's shortest text: 0.25 has 2, 1e-5 has 5, 300 has 0.
int DecimalPlaces(double x) {
  std::array<char, 32> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), x, std::chars_format::scientific)
          .ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = text.find('e');
  if (e == std::string_view::npos) {
    return 0;
  }
  const std::size_t point = text.find('.');
  const int digits = point == std::string_view::npos ? 0 : static_cast<int>(e - point - 1);
  std::string_view exponent_text = text.substr(e + 1);
  if (exponent_text.starts_with('+')) {
    exponent_text.remove_prefix(1);
  }
  int exponent = 0;
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  return std::max(0, digits - exponent);
}

double RoundToPlaces(double x, int places) {
  std::array<char, 64> buffer{};
  const auto printed = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x,
                                     std::chars_format::fixed, places);
  double rounded = x;
  std::from_chars(buffer.data(), printed.ptr, rounded);
  return rounded + 0.0;  // turns -0 into 0
}

double SteppedNumber(double min, double step, std::uint64_t k) {
  const double offset = static_cast<double>(k) * step;
  const double x = min + offset;
  const double largest = std::max(std::abs(min), std::abs(offset));
  const int places = std::max(DecimalPlaces(min), DecimalPlaces(step));
  const int whole_digits = largest < 1 ? 0 : static_cast<int>(std::floor(std::log10(largest))) + 1;
  // Beyond the digits that a double keeps, decimal rounding would change the number itself.
  return places + whole_digits > kSafeDigits ? x : RoundToPlaces(x, places);
}

Status Below(std::string_view text, const std::string& bound) {
  return Fail(Code::kInvalidArgument, Quoted(text) + " is below the minimum " + bound);
}

Status Above(std::string_view text, const std::string& bound) {
  return Fail(Code::kInvalidArgument, Quoted(text) + " is above the maximum " + bound);
}

Status CheckReal(const RealDomain& domain, std::string_view text) {
  const std::optional<double> x = ParseDouble(text);
  if (!x || !std::isfinite(*x)) {
    return Fail(Code::kInvalidArgument, Quoted(text) + " is not a finite number");
  }
  const double slack = domain.step ? kGridTolerance * *domain.step : 0.0;
  if (*x < domain.min - slack) {
    return Below(text, FormatDouble(domain.min));
  }
  if (*x > domain.max + slack) {
    return Above(text, FormatDouble(domain.max));
  }
  if (!domain.step) {
    return {};
  }
  const double k = std::round((*x - domain.min) / *domain.step);
  const double count = static_cast<double>(StepCount(domain.min, domain.max, *domain.step));
  const double nearest = domain.min + k * *domain.step;
  const double rounding =
      4 * std::numeric_limits<double>::epsilon() * std::max(std::abs(domain.min), std::abs(*x));
  if (k < 0 || k >= count || std::abs(*x - nearest) > slack + rounding) {
    return Fail(Code::kInvalidArgument, Quoted(text) + " is not on the grid of step " +
                                            FormatDouble(*domain.step) + " from " +
                                            FormatDouble(domain.min));
  }
  return {};
}

Status CheckInteger(const IntegerDomain& domain, std::string_view text) {
  const std::optional<std::int64_t> x = ParseInt(text);
  if (!x) {
    return Fail(Code::kInvalidArgument, Quoted(text) + " is not a whole number");
  }
  if (*x < domain.min) {
    return Below(text, std::to_string(domain.min));
  }
  if (*x > domain.max) {
    return Above(text, std::to_string(domain.max));
  }
  const auto offset = static_cast<std::uint64_t>(*x) - static_cast<std::uint64_t>(domain.min);
  if (offset % static_cast<std::uint64_t>(domain.step) != 0) {
    return Fail(Code::kInvalidArgument, Quoted(text) + " is not on the grid of step " +
                                            std::to_string(domain.step) + " from " +
                                            std::to_string(domain.min));
  }
  return {};
}

Result<std::size_t> IndexIn(std::span<const std::string> list, std::string_view text) {
  const auto found = std::ranges::find(list, text);
  if (found == list.end()) {
    return Fail(Code::kInvalidArgument, Quoted(text) + " is not in the list");
  }
  return static_cast<std::size_t>(found - list.begin());
}

using FirstOf = std::unordered_map<std::string_view, std::size_t>;

/// The checks of one parameter; every problem is reported under the parameter's own path.
class ParameterCheck {
 public:
  /// @param first_of  where each name stands first
  ParameterCheck(const Space& space, const FirstOf& first_of, std::size_t index,
                 std::string_view list_path, Problems& problems)
      : space_(space),
        first_of_(first_of),
        index_(index),
        parameter_(space.parameters[index]),
        path_(std::string(list_path) + "[" + std::to_string(index) + "]"),
        problems_(problems) {}

  void Run() {
    CheckName();
    std::visit([this](const auto& domain) { CheckDomain(domain); }, parameter_.domain);
    if (parameter_.active_when) {
      CheckActivation(*parameter_.active_when);
    } else if (parameter_.inactive_value) {
      problems_.Warn(path_ + ".inactiveValue",
                     "has no effect without activeWhen; remove it or add activeWhen");
    }
  }

 private:
  [[nodiscard]] std::string Field(std::string_view name) const {
    return path_ + ".feasibleSpace." + std::string(name);
  }

  void CheckName() {
    if (parameter_.name.empty()) {
      problems_.Refuse(path_ + ".name", "is empty; give the parameter a name");
      return;
    }
    const std::size_t first = first_of_.at(parameter_.name);
    if (first < index_) {
      problems_.Refuse(path_ + ".name", Quoted(parameter_.name) + " is already parameter " +
                                            std::to_string(first) + "; names must be unique");
    }
  }

  /// @returns whether both bounds can be reasoned about further
  bool CheckBounds(double min, double max, const std::string& min_text,
                   const std::string& max_text) {
    bool finite = true;
    for (const auto& [name, bound] : {std::pair{"min", min}, std::pair{"max", max}}) {
      if (!std::isfinite(bound)) {
        problems_.Refuse(Field(name), "must be a finite number");
        finite = false;
      }
    }
    if (!finite) {
      return false;
    }
    if (min > max) {
      problems_.Refuse(Field("max"), "must be >= min (" + max_text + " < " + min_text +
                                         "); swap the bounds or correct one");
      return false;
    }
    return true;
  }

  void CheckLogScale(double min, const std::string& min_text, Distribution distribution) {
    if (IsLog(distribution) && !(min > 0)) {
      problems_.Refuse(Field("min"), "must be > 0 for " + std::string(Word(distribution)) +
                                         " (it is " + min_text +
                                         "); raise it or use another distribution");
    }
  }

  void CheckDomain(const RealDomain& domain) {
    const std::string min_text = FormatDouble(domain.min);
    const bool ordered = CheckBounds(domain.min, domain.max, min_text, FormatDouble(domain.max));
    if (ordered && !std::isfinite(domain.max - domain.min)) {
      problems_.Refuse(Field("max"), "max - min is too large for a double; narrow the range");
      return;
    }
    if (ordered) {
      CheckLogScale(domain.min, min_text, domain.distribution);
    }
    if (domain.step) {
      CheckRealStep(domain, *domain.step, ordered);
    }
  }

  void CheckRealStep(const RealDomain& domain, double step, bool ordered) {
    if (!std::isfinite(step) || step <= 0) {
      problems_.Refuse(Field("step"), "must be a finite number > 0 (it is " + FormatDouble(step) +
                                          "); leave it out for a continuous range");
      return;
    }
    const double range = domain.max - domain.min;
    if (!ordered || range == 0) {
      return;
    }
    if (step > range * (1 + kGridTolerance)) {
      problems_.Refuse(Field("step"), "must be <= max - min (" + FormatDouble(step) + " > " +
                                          FormatDouble(range) + "), else only min is ever tried");
    } else if (range / step >= kLargestWhole) {
      problems_.Refuse(Field("step"),
                       "cuts the range into more than 2^53 values; use a larger step or none");
    }
  }

  void CheckDomain(const IntegerDomain& domain) {
    const auto min = static_cast<double>(domain.min);
    const auto max = static_cast<double>(domain.max);
    const std::string min_text = std::to_string(domain.min);
    for (const auto& [name, bound] : {std::pair{"min", min}, std::pair{"max", max}}) {
      if (std::abs(bound) > kLargestWhole) {
        problems_.Refuse(Field(name), "must lie between -2^53 and 2^53");
      }
    }
    const bool ordered = CheckBounds(min, max, min_text, std::to_string(domain.max));
    if (ordered) {
      CheckLogScale(min, min_text, domain.distribution);
    }
    if (domain.step <= 0) {
      problems_.Refuse(Field("step"), "must be >= 1 (it is " + std::to_string(domain.step) + ")");
    } else if (ordered && max > min && static_cast<double>(domain.step) > max - min) {
      problems_.Refuse(Field("step"), "must be <= max - min (" + std::to_string(domain.step) +
                                          " > " + FormatDouble(max - min) +
                                          "), else only min is ever tried");
    }
  }

  void CheckDomain(const DiscreteDomain& domain) {
    if (domain.texts.empty()) {
      problems_.Refuse(Field("list"), "is empty; list at least one number");
    }
    HONE_CHECK(domain.texts.size() == domain.values.size(),
               "a discrete domain has one number for each text");
    std::set<double> seen;
    for (std::size_t i = 0; i < domain.values.size(); ++i) {
      const std::string field = Field("list[" + std::to_string(i) + "]");
      if (!std::isfinite(domain.values[i])) {
        problems_.Refuse(field, Quoted(domain.texts[i]) +
                                    " is not a finite number; use parameterType categorical for "
                                    "words");
      } else if (!seen.insert(domain.values[i]).second) {
        problems_.Refuse(field, "the number " + Quoted(domain.texts[i]) +
                                    " is in the list already; remove one of the two");
      }
    }
  }

  void CheckDomain(const CategoricalDomain& domain) {
    if (domain.choices.empty()) {
      problems_.Refuse(Field("list"), "is empty; list at least one choice");
    }
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < domain.choices.size(); ++i) {
      if (!seen.insert(domain.choices[i]).second) {
        problems_.Refuse(
            Field("list[" + std::to_string(i) + "]"),
            Quoted(domain.choices[i]) + " is in the list already; remove one of the two");
      }
    }
  }

  void CheckActivation(const Activation& activation) {
    const std::string path = path_ + ".activeWhen";
    const auto parent = first_of_.find(activation.parameter);
    if (parent == first_of_.end() || parent->second >= index_) {
      problems_.Refuse(path + ".parameter",
                       parent != first_of_.end()
                           ? Quoted(activation.parameter) +
                                 " must stand before the parameter that depends on it; move it "
                                 "up in the list"
                           : "there is no parameter " + Quoted(activation.parameter));
      return;
    }
    const Domain& domain = space_.parameters[parent->second].domain;
    const auto* real = std::get_if<RealDomain>(&domain);
    if (real != nullptr && !real->step) {
      problems_.Refuse(path + ".parameter",
                       Quoted(activation.parameter) +
                           " is continuous; only a parameter with countable values can decide");
      return;
    }
    if (activation.in.empty()) {
      problems_.Refuse(path + ".in", "is empty, so the parameter is never active; list values of " +
                                         Quoted(activation.parameter));
    }
    for (std::size_t i = 0; i < activation.in.size(); ++i) {
      if (const Status known = CheckValue(domain, activation.in[i]); !known) {
        problems_.Refuse(path + ".in[" + std::to_string(i) + "]",
                         known.error().message + " of parameter " + Quoted(activation.parameter));
      }
    }
  }

  const Space& space_;
  const FirstOf& first_of_;
  std::size_t index_;
  const Parameter& parameter_;
  std::string path_;
  Problems& problems_;
};

}  // namespace

std::optional<std::size_t> Space::Find(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &Parameter::name);
  if (found == parameters.end()) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - parameters.begin());
}

bool Space::Feasible(const Assignment& values) const {
  if (constraints.empty()) {
    return true;
  }
  std::vector<Constraint::Value> known;
  known.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::holds_alternative<CategoricalDomain>(parameters[i].domain)) {
      known.emplace_back(std::string_view(values[i].text));
    } else {
      known.emplace_back(ParseDouble(values[i].text).value_or(0));
    }
  }
  return std::ranges::all_of(constraints, [&](const Constraint& constraint) {
    const auto inactive = [&values](std::size_t i) { return !values[i].active; };
    return std::ranges::any_of(constraint.names(), inactive) || constraint.Holds(known);
  });
}

std::optional<std::uint64_t> Cardinality(const Domain& domain) {
  using Count = std::optional<std::uint64_t>;
  return std::visit(Overload{[](const RealDomain& d) -> Count {
                               if (d.step) {
                                 return StepCount(d.min, d.max, *d.step);
                               }
                               return d.min == d.max ? Count(1) : Count();
                             },
                             [](const IntegerDomain& d) -> Count { return IntegerCount(d); },
                             [](const DiscreteDomain& d) -> Count { return d.texts.size(); },
                             [](const CategoricalDomain& d) -> Count { return d.choices.size(); }},
                    domain);
}

std::uint64_t StepCount(double min, double max, double step) {
  const double steps = std::floor((max - min) / step + kGridTolerance);
  if (!(steps >= 0)) {
    return 0;
  }
  return steps >= kLargestWhole ? std::uint64_t{1} << 53 : static_cast<std::uint64_t>(steps) + 1;
}

std::string SteppedText(double min, double step, std::uint64_t k) {
  return FormatDouble(SteppedNumber(min, step, k));
}

Status CheckValue(const Domain& domain, std::string_view text) {
  const auto in_list = [text](std::span<const std::string> list) -> Status {
    HONE_RETURN_IF_ERROR(IndexIn(list, text));
    return {};
  };
  return std::visit(Overload{[&](const RealDomain& d) { return CheckReal(d, text); },
                             [&](const IntegerDomain& d) { return CheckInteger(d, text); },
                             [&](const DiscreteDomain& d) { return in_list(d.texts); },
                             [&](const CategoricalDomain& d) { return in_list(d.choices); }},
                    domain);
}

Result<double> NumberOf(const Domain& domain, std::string_view text) {
  if (const auto* discrete = std::get_if<DiscreteDomain>(&domain)) {
    HONE_ASSIGN_OR_RETURN(const std::size_t index, IndexIn(discrete->texts, text));
    return discrete->values[index];
  }
  if (const auto* categorical = std::get_if<CategoricalDomain>(&domain)) {
    HONE_ASSIGN_OR_RETURN(const std::size_t index, IndexIn(categorical->choices, text));
    return static_cast<double>(index);
  }
  HONE_RETURN_IF_ERROR(CheckValue(domain, text));
  if (std::holds_alternative<IntegerDomain>(domain)) {
    return static_cast<double>(ParseInt(text).value_or(0));
  }
  return ParseDouble(text).value_or(0);
}

void CheckSpace(const Space& space, std::string_view path, Problems& problems) {
  FirstOf first_of;
  for (std::size_t i = 0; i < space.parameters.size(); ++i) {
    first_of.emplace(space.parameters[i].name, i);
  }
  for (std::size_t i = 0; i < space.parameters.size(); ++i) {
    ParameterCheck(space, first_of, i, path, problems).Run();
  }
}

}  // namespace hone
