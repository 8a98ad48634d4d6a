// SPDX-License-Identifier: Apache-2.0
#include "core/given_value.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace hone {
namespace {

double MiddleOf(double min, double max, Distribution distribution) {
  const bool log =
      distribution == Distribution::kLogUniform || distribution == Distribution::kLogNormal;
  return log ? std::exp((std::log(min) + std::log(max)) / 2) : min + (max - min) / 2;
}

/// The place of x on a grid of `count` points.
std::uint64_t PlaceOf(double x, double min, double step, std::uint64_t count) {
  const double k = std::max(0.0, std::round((x - min) / step));
  return std::min(static_cast<std::uint64_t>(k), count - 1);
}

std::string TextNear(const RealDomain& domain, double x) {
  if (!domain.step) {
    return FormatDouble(std::clamp(x, domain.min, domain.max));
  }
  const std::uint64_t count = StepCount(domain.min, domain.max, *domain.step);
  return SteppedText(domain.min, *domain.step, PlaceOf(x, domain.min, *domain.step, count));
}

/// A value that a person wrote, as algorithms write it.
struct Canonical {
  const std::string& text;

  std::string operator()(const RealDomain& domain) const {
    return TextNear(domain, ParseDouble(text).value_or(domain.min));
  }
  std::string operator()(const IntegerDomain& domain) const {
    return std::to_string(ParseInt(text).value_or(domain.min));
  }
  std::string operator()(const DiscreteDomain& /*domain*/) const { return text; }
  std::string operator()(const CategoricalDomain& /*domain*/) const { return text; }
};

/// What a parameter gets that an entry does not name: the middle of its range, on its own scale; of
/// numbers in a list the middle one, of words the first.
struct Middle {
  std::string operator()(const RealDomain& domain) const {
    return TextNear(domain, MiddleOf(domain.min, domain.max, domain.distribution));
  }
  std::string operator()(const IntegerDomain& domain) const {
    const auto min = static_cast<double>(domain.min);
    const double x = MiddleOf(min, static_cast<double>(domain.max), domain.distribution);
    const std::uint64_t count = Cardinality(domain).value_or(1);
    const std::uint64_t k = PlaceOf(x, min, static_cast<double>(domain.step), count);
    return std::to_string(domain.min + static_cast<std::int64_t>(k) * domain.step);
  }
  std::string operator()(const DiscreteDomain& domain) const {
    return domain.texts[(domain.texts.size() - 1) / 2];
  }
  std::string operator()(const CategoricalDomain& domain) const { return domain.choices.front(); }
};

/// The text in a list of numbers that is the same number: 0.10 for 0.1.
std::string AsListed(const Domain& domain, const std::string& text) {
  const auto* list = std::get_if<DiscreteDomain>(&domain);
  const std::optional<double> number = ParseDouble(text);
  if (list == nullptr || !number) {
    return text;
  }
  const auto found = std::ranges::find(list->values, *number);
  return found == list->values.end()
             ? text
             : list->texts[static_cast<std::size_t>(found - list->values.begin())];
}

}  // namespace

Result<std::string> GivenValue(const Domain& domain, const std::string& text) {
  const std::string listed = AsListed(domain, text);
  HONE_RETURN_IF_ERROR(CheckValue(domain, listed));
  return std::visit(Canonical{listed}, domain);
}

std::string MiddleValue(const Domain& domain) {
  return std::visit(Middle{}, domain);
}

}  // namespace hone
