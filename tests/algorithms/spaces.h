// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/space.h"

/// Short ways to write parameters in tests.
namespace hone::spaces {

inline Parameter Named(std::string name, Domain domain) {
  return {std::move(name), std::move(domain), std::nullopt, std::nullopt};
}

inline Parameter Real(std::string name, double min, double max,
                      Distribution distribution = Distribution::kUniform,
                      std::optional<double> step = std::nullopt) {
  return Named(std::move(name), RealDomain{min, max, step, distribution});
}

inline Parameter Stepped(std::string name, double min, double max, double step) {
  return Real(std::move(name), min, max, Distribution::kUniform, step);
}

inline Parameter Whole(std::string name, std::int64_t min, std::int64_t max, std::int64_t step = 1,
                       Distribution distribution = Distribution::kUniform) {
  return Named(std::move(name), IntegerDomain{min, max, step, distribution});
}

/// @param texts  numbers as the user wrote them
inline Parameter Discrete(std::string name, std::vector<std::string> texts) {
  DiscreteDomain domain;
  for (std::string& text : texts) {
    domain.values.push_back(std::stod(text));
    domain.texts.push_back(std::move(text));
  }
  return Named(std::move(name), std::move(domain));
}

inline Parameter Words(std::string name, std::vector<std::string> choices) {
  return Named(std::move(name), CategoricalDomain{std::move(choices)});
}

inline Parameter When(Parameter parameter, std::string parent, std::vector<std::string> in,
                      std::string inactive_value) {
  parameter.active_when = Activation{std::move(parent), std::move(in)};
  parameter.inactive_value = std::move(inactive_value);
  return parameter;
}

/// Adds constraints to a space. Throws on one that does not parse.
inline Space Constrained(Space space, const std::vector<std::string>& texts) {
  std::vector<std::pair<std::string, Constraint::Type>> names;
  for (const Parameter& parameter : space.parameters) {
    const bool words = std::holds_alternative<CategoricalDomain>(parameter.domain);
    names.emplace_back(parameter.name, words ? Constraint::Type::kText : Constraint::Type::kNumber);
  }
  for (const std::string& text : texts) {
    space.constraints.push_back(Constraint::Parse(text, names).value());
  }
  return space;
}

/// One of each kind.
inline Space Mixed() {
  return Space{{Real("lr", 1e-5, 1, Distribution::kLogUniform), Real("dropout", 0, 0.5),
                Whole("layers", 1, 7), Discrete("batch", {"256", "32", "64", "128"}),
                Words("optimizer", {"adam", "sgd", "ftrl"}), Stepped("decay", 0.1, 0.9, 0.1),
                Whole("units", 8, 1024, 8, Distribution::kLogUniform),
                Real("noise", -1, 1, Distribution::kNormal)}};
}

/// The same with every value countable and no distribution: at most 7 * 4 * 3 * 9 combinations.
inline Space MixedGrid() {
  return Space{{Whole("layers", 1, 7), Discrete("batch", {"256", "32", "64", "128"}),
                Words("optimizer", {"adam", "sgd", "ftrl"}), Stepped("decay", 0.1, 0.9, 0.1)}};
}

}  // namespace hone::spaces
