// SPDX-License-Identifier: Apache-2.0
#include "suggestion/server/lineage.h"

#include <system_error>
#include <vector>

#include "base/file_tree.h"
#include "base/log.h"
#include "base/text.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostMember = 10'000;
constexpr std::int64_t kMost = 1'000'000'000;

/// The number behind a letter: "t17".
std::optional<std::int64_t> After(char letter, std::string_view word) {
  if (!word.starts_with(letter)) {
    return std::nullopt;
  }
  const std::optional<std::int64_t> number = ParseInt(word.substr(1));
  return number && *number >= 0 && *number <= kMost ? number : std::nullopt;
}

Error Unavailable(Error error) {
  error.code = Code::kUnavailable;
  return error;
}

/// Whether it is empty or made now.
Result<bool> IsFresh(const fs::path& folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  const bool empty = !code && fs::is_empty(folder, code);
  if (code) {
    return Fail(Code::kUnavailable,
                "the folder " + folder.string() + " of a trial: " + code.message());
  }
  return empty;
}

}  // namespace

std::string TextOf(const std::string& experiment, const LineageName& name) {
  std::string text = experiment + "-" + name.tag;
  for (char& letter : text) {
    letter = letter == ' ' ? '-' : letter;
  }
  text += "-t" + std::to_string(name.number);
  return name.parent == 0 ? text : text + "-p" + std::to_string(name.parent);
}

std::optional<LineageName> ParseLineage(const std::string& experiment, std::string_view name) {
  if (!name.starts_with(experiment + "-")) {
    return std::nullopt;
  }
  const std::vector<std::string_view> words = Split(name.substr(experiment.size() + 1), '-');
  if (words.size() != 3 && words.size() != 4) {
    return std::nullopt;
  }
  const auto member = After('m', words[0]);
  const auto generation = After('g', words[1]);
  const auto number = After('t', words[2]);
  const auto parent = words.size() == 4 ? After('p', words[3]) : std::optional<std::int64_t>(0);
  if (!member || !generation || !number || !parent || *member < 1 || *member > kMostMember) {
    return std::nullopt;
  }
  LineageName found{"m" + std::to_string(*member) + " g" + std::to_string(*generation),
                    static_cast<std::uint32_t>(*number), static_cast<std::uint32_t>(*parent)};
  return TextOf(experiment, found) == name ? std::optional(std::move(found)) : std::nullopt;
}

Status MakeTrialFolder(const fs::path& data, const std::string& experiment,
                       const std::string& parent, const std::string& child) {
  const fs::path folder = data / experiment / child;
  HONE_ASSIGN_OR_RETURN(const bool fresh, IsFresh(folder));
  if (!fresh || parent.empty()) {
    return {};
  }
  const fs::path from = data / experiment / parent;
  const auto digest = DigestOfTree(from);
  if (!digest.has_value() && digest.error().code == Code::kFailedPrecondition) {
    HONE_LOG(kWarn, "checkpoint_not_copied", {"trial", parent}, {"reason", digest.error().Text()});
    return {};  // it holds what cannot be copied: the child starts from zero
  }
  if (!digest.has_value()) {
    return tl::make_unexpected(Unavailable(digest.error()));
  }
  if (!digest->has_value()) {
    return {};
  }
  const Status copied = CopyTree(from, folder, **digest);
  return copied.has_value() ? copied : tl::make_unexpected(Unavailable(copied.error()));
}

}  // namespace hone
