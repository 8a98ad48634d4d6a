// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

/// The fields of an experiment file, for schema.cpp only.
namespace hone::schema {

enum class Kind {
  kText,
  kNumberText,  ///< Katib's texts that are numbers; numbers without quotes are taken, too
  kInteger,
  kNumber,
  kFlag,
  kObject,
  kList,          ///< of what follows under its path and "[]"
  kTextMap,       ///< labels
  kNumberTextMap  ///< quantities by name
};

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): the order in which the table reads
struct Field {
  std::string_view path;  ///< "spec.parameters[].name"; parents come first
  Kind kind;
  std::string_view doc;
  bool required = false;
  std::string_view words{};  ///< of a text: the ones there are, with blanks between
};

std::span<const Field> AllFields();

}  // namespace hone::schema
