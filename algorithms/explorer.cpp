// SPDX-License-Identifier: Apache-2.0
#include "algorithms/explorer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "algorithms/feasible.h"
#include "base/text.h"

namespace hone {
namespace {

// Where a range holds 0, a value moves as if it were at least this share of the range from 0.
constexpr double kLeastShare = 0.1;
// Of changes that a constraint may forbid.
constexpr int kMostChanges = 100;

/// The cell of a target on a grid, another one than before if there is one on that side.
std::uint64_t CellNear(double target, double min, double step, std::uint64_t now,
                       std::uint64_t cells) {
  const auto last = static_cast<double>(cells - 1);
  const double wanted = std::clamp(std::round((target - min) / step), 0.0, last);
  const auto cell = static_cast<std::uint64_t>(wanted);
  if (cell != now) {
    return cell;
  }
  const bool up = target > min + static_cast<double>(now) * step;
  if (up) {
    return std::min(now + 1, cells - 1);
  }
  return now == 0 ? 0 : now - 1;
}

/// The neighbour on one side, or the only one.
std::uint64_t Neighbour(std::uint64_t now, std::uint64_t cells, bool up) {
  if (cells == 1) {
    return 0;
  }
  const bool upwards = now == 0 || (up && now + 1 < cells);
  return upwards ? now + 1 : now - 1;
}

}  // namespace

Result<Assignment> Explorer::Fresh(Rng& rng) const {
  return DrawFeasible(encoder_.space(), [&] { return encoder_.Draw(rng); });
}

double Explorer::Target(double value, double min, double max, bool up) const {
  const double sign = up ? 1 : -1;
  if (min > 0 || max < 0) {
    return value * (1 + sign * size_);
  }
  return value + sign * size_ * std::max(std::abs(value), kLeastShare * (max - min));
}

/// @param at  the coordinate of the text
std::string Explorer::Moved(std::size_t dimension, const std::string& text, double at,
                            bool up) const {
  const Domain& domain = encoder_.space().parameters[dimension].domain;
  const auto cells = encoder_.Cells(dimension);
  if (!cells) {
    const auto& real = std::get<RealDomain>(domain);
    const double target = Target(NumberOf(domain, text).value_or(real.min), real.min, real.max, up);
    return FormatDouble(std::clamp(target, real.min, real.max));
  }
  const std::uint64_t now = encoder_.CellOf(dimension, at);
  std::uint64_t cell = Neighbour(now, *cells, up);
  if (const auto* real = std::get_if<RealDomain>(&domain)) {
    const double value = NumberOf(domain, text).value_or(real->min);
    cell = CellNear(Target(value, real->min, real->max, up), real->min, real->step.value_or(1), now,
                    *cells);
  } else if (const auto* whole = std::get_if<IntegerDomain>(&domain)) {
    const auto min = static_cast<double>(whole->min);
    const auto max = static_cast<double>(whole->max);
    cell = CellNear(Target(NumberOf(domain, text).value_or(min), min, max, up), min,
                    static_cast<double>(whole->step), now, *cells);
  }
  return encoder_.ValueOfCell(dimension, cell).text;
}

Result<Assignment> Explorer::ChangeOnce(const Assignment& from, Rng& rng) const {
  HONE_ASSIGN_OR_RETURN(const std::vector<double> before, encoder_.Encode(from));
  Assignment moved = from;
  std::vector<std::optional<double>> drawn(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    const bool fresh = rng.Uniform() < resample_;
    const bool up = rng.Below(2) == 1;
    const double draw = encoder_.FromUniform(i, rng.Uniform());
    if (fresh || !from[i].active) {
      drawn[i] = draw;
    } else {
      moved[i].text = Moved(i, from[i].text, before[i], up);
    }
  }
  HONE_ASSIGN_OR_RETURN(std::vector<double> point, encoder_.Encode(moved));
  for (std::size_t i = 0; i < point.size(); ++i) {
    point[i] = drawn[i].value_or(point[i]);
  }
  Assignment values = encoder_.Decode(point);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].active && !drawn[i]) {
      values[i].text = moved[i].text;  // without the noise of the way through the unit cube
    }
  }
  return values;
}

Result<Assignment> Explorer::Change(const Assignment& from, Rng& rng) const {
  for (int i = 0; i < kMostChanges; ++i) {
    HONE_ASSIGN_OR_RETURN(Assignment values, ChangeOnce(from, rng));
    if (encoder_.space().Feasible(values)) {
      return values;
    }
  }
  return from;
}

}  // namespace hone
