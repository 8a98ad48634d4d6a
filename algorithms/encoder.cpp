// SPDX-License-Identifier: Apache-2.0
#include "algorithms/encoder.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace hone {

/// One coordinate. Bounded numbers live on a scale (linear or logarithmic) between two edges; those
/// with cells have edges half a step outside their first and last value, so that no value is
/// favoured.
struct SpaceEncoder::Axis {
  Domain domain;
  std::uint64_t cells = 0;            // 0: continuous
  std::vector<std::size_t> by_value;  // discrete: cell -> index in the list
  bool log = false;
  double first = 0;  // value of cell 0
  double step = 0;   // between the values of neighbouring cells
  double edge_low = 0;
  double edge_high = 1;

  bool bell = false;  // normal or logNormal, with these on the unit scale
  double mean = 0.5;
  double sd = 0;

  std::optional<std::size_t> parent;        // activeWhen
  std::vector<std::uint64_t> active_cells;  // of the parent
  std::string inactive_text;

  explicit Axis(const Parameter& parameter);
  /// Binds the parameter's activeWhen to the axes before it.
  Status SetParent(const Space& space, const Activation& activation,
                   std::span<const std::shared_ptr<const Axis>> before);
  void SetScale(double min, double max, Distribution distribution);
  [[nodiscard]] double ToScale(double x) const { return log ? std::log(x) : x; }
  [[nodiscard]] double ToUnit(double on_scale) const;
  [[nodiscard]] bool IsStepped() const { return step > 0; }
  [[nodiscard]] std::uint64_t CellAt(double u) const;
  [[nodiscard]] double Middle(std::uint64_t cell) const;
  [[nodiscard]] double Edge(std::uint64_t cell) const;
  [[nodiscard]] std::string TextOfCell(std::uint64_t cell) const;
  [[nodiscard]] std::string TextAt(double u) const;
  [[nodiscard]] std::uint64_t CellOfNumber(double number) const;
  [[nodiscard]] double UnitOf(double number) const;
  [[nodiscard]] bool IsActive(std::span<const std::uint64_t> chosen,
                              const Assignment& values) const;
};

namespace {

// Normal distributions have the range at plus and minus three standard deviations.
constexpr double kDeviationsInRange = 6;

bool IsLog(Distribution distribution) {
  return distribution == Distribution::kLogUniform || distribution == Distribution::kLogNormal;
}

/// Into [0, 1]; NaN becomes 0.
double Clamped(double u) {
  return u > 0 ? std::min(u, 1.0) : 0.0;
}

bool IsBell(Distribution distribution) {
  return distribution == Distribution::kNormal || distribution == Distribution::kLogNormal;
}

}  // namespace

SpaceEncoder::Axis::Axis(const Parameter& parameter)
    : domain(parameter.domain), inactive_text(parameter.inactive_value.value_or("")) {
  cells = Cardinality(domain).value_or(0);
  if (const auto* real = std::get_if<RealDomain>(&domain)) {
    first = real->min;
    step = real->step.value_or(0);
    SetScale(real->min, real->max, real->distribution);
  } else if (const auto* integer = std::get_if<IntegerDomain>(&domain)) {
    first = static_cast<double>(integer->min);
    step = static_cast<double>(integer->step);
    SetScale(first, static_cast<double>(integer->max), integer->distribution);
  } else if (const auto* discrete = std::get_if<DiscreteDomain>(&domain)) {
    by_value.resize(discrete->values.size());
    std::iota(by_value.begin(), by_value.end(), std::size_t{0});
    std::ranges::sort(by_value, {}, [&](std::size_t i) { return discrete->values[i]; });
  }
}

Status SpaceEncoder::Axis::SetParent(const Space& space, const Activation& activation,
                                     std::span<const std::shared_ptr<const Axis>> before) {
  parent = space.Find(activation.parameter);
  const Axis& decides = *before[parent.value_or(0)];
  for (const std::string& text : activation.in) {
    const Result<double> number = NumberOf(decides.domain, text);
    if (!number) {
      return tl::make_unexpected(number.error());
    }
    // As a cell, so that "0.3" and 0.1 + 0.2 are the same value of a stepped parent.
    active_cells.push_back(decides.CellOfNumber(*number));
  }
  return {};
}

void SpaceEncoder::Axis::SetScale(double min, double max, Distribution distribution) {
  log = IsLog(distribution);
  const double half = step / 2;
  const double last = IsStepped() ? first + static_cast<double>(cells - 1) * step : max;
  // A step larger than min would put the lowest edge at or below zero, where a log scale ends.
  const double lowest = log && IsStepped() ? std::max(min - half, min / 2) : min - half;
  edge_low = ToScale(lowest);
  edge_high = ToScale(last + half);
  bell = IsBell(distribution) && max > min;
  if (bell) {
    mean = ToUnit((ToScale(min) + ToScale(max)) / 2);
    sd = (ToScale(max) - ToScale(min)) / kDeviationsInRange / (edge_high - edge_low);
  }
}

