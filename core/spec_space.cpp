// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/text.h"
#include "core/spec_parts.h"

namespace hone {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 4> kTypes = {"double", "int", "discrete", "categorical"};
constexpr std::array<std::string_view, 5> kDistributions = {"uniform", "logUniform", "normal",
                                                            "logNormal", "unknown"};
constexpr std::size_t kMostConstraints = 100;

/// `feasibleSpace` as texts, before anybody knows what the texts should be.
struct FeasibleSpace {
  std::optional<std::string> min;
  std::optional<std::string> max;
  std::optional<std::string> step;
  bool has_list = false;
  std::vector<std::string> list;
  std::optional<std::size_t> distribution;
};

std::optional<std::string> NonEmpty(std::optional<std::string> text) {
  return text && Trim(*text).empty() ? std::nullopt : std::move(text);
}

FeasibleSpace ReadFeasibleSpace(Fields& fields, bool default_distribution) {
  FeasibleSpace out;
  json& object = fields.object();
  const auto distribution = object.find("distribution");
  if (distribution != object.end() && distribution->is_array() && !object.contains("list")) {
    // A published Python client sends the choices under the wrong name.
    object["list"] = *distribution;
    object.erase("distribution");
  }
  out.min = NonEmpty(fields.Text("min"));
  out.max = NonEmpty(fields.Text("max"));
  out.step = NonEmpty(fields.Text("step"));
  out.has_list = fields.Has("list");
  out.list = fields.Texts("list");
  out.distribution = fields.Word("distribution", kDistributions);
  const bool absent = !fields.Has("distribution") || object["distribution"] == "";
  if (absent && default_distribution) {
    object["distribution"] = "uniform";
  }
  fields.Finish();
  return out;
}

Distribution ToDistribution(std::optional<std::size_t> index) {
  constexpr std::array<Distribution, 5> kByWord = {
      Distribution::kUniform, Distribution::kLogUniform, Distribution::kNormal,
      Distribution::kLogNormal, Distribution::kUniform};
  return kByWord.at(index.value_or(0));
}

/// Decodes the domain of one parameter. Nothing: a problem was told.
class DomainDecoder {
 public:
  DomainDecoder(Fields& fields, const FeasibleSpace& space) : fields_(fields), space_(space) {}

  std::optional<Domain> Decode(std::size_t type) {
    const bool ranged = type < 2;
    return ranged ? DecodeRange(type == 1) : DecodeList(type == 2);
  }

 private:
  template <class T>
  std::optional<T> NumberIn(std::string_view key, const std::optional<std::string>& text,
                            std::optional<T> (*parse)(std::string_view), std::string_view wanted) {
    if (!text) {
      return std::nullopt;
    }
    std::optional<T> number = parse(Trim(*text));
    if (!number || *number != *number) {
      Refuse(key, "must be " + std::string(wanted) + " (it is " + Quoted(*text) + ")");
      return std::nullopt;
    }
    return number;
  }

  void Refuse(std::string_view key, const std::string& message) {
    fields_.problems().Refuse(fields_.Path(key), message);
    failed_ = true;
  }

  std::optional<Domain> DecodeRange(bool whole) {
    if (space_.has_list) {
      Refuse("list", "belongs to discrete and categorical parameters; give min and max instead");
    }
    for (const auto& [key, text] : {std::pair{"min", &space_.min}, std::pair{"max", &space_.max}}) {
      if (!*text) {
        Refuse(key, "is required for double and int parameters");
      }
    }
    const Distribution distribution = ToDistribution(space_.distribution);
    Domain domain;
    if (whole) {
      constexpr std::string_view kWanted = "a whole number";
      const auto min = NumberIn<std::int64_t>("min", space_.min, &ParseInt, kWanted);
      const auto max = NumberIn<std::int64_t>("max", space_.max, &ParseInt, kWanted);
      const auto step = NumberIn<std::int64_t>("step", space_.step, &ParseInt, kWanted);
      domain = IntegerDomain{min.value_or(0), max.value_or(0), step.value_or(1), distribution};
    } else {
      constexpr std::string_view kWanted = "a number";
      const auto min = NumberIn<double>("min", space_.min, &ParseDouble, kWanted);
      const auto max = NumberIn<double>("max", space_.max, &ParseDouble, kWanted);
      const auto step = NumberIn<double>("step", space_.step, &ParseDouble, kWanted);
      domain = RealDomain{min.value_or(0), max.value_or(0), step, distribution};
    }
    return failed_ ? std::nullopt : std::optional(domain);
  }

  std::optional<Domain> DecodeList(bool numbers) {
    for (const auto& [key, text] : {std::pair{"min", &space_.min}, std::pair{"max", &space_.max},
                                    std::pair{"step", &space_.step}}) {
      if (*text) {
        Refuse(key, "belongs to double and int parameters; give a list instead");
      }
    }
    if (!space_.has_list) {
      Refuse("list", "is required for discrete and categorical parameters");
    }
    if (space_.distribution.value_or(0) % 4 != 0) {
      fields_.problems().Warn(fields_.Path("distribution"),
                              "has no meaning for a list of values; all are equally likely");
    }
    // What is no list was told, so it is not called empty, too.
    failed_ = failed_ || (space_.has_list && !fields_.object()["list"].is_array());
    if (!numbers) {
      return failed_ ? std::nullopt : std::optional<Domain>(CategoricalDomain{space_.list});
    }
    return DecodeNumbers();
  }

