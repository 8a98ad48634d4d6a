// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hone {

/// One thing that is wrong with a user's document, and what to do about it.
struct Problem {
  enum class Severity { kError, kWarning };
  Severity severity = Severity::kError;
  std::string
      field;  ///< path such as "spec.parameters[2].feasibleSpace.max"; empty for the whole document
  std::string message;  ///< what is wrong and what to do, one sentence
  /// An error only here: the document is sound, but this version or this machine cannot do it.
  bool unsupported = false;
  bool operator==(const Problem&) const = default;
};

/// How the message about a field that the contract does not have begins.
inline constexpr std::string_view kUnknownField = "unknown field";

/// Collects problems, so that all of a document are told at once.
class Problems {
 public:
  void Refuse(std::string field, std::string message) {
    list_.push_back({Problem::Severity::kError, std::move(field), std::move(message), false});
  }
  void Warn(std::string field, std::string message) {
    list_.push_back({Problem::Severity::kWarning, std::move(field), std::move(message), false});
  }
  void CannotHere(std::string field, std::string message) {
    list_.push_back({Problem::Severity::kError, std::move(field), std::move(message), true});
  }
  void Add(Problem problem) { list_.push_back(std::move(problem)); }
  /// Takes over what was found by a further check, except at fields that had an error before it.
  void AddNew(const Problems& found) {
    const Problems before = *this;
    for (const Problem& problem : found.list()) {
      if (!before.HasErrorsAt(problem.field)) {
        Add(problem);
      }
    }
  }

  [[nodiscard]] const std::vector<Problem>& list() const { return list_; }
  [[nodiscard]] bool HasErrors() const {
    for (const Problem& problem : list_) {
      if (problem.severity == Problem::Severity::kError) {
        return true;
      }
    }
    return false;
  }
  /// Whether there is an error at this field or below it.
  [[nodiscard]] bool HasErrorsAt(std::string_view field) const {
    for (const Problem& problem : list_) {
      const std::string_view at = problem.field;
      const bool inside =
          at.starts_with(field) &&
          (at.size() == field.size() || at[field.size()] == '.' || at[field.size()] == '[');
      if (inside && problem.severity == Problem::Severity::kError) {
        return true;
      }
    }
    return false;
  }

 private:
  std::vector<Problem> list_;
};

}  // namespace hone