double SpaceEncoder::Axis::ToUnit(double on_scale) const {
  if (!(edge_high > edge_low)) {
    return 0.5;
  }
  return std::clamp((on_scale - edge_low) / (edge_high - edge_low), 0.0, 1.0);
}

std::uint64_t SpaceEncoder::Axis::CellAt(double u) const {
  double cell = std::floor(u * static_cast<double>(cells));
  if (log && IsStepped()) {
    const double x = std::exp(edge_low + u * (edge_high - edge_low));
    cell = std::floor((x - first) / step + 0.5);
  }
  const double last = static_cast<double>(cells - 1);
  return std::min(cells - 1, static_cast<std::uint64_t>(std::clamp(cell, 0.0, last)));
}

double SpaceEncoder::Axis::Middle(std::uint64_t cell) const {
  const auto k = static_cast<double>(cell);
  if (!log || !IsStepped()) {
    return (k + 0.5) / static_cast<double>(cells);
  }
  const double low = cell == 0 ? edge_low : std::log(first + (k - 0.5) * step);
  const double high = std::log(first + (k + 0.5) * step);
  return ToUnit((low + high) / 2);
}

double SpaceEncoder::Axis::Edge(std::uint64_t cell) const {
  const auto k = static_cast<double>(cell);
  if (!log || !IsStepped()) {
    return k / static_cast<double>(cells);
  }
  return ToUnit(std::log(first + (k - 0.5) * step));
}

std::string SpaceEncoder::Axis::TextOfCell(std::uint64_t cell) const {
  HONE_CHECK(cell < cells, "a cell must be one of its axis");
  if (const auto* real = std::get_if<RealDomain>(&domain)) {
    return real->step ? SteppedText(real->min, *real->step, cell) : FormatDouble(real->min);
  }
  if (const auto* integer = std::get_if<IntegerDomain>(&domain)) {
    return std::to_string(integer->min + static_cast<std::int64_t>(cell) * integer->step);
  }
  if (const auto* discrete = std::get_if<DiscreteDomain>(&domain)) {
    return discrete->texts[by_value[cell]];
  }
  return std::get<CategoricalDomain>(domain).choices[cell];
}

std::string SpaceEncoder::Axis::TextAt(double u) const {
  if (cells > 0) {
    return TextOfCell(CellAt(u));
  }
  const auto& real = std::get<RealDomain>(domain);
  const double on_scale = edge_low + u * (edge_high - edge_low);
  double x = std::clamp(log ? std::exp(on_scale) : on_scale, real.min, real.max);
  if (u <= 0 || u >= 1) {
    x = u <= 0 ? real.min : real.max;  // exp(log(bound)) need not be the bound
  }
  return FormatDouble(x + 0.0);  // "+ 0.0": no text "-0"
}

std::uint64_t SpaceEncoder::Axis::CellOfNumber(double number) const {
  if (const auto* integer = std::get_if<IntegerDomain>(&domain)) {
    // Not through doubles: their differences of whole numbers stop being exact at 2^53.
    const auto offset = static_cast<std::int64_t>(number) - integer->min;
    return static_cast<std::uint64_t>(offset / integer->step);
  }
  if (const auto* discrete = std::get_if<DiscreteDomain>(&domain)) {
    const auto found = std::ranges::lower_bound(by_value, number, {},
                                                [&](std::size_t i) { return discrete->values[i]; });
    return static_cast<std::uint64_t>(found - by_value.begin());
  }
  if (IsStepped()) {
    return static_cast<std::uint64_t>(std::max(0.0, std::round((number - first) / step)));
  }
  return static_cast<std::uint64_t>(number);  // index of a choice
}

double SpaceEncoder::Axis::UnitOf(double number) const {
  const bool one_value = cells == 1;
  if (one_value) {
    return 0.5;
  }
  return cells > 0 ? Middle(std::min(CellOfNumber(number), cells - 1)) : ToUnit(ToScale(number));
}

bool SpaceEncoder::Axis::IsActive(std::span<const std::uint64_t> chosen,
                                  const Assignment& values) const {
  if (!parent) {
    return true;
  }
  return values[*parent].active &&
         std::ranges::find(active_cells, chosen[*parent]) != active_cells.end();
}

SpaceEncoder::SpaceEncoder(std::vector<std::shared_ptr<const Axis>> axes,
                           std::shared_ptr<const Space> space)
    : axes_(std::move(axes)), space_(std::move(space)) {}

