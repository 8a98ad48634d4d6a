// SPDX-License-Identifier: Apache-2.0
#include "suggestion/answers.h"

#include <cmath>
#include <set>
#include <string>

#include "base/text.h"
#include "core/activation.h"

namespace hone {
namespace {

constexpr std::size_t kMaxTagBytes = 4096;

tl::unexpected<Error> Lie(std::string message) {
  return Fail(Code::kInternal, std::move(message));
}

Status CheckTag(const std::string& tag) {
  if (tag.size() > kMaxTagBytes) {
    return Lie("its tag has " + std::to_string(tag.size()) + " bytes, the limit is " +
               std::to_string(kMaxTagBytes));
  }
  return {};
}

Status CheckBudget(const std::optional<double>& budget) {
  if (budget && !(std::isfinite(*budget) && *budget > 0)) {
    return Lie("its budget " + FormatDouble(*budget) + " is not a finite number > 0");
  }
  return {};
}

Status CheckOne(const Space& space, const Parameter& parameter, const Assignment& values,
                const Value& value) {
  if (value.active != IsActive(space, parameter, values)) {
    return Lie(value.active ? "is active, but its activeWhen does not hold"
                            : "is inactive, but its activeWhen holds");
  }
  if (!value.active) {
    return value.text == parameter.inactive_value.value_or("")
               ? Status()
               : Lie("is inactive, but does not have its inactiveValue");
  }
  const Status status = CheckValue(parameter.domain, value.text);
  return status ? status : Lie(status.error().message);
}

Status CheckValues(const Space& space, const Assignment& values) {
  if (values.size() != space.parameters.size()) {
    return Lie("it has " + std::to_string(values.size()) + " values for " +
               std::to_string(space.parameters.size()) + " parameters");
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Status status = CheckOne(space, space.parameters[i], values, values[i]);
    if (!status) {
      return Annotate(status.error(), "parameter " + space.parameters[i].name);
    }
  }
  return {};
}

/// Checks one answer after the other.
struct Checker {
  const Space& space;
  std::set<TrialNumber> resumed{};

  Status operator()(const proposal::Start& start) {
    HONE_RETURN_IF_ERROR(CheckValues(space, start.values));
    HONE_RETURN_IF_ERROR(CheckBudget(start.budget));
    return CheckTag(start.tag);
  }
  Status operator()(const proposal::Resume& resume) {
    if (!resumed.insert(resume.trial).second) {
      return Lie("trial " + std::to_string(resume.trial) + " is resumed twice");
    }
    if (!resume.values.empty()) {
      HONE_RETURN_IF_ERROR(CheckValues(space, resume.values));
    }
    HONE_RETURN_IF_ERROR(CheckBudget(resume.budget));
    return CheckTag(resume.tag);
  }
  Status operator()(const proposal::Wait& /*wait*/) { return {}; }
  Status operator()(const proposal::Exhausted& /*exhausted*/) { return {}; }
};

}  // namespace

Status CheckAnswers(const Space& space, std::span<const TrialNumber> numbers,
                    std::span<const Proposal> answers) {
  if (answers.size() != numbers.size()) {
    return Lie(std::to_string(answers.size()) + " answers for " + std::to_string(numbers.size()) +
               " trials");
  }
  Checker checker{space};
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Status status = std::visit(checker, answers[i]);
    if (!status) {
      return Annotate(status.error(), "answer for trial " + std::to_string(numbers[i]));
    }
  }
  return {};
}

}  // namespace hone
