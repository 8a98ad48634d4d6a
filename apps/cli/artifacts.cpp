// SPDX-License-Identifier: Apache-2.0
// hone artifacts: what trials left in their artifact and checkpoint folders.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/cli/format.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/size.h"
#include "apps/cli/verb.h"
#include "base/file.h"
#include "base/file_tree.h"
#include "base/text.h"
#include "trial-runner/local/attempt.h"

namespace hone::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShortDigest = 12;
constexpr std::size_t kLongestName = 500;

struct Options {
  std::string name;
  std::string to;
  bool checkpoint = false;
  OutputFormat output = OutputFormat::kTable;
};

void Declare(Args& args, Options& options) {
  args.Add("name", options.name,
           {.type = "NAME",
            .help = "the experiment or the trial",
            .values = Values::kExperimentOrTrial,
            .required = true});
  args.Flag("--checkpoint", options.checkpoint, "of a trial: its checkpoint folder instead");
  args.Add("--to", options.to,
           {.type = "FOLDER",
            .help = "of a trial: copy them into this folder, which must not be there or be empty",
            .values = Values::kFolder});
  args.Output(options.output);
}

struct LeftFile {
  std::string name;
  std::uint64_t bytes = 0;
};

/// The files of a folder and below, by name; none if it is not there.
Result<std::vector<LeftFile>> FilesIn(const fs::path& folder) {
  std::vector<LeftFile> files;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file() && !at->is_symlink()) {
      files.push_back({at->path().lexically_relative(folder).string(), at->file_size(error)});
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return tl::make_unexpected(ErrnoError(error.value(), "read " + folder.string()));
  }
  std::ranges::sort(files, {}, &LeftFile::name);
  return files;
}

std::uint64_t BytesOf(const std::vector<LeftFile>& files) {
  std::uint64_t bytes = 0;
  for (const LeftFile& file : files) {
    bytes += file.bytes;
  }
  return bytes;
}

/// What one trial left.
struct Left {
  std::vector<LeftFile> artifacts;
  std::vector<LeftFile> checkpoint;
};

Result<Left> LeftBy(const local::Layout& layout, const TrialId& id) {
  Left left;
  HONE_ASSIGN_OR_RETURN(left.artifacts, FilesIn(layout.Artifacts(id)));
  HONE_ASSIGN_OR_RETURN(left.checkpoint, FilesIn(layout.Checkpoint(id)));
  return left;
}

std::string SizeText(const std::vector<LeftFile>& files) {
  return files.empty() ? "" : FormatSize(BytesOf(files)) + " in " + Counted(files.size(), "file");
}

nlohmann::json FileList(const std::vector<LeftFile>& files) {
  nlohmann::json list = nlohmann::json::array();
  for (const LeftFile& file : files) {
    list.push_back({{"name", file.name}, {"bytes", file.bytes}});
  }
  return list;
}

nlohmann::json Document(const ExperimentState& state, const TrialState& trial, const Left& left) {
  nlohmann::json item = {{"trial", state.NameOf(trial)},
                         {"artifacts", FileList(left.artifacts)},
                         {"checkpointFiles", FileList(left.checkpoint)}};
  if (trial.checkpoint) {
    item["checkpoint"] = *trial.checkpoint;
  }
  return item;
}

Status ShowExperiment(const Options& options, const local::Layout& layout,
                      const ExperimentState& state) {
  Table table({"TRIAL", "STATUS", "ARTIFACTS", "CHECKPOINT", "DIGEST"});
  nlohmann::json items = nlohmann::json::array();
  for (const TrialState& trial : state.trials) {
    HONE_ASSIGN_OR_RETURN(const Left left, LeftBy(layout, {state.id, trial.number}));
    if (left.artifacts.empty() && left.checkpoint.empty()) {
      continue;
    }
    table.Add({state.NameOf(trial) + (state.best == trial.number ? " *" : ""),
               std::string(PhaseWord(trial.phase)), SizeText(left.artifacts),
               SizeText(left.checkpoint), trial.checkpoint.value_or("").substr(0, kShortDigest)});
    items.push_back(Document(state, trial, left));
  }
  if (options.output != OutputFormat::kTable) {
    return PrintDocument({{"items", std::move(items)}}, options.output);
  }
  return PrintText(items.empty() ? "no trial has left anything\n" : table.Text());
}

Status ShowTrial(const Options& options, const local::Layout& layout, const LocatedTrial& found) {
  HONE_ASSIGN_OR_RETURN(const Left left, LeftBy(layout, found.id()));
  if (options.output != OutputFormat::kTable) {
    return PrintDocument(Document(found.experiment, found.trial(), left), options.output);
  }
  const auto& files = options.checkpoint ? left.checkpoint : left.artifacts;
  const char* const what = options.checkpoint ? "checkpoint" : "artifacts";
  if (files.empty()) {
    return PrintText(std::string("the trial has left no ") + what + "\n");
  }
  Table table({"FILE", "SIZE"});
  for (const LeftFile& file : files) {
    table.Add({Printable(file.name, kLongestName), FormatSize(file.bytes)});
  }
  return PrintText(table.Text());
}

/// A copy that is whole or not there, checked by its digest.
Status Fetch(const Options& options, const local::Layout& layout, const LocatedTrial& found) {
  const fs::path from =
      options.checkpoint ? layout.Checkpoint(found.id()) : layout.Artifacts(found.id());
  std::error_code error;
  const fs::path to = fs::absolute(options.to, error).lexically_normal();
  if (fs::exists(to, error) && !fs::is_empty(to, error)) {
    return Fail(Code::kInvalidArgument, "--to: " + to.string() + " is not empty");
  }
  HONE_ASSIGN_OR_RETURN(const auto digest, DigestOfTree(from));
  if (!digest) {
    return Fail(Code::kNotFound, "the trial has left nothing to copy");
  }
  HONE_RETURN_IF_ERROR(MakeFolders(to.parent_path()));
  HONE_RETURN_IF_ERROR(CopyTree(from, to, *digest));
  return PrintText("copied to " + to.string() + ", sha256 " + *digest + "\n");
}

Result<int> ShowArtifacts(const Config& config, const Options& options) {
  HONE_ASSIGN_OR_RETURN(const Session session, Session::Open(config));
  const local::Layout layout(config.data_dir);
  if (session.HasTrial(options.name)) {
    HONE_ASSIGN_OR_RETURN(const LocatedTrial found, session.FindTrial(options.name));
    HONE_RETURN_IF_ERROR(options.to.empty() ? ShowTrial(options, layout, found)
                                            : Fetch(options, layout, found));
    return kExitOk;
  }
  if (!options.to.empty() || options.checkpoint) {
    return Fail(Code::kInvalidArgument, "--to and --checkpoint are for a trial, not for '" +
                                            Printable(options.name, kLongestName) + "'");
  }
  HONE_ASSIGN_OR_RETURN(const ExperimentState state, session.Load(options.name));
  HONE_RETURN_IF_ERROR(ShowExperiment(options, layout, state));
  return kExitOk;
}

}  // namespace

Verb ArtifactsVerb() {
  return MakeVerb<Options>({.name = "artifacts",
                            .group = kReadGroup,
                            .summary = "what trials left in their artifact and checkpoint folders",
                            .example = "hone artifacts digits\nhone artifacts digits-x7k2p9qa --to "
                                       "model",
                            .needs_folder = true},
                           &Declare, &ShowArtifacts);
}

}  // namespace hone::cli