Result<SpaceEncoder> SpaceEncoder::Create(const Space& space) {
  Problems problems;
  CheckSpace(space, "spec.parameters", problems);
  for (const Problem& problem : problems.list()) {
    if (problem.severity == Problem::Severity::kError) {
      return Fail(Code::kInvalidArgument, problem.message, problem.field);
    }
  }
  std::vector<std::shared_ptr<const Axis>> axes;
  for (const Parameter& parameter : space.parameters) {
    auto axis = std::make_shared<Axis>(parameter);
    HONE_RETURN_IF_ERROR(
        parameter.active_when ? axis->SetParent(space, *parameter.active_when, axes) : Status());
    axes.push_back(std::move(axis));
  }
  return SpaceEncoder(std::move(axes), std::make_shared<const Space>(space));
}

std::optional<std::uint64_t> SpaceEncoder::Cells(std::size_t dimension) const {
  const std::uint64_t cells = axes_[dimension]->cells;
  return cells > 0 ? std::optional(cells) : std::nullopt;
}

bool SpaceEncoder::IsCategorical(std::size_t dimension) const {
  return std::holds_alternative<CategoricalDomain>(axes_[dimension]->domain);
}

Assignment SpaceEncoder::Decode(std::span<const double> u) const {
  HONE_CHECK(u.size() == axes_.size(), "a point has one coordinate for each parameter");
  Assignment values;
  values.reserve(axes_.size());
  std::vector<std::uint64_t> chosen(axes_.size(), 0);
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    const Axis& axis = *axes_[i];
    const double unit = Clamped(u[i]);
    if (!axis.IsActive(chosen, values)) {
      values.push_back({axis.inactive_text, false});
      continue;
    }
    if (axis.cells > 0) {
      chosen[i] = axis.CellAt(unit);
      values.push_back({axis.TextOfCell(chosen[i]), true});
    } else {
      values.push_back({axis.TextAt(unit), true});
    }
  }
  return values;
}

Result<std::vector<double>> SpaceEncoder::Encode(const Assignment& values) const {
  if (values.size() != axes_.size()) {
    return Fail(Code::kInvalidArgument, std::to_string(values.size()) + " values for " +
                                            std::to_string(axes_.size()) + " parameters");
  }
  std::vector<double> u(axes_.size(), 0.5);
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    if (!values[i].active) {
      continue;
    }
    const Result<double> number = NumberOf(axes_[i]->domain, values[i].text);
    if (!number) {
      return tl::make_unexpected(number.error());
    }
    u[i] = axes_[i]->UnitOf(*number);
  }
  return u;
}

double SpaceEncoder::FromUniform(std::size_t dimension, double u) const {
  const Axis& axis = *axes_[dimension];
  if (!axis.bell) {
    return u;
  }
  const boost::math::normal_distribution<double> normal(axis.mean, axis.sd);
  const double below = boost::math::cdf(normal, 0.0);
  const double within = boost::math::cdf(normal, 1.0) - below;
  return std::clamp(boost::math::quantile(normal, below + u * within), 0.0, 1.0);
}

Assignment SpaceEncoder::Draw(Rng& rng) const {
  std::vector<double> u(dimensions());
  for (std::size_t d = 0; d < u.size(); ++d) {
    u[d] = FromUniform(d, rng.Uniform());
  }
  return Decode(u);
}

Value SpaceEncoder::ValueOfCell(std::size_t dimension, std::uint64_t cell) const {
  return {axes_[dimension]->TextOfCell(cell), true};
}

std::uint64_t SpaceEncoder::CellOf(std::size_t dimension, double u) const {
  HONE_CHECK(axes_[dimension]->cells > 0, "a continuous axis has no cells");
  return axes_[dimension]->CellAt(Clamped(u));
}

std::optional<std::size_t> SpaceEncoder::ParentOf(std::size_t dimension) const {
  return axes_[dimension]->parent;
}

std::span<const std::uint64_t> SpaceEncoder::ActiveCells(std::size_t dimension) const {
  return axes_[dimension]->active_cells;
}

Value SpaceEncoder::InactiveValue(std::size_t dimension) const {
  return {axes_[dimension]->inactive_text, false};
}

double SpaceEncoder::MiddleOf(std::size_t dimension, std::uint64_t cell) const {
  return axes_[dimension]->Middle(cell);
}

double SpaceEncoder::EdgeOf(std::size_t dimension, std::uint64_t cell) const {
  HONE_CHECK(cell > 0 && cell < axes_[dimension]->cells, "an edge is between two cells");
  return axes_[dimension]->Edge(cell);
}

std::string KeyOf(const Assignment& values) {
  std::string key;
  for (const Value& value : values) {
    key += value.text;
    key += value.active ? '\n' : '\r';
  }
  return key;
}

}  // namespace hone