  std::optional<Domain> DecodeNumbers() {
    std::vector<double> values;
    for (std::size_t i = 0; i < space_.list.size(); ++i) {
      const std::string key = "list[" + std::to_string(i) + "]";
      const auto value = NumberIn<double>(key, space_.list[i], &ParseDouble,
                                          "a number; use parameterType categorical for words");
      values.push_back(value.value_or(0));
    }
    if (failed_) {
      return std::nullopt;
    }
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return values[i]; });
    DiscreteDomain domain;
    for (const std::size_t i : order) {
      domain.texts.push_back(space_.list[i]);
      domain.values.push_back(values[i]);
    }
    return domain;
  }

  Fields& fields_;
  const FeasibleSpace& space_;
  bool failed_ = false;
};

std::optional<Domain> DecodeDomain(Fields& parameter, bool default_distribution) {
  const std::optional<std::size_t> type = parameter.Word("parameterType", kTypes);
  if (!parameter.Has("parameterType") || parameter.object()["parameterType"] == "") {
    parameter.problems().Refuse(parameter.Path("parameterType"),
                                "is required: double, int, discrete or categorical");
  }
  std::optional<Fields> fields = parameter.Object("feasibleSpace");
  if (!fields) {
    if (!parameter.Has("feasibleSpace")) {
      parameter.problems().Refuse(parameter.Path("feasibleSpace"),
                                  "is required: min and max, or a list");
    }
    return std::nullopt;
  }
  const FeasibleSpace space = ReadFeasibleSpace(*fields, default_distribution);
  if (!space.min && !space.max && !space.step && !space.has_list) {
    parameter.problems().Refuse(parameter.Path("feasibleSpace"),
                                "is empty; give min and max, or a list");
    return std::nullopt;
  }
  return type ? DomainDecoder(*fields, space).Decode(*type) : std::nullopt;
}

std::optional<Activation> DecodeActivation(Fields& parameter) {
  std::optional<Fields> fields = parameter.Object("activeWhen");
  if (!fields) {
    return std::nullopt;
  }
  Activation activation;
  activation.parameter =
      fields->RequiredText("parameter", "name the parameter that decides whether this one matters");
  if (!fields->Has("in")) {
    fields->problems().Refuse(fields->Path("in"),
                              "is required: the values that make this parameter active");
  }
  activation.in = fields->Texts("in");
  fields->Finish();
  return activation;
}

/// `spec.constraints`: texts of conditions that every trial's values must satisfy.
void DecodeConstraints(Fields& spec, Space& space) {
  std::vector<std::pair<std::string, Constraint::Type>> names;
  for (const Parameter& parameter : space.parameters) {
    const bool words = std::holds_alternative<CategoricalDomain>(parameter.domain);
    names.emplace_back(parameter.name, words ? Constraint::Type::kText : Constraint::Type::kNumber);
  }
  const std::vector<std::string> texts = spec.Texts("constraints");
  if (texts.size() > kMostConstraints) {
    spec.problems().Refuse(spec.Path("constraints"), "must not be more than " +
                                                         std::to_string(kMostConstraints) +
                                                         "; join some of them with &&");
    return;
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Result<Constraint> constraint = Constraint::Parse(texts[i], names);
    if (constraint) {
      space.constraints.push_back(std::move(*constraint));
    } else {
      spec.problems().Refuse(spec.Path("constraints[" + std::to_string(i) + "]"),
                             constraint.error().message + " (in " + Printable(texts[i], 200) + ")");
    }
  }
}

}  // namespace

bool DecodeParameters(Fields& holder, Space& space, bool default_distribution) {
  return holder.ForEach("parameters", [&space, default_distribution](Fields& fields) {
    Parameter parameter;
    parameter.name = fields.Text("name").value_or("");  // CheckSpace tells empty names
    const std::optional<Domain> domain = DecodeDomain(fields, default_distribution);
    parameter.active_when = DecodeActivation(fields);
    parameter.inactive_value = fields.Text("inactiveValue");
    parameter.domain = domain.value_or(CategoricalDomain{{"undecodable"}});
    if (!domain) {
      parameter.active_when.reset();
      parameter.inactive_value.reset();
    }
    space.parameters.push_back(std::move(parameter));
  });
}

void DecodeSpace(Fields& spec, Space& space) {
  const bool present = DecodeParameters(spec, space, true);
  const json& list = present ? spec.object()["parameters"] : json();
  const bool empty = !present || (list.is_array() && list.empty());
  DecodeConstraints(spec, space);
  const bool nas = spec.Has("nasConfig");
  if (empty && !nas) {
    spec.problems().Refuse(spec.Path("parameters"),
                           "is required; list at least one parameter to search over");
  } else if (!empty && nas) {
    spec.problems().Refuse(
        spec.Path("nasConfig"),
        "cannot stand beside parameters; an experiment searches over one of them");
  }
}

}  // namespace hone
