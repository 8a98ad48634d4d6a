// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/checkpoint.h"

#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/file_tree.h"
#include "base/text.h"
#include "trial-runner/local/attempt_files.h"

namespace hone::local {
namespace {

namespace fs = std::filesystem;

bool IsEmptyFolder(const fs::path& folder) {
  std::error_code error;
  return fs::is_empty(folder, error) || error;
}

bool IsPartOfName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

/// Replaces a path where it stands for itself or begins a longer one.
void ReplacePath(std::string& text, std::string_view path, std::string_view own) {
  std::size_t at = text.find(path);
  while (at != std::string::npos) {
    const std::size_t end = at + path.size();
    const bool inside = (at > 0 && (IsPartOfName(text[at - 1]) || text[at - 1] == '/')) ||
                        (end < text.size() && IsPartOfName(text[end]));
    if (!inside) {
      text.replace(at, path.size(), own);
    }
    at = text.find(path, inside ? end : at + own.size());
  }
}

}  // namespace

bool HasCheckpoint(const Layout& layout, const TrialId& id) {
  return !IsEmptyFolder(layout.Checkpoint(id));
}

Result<std::optional<std::string>> SealCheckpoint(const Layout& layout, const AttemptKey& key) {
  const fs::path folder = layout.Checkpoint(key.trial);
  if (IsEmptyFolder(folder)) {
    return std::nullopt;
  }
  const fs::path note = layout.Attempt(key) / attempt_files::kCheckpoint;
  if (const auto noted = ReadFile(note)) {
    return std::optional(std::string(Trim(*noted)));
  }
  HONE_ASSIGN_OR_RETURN(auto digest, DigestOfTree(folder));
  if (digest) {
    HONE_RETURN_IF_ERROR(WriteFileDurably(note, *digest + "\n"));
  }
  return digest;
}

Status StartFromParent(const Layout& layout, const LaunchSpec& spec) {
  const fs::path own = layout.Checkpoint(spec.id);
  if (!spec.start_from || !IsEmptyFolder(own)) {
    return {};
  }
  const fs::path from = layout.Checkpoint({spec.id.experiment, spec.parent});
  const std::string whose =
      "the checkpoint of trial number " + std::to_string(spec.parent) + " to start from";
  if (IsEmptyFolder(from)) {
    return Fail(Code::kFailedPrecondition, whose + " is gone");
  }
  Status copied = CopyTree(from, own, *spec.start_from);
  if (!copied.has_value() && copied.error().code == Code::kDataLoss) {
    copied = Fail(Code::kFailedPrecondition, whose + " was changed: " + copied.error().message);
  }
  return copied;
}

Status GoesOnWithOwn(const Layout& layout, const LaunchSpec& spec) {
  if (!spec.goes_on) {
    return {};
  }
  HONE_ASSIGN_OR_RETURN(const auto digest, DigestOfTree(layout.Checkpoint(spec.id)));
  if (digest == spec.goes_on) {
    return {};
  }
  return Fail(Code::kFailedPrecondition, std::string("the checkpoint that it left at its pause ") +
                                             (digest ? "was changed" : "is gone"));
}

void NameCheckpointFolder(const std::string& path, const std::string& own, LocalJob& job) {
  std::string_view mounted = path;
  while (mounted.size() > 1 && mounted.ends_with('/')) {
    mounted.remove_suffix(1);
  }
  if (mounted.size() < 2) {
    return;
  }
  for (std::string& text : job.command) {
    ReplacePath(text, mounted, own);
  }
  for (auto& [name, value] : job.env) {
    ReplacePath(value, mounted, own);
  }
}

}  // namespace hone::local
