// SPDX-License-Identifier: Apache-2.0
// hone import: takes in an experiment that `hone export` wrote, or results as CSV.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "apps/cli/import_csv.h"
#include "apps/cli/open_store.h"
#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "apps/cli/spec_file.h"
#include "apps/cli/verb.h"
#include "base/file.h"
#include "base/text.h"
#include "base/uid.h"
#include "store/archive/read_archive.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/attempt_files.h"

namespace hone::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kShownColumn = 60;

struct Options {
  std::string file;
  std::string name;
  std::string experiment;
  std::uint64_t max_gib = archive::Limits{}.bytes >> 30U;
  bool dry_run = false;
};

void Declare(Args& args, Options& options) {
  args.Add("file", options.file,
           {.type = "FILE",
            .help = "an archive of hone export; -: standard input; with --experiment: a CSV file",
            .values = Values::kFile,
            .required = true});
  args.Add("--name", options.name,
           {.type = "NAME", .help = "take it in as another experiment, of this name"});
  args.Add("--max-gib", options.max_gib,
           {.type = "N", .help = "refuse an archive that is larger when unpacked"});
  args.Add("--experiment", options.experiment,
           {.type = "FILE",
            .help = "FILE is CSV with results of this experiment: a line for each trial",
            .values = Values::kFile});
  args.Flag("--dry-run", options.dry_run, "only check it, and say what is in it");
}

/// Logs on their way in. They stand in a folder of their own until the archive is known to be
/// sound.
class Staging {
 public:
  explicit Staging(const fs::path& data) : folder_(data / "import.tmp"), layout_(folder_) {
    Clear();
  }
  ~Staging() { Clear(); }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  Status Take(const ExperimentId& id, TrialNumber trial, Attempt attempt, std::uint64_t offset,
              std::string_view part) {
    const fs::path folder = layout_.Attempt({{id, trial}, attempt});
    if (offset == 0) {
      HONE_RETURN_IF_ERROR(MakeFolders(folder));
      constexpr mode_t kMode = 0644;
      fd_ = UniqueFd(::open((folder / attempt_files::kOutput).c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
    }
    if (!fd_.valid() || !Write(offset, part)) {
      return tl::make_unexpected(ErrnoError(errno, "write a log of the archive"));
    }
    return {};
  }

  /// Puts the logs where the experiment has them. What lies there is of an import that was broken
  /// off: the store does not know the experiment.
  Status Place(const ExperimentId& from, const ExperimentId& to, const fs::path& data) {
    std::error_code error;
    if (!fs::exists(layout_.Experiment(from), error)) {
      return {};
    }
    const fs::path target = local::Layout(data).Experiment(to);
    HONE_RETURN_IF_ERROR(MakeFolders(target.parent_path()));
    fs::remove_all(target, error);
    if (::rename(layout_.Experiment(from).c_str(), target.c_str()) != 0) {
      return tl::make_unexpected(ErrnoError(errno, "make " + target.string()));
    }
    const UniqueFd folder(::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.valid() || ::syncfs(folder.get()) != 0) {
      return tl::make_unexpected(ErrnoError(errno, "flush " + target.string()));
    }
    return {};
  }

 private:
  /// Blocks of nothing but zeros are the holes that a log quota has left.
  bool Write(std::uint64_t offset, std::string_view part) {
    constexpr std::size_t kBlock = 4096;
    while (!part.empty()) {
      const std::size_t size = std::min(part.size(), kBlock - offset % kBlock);
      const std::string_view block = part.substr(0, size);
      const bool empty = block.find_first_not_of('\0') == std::string_view::npos;
      const auto end = static_cast<off_t>(offset + size);
      if (empty ? ::ftruncate(fd_.get(), end) != 0
                : ::pwrite(fd_.get(), block.data(), size, static_cast<off_t>(offset)) !=
                      static_cast<ssize_t>(size)) {
        return false;
      }
      part.remove_prefix(size);
      offset += size;
    }
    return true;
  }

  void Clear() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  fs::path folder_;
  local::Layout layout_;
  UniqueFd fd_;  // the log that is being written
};

Result<archive::Archived> Read(const Options& options, const archive::TakeLog& take_log) {
  const bool from_stdin = options.file == "-";
  const UniqueFd opened(from_stdin ? -1 : ::open(options.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from_stdin && !opened.valid()) {
    return tl::make_unexpected(ErrnoError(errno, "read " + options.file));
  }
  constexpr std::uint64_t kMostGib = std::uint64_t{1} << 30U;
  const archive::Limits limits{.bytes = std::clamp(options.max_gib, std::uint64_t{1}, kMostGib)
                                        << 30U};
  HONE_ASSIGN_OR_RETURN(auto in,
                        archive::TarReader::OpenFd(from_stdin ? STDIN_FILENO : opened.get()));
  auto archived = archive::ReadArchive(in, limits, take_log);
  if (!archived.has_value() && archived.error().code == Code::kResourceExhausted && take_log) {
    return Annotate(archived.error(), options.file + " (--max-gib allows more, if it is the size)");
  }
  return archived.has_value() ? std::move(archived) : Annotate(archived.error(), options.file);
}

std::string Summary(const archive::Archived& archived) {
  const ExperimentRow row = ProjectExperiment(archived.state);
  std::size_t records = 0;
  for (const auto& [trial, list] : archived.records) {
    records += list.size();
  }
  return row.name + " (namespace " + row.name_space + "): " + row.phase + ", " +
         std::to_string(row.trials) + " trials, " + std::to_string(archived.events.size()) +
         " events, " + std::to_string(records) + " reported values, " +
         std::to_string(archived.logs) + " logs\n";
}

Result<int> Report(const archive::Archived& archived, bool dry_run) {
  HONE_RETURN_IF_ERROR(PrintText((dry_run ? "" : "imported ") + Summary(archived)));
  if (!dry_run && !archived.state.Ended()) {
    HONE_RETURN_IF_ERROR(PrintText("it was not finished: hone resume " + archived.state.spec->name +
                                   " goes on with it\n"));
  }
  return kExitOk;
}

/// Whether something of this name or UID is there already.
Status CheckFree(Store& store, const archive::Archived& archived) {
  const ExperimentRow row = ProjectExperiment(archived.state);
  HONE_ASSIGN_OR_RETURN(const auto rows, store.ListExperiments());
  for (const ExperimentRow& there : rows) {
    if (there.id == archived.state.id) {
      return Fail(Code::kAlreadyExists, "this very experiment is here, as " + there.name +
                                            "; --name NAME takes it in a second time");
    }
    if (there.name == row.name && there.name_space == row.name_space) {
      return Fail(Code::kAlreadyExists, "there is another experiment " + row.name +
                                            "; --name NAME takes this one in under another name");
    }
  }
  return {};
}

Result<int> TakeIn(const Config& config, const Options& options) {
  HONE_RETURN_IF_ERROR(MakeFolders(config.data_dir));
  HONE_ASSIGN_OR_RETURN(const FileLock lock, FileLock::Acquire(config.LockFile()));
  HONE_ASSIGN_OR_RETURN(const auto store, OpenStore(config, StoreAccess::kOwner));
  Staging staging(config.data_dir);
  HONE_ASSIGN_OR_RETURN(
      auto archived, Read(options, [&](const ExperimentId& id, TrialNumber trial, Attempt attempt,
                                       std::uint64_t offset, std::string_view part) {
        return staging.Take(id, trial, attempt, offset, part);
      }));
  const ExperimentId original = archived.state.id;
  if (!options.name.empty()) {
    HONE_RETURN_IF_ERROR(archive::Rename(archived, options.name, NewUid()));
  }
  HONE_RETURN_IF_ERROR(CheckFree(*store, archived));
  HONE_RETURN_IF_ERROR(archive::Settle(archived, SystemClock().Now()));
  HONE_RETURN_IF_ERROR(staging.Place(original, archived.state.id, config.data_dir));
  HONE_RETURN_IF_ERROR(store->Adopt(archive::ToStep(archived), archive::ToBatches(archived)));
  return Report(archived, false);
}

/// Tells what is wrong with the file, or left out of it. @returns whether it can be taken in
bool Tell(const CsvImport& csv) {
  for (const std::string& problem : csv.problems) {
    std::fprintf(stderr, "%s\n", problem.c_str());
  }
  std::string unused;
  for (const std::string& column : csv.unused) {
    unused += " " + Printable(column, kShownColumn);
  }
  if (!unused.empty()) {
    std::fprintf(stderr, "hone: columns without a meaning here:%s\n", unused.c_str());
  }
  if (csv.left_out > 0) {
    std::fprintf(stderr, "hone: left out %zu trials that did not succeed\n", csv.left_out);
  }
  return csv.problems.empty();
}

Result<int> ImportCsv(const Config& config, const Options& options) {
  FileArguments arguments;
  arguments.file = options.experiment;
  if (!options.name.empty()) {
    arguments.sets.push_back("metadata.name=" + options.name);
  }
  HONE_ASSIGN_OR_RETURN(const auto spec, LoadForStart(config, arguments));
  if (!spec) {
    return kExitUsage;
  }
  HONE_ASSIGN_OR_RETURN(const std::string text, ReadFile(options.file));
  HONE_ASSIGN_OR_RETURN(const CsvImport csv,
                        ReadCsvResults(*spec, text, options.file, SystemClock().Now()));
  if (!Tell(csv)) {
    return kExitUsage;
  }
  if (!options.dry_run) {
    HONE_RETURN_IF_ERROR(MakeFolders(config.data_dir));
    HONE_ASSIGN_OR_RETURN(const FileLock lock, FileLock::Acquire(config.LockFile()));
    HONE_ASSIGN_OR_RETURN(const auto store, OpenStore(config, StoreAccess::kOwner));
    HONE_RETURN_IF_ERROR(
        store->Adopt(archive::ToStep(csv.archived), archive::ToBatches(csv.archived)));
  }
  return Report(csv.archived, options.dry_run);
}

Result<int> Import(const Config& config, const Options& options) {
  if (!options.experiment.empty()) {
    return ImportCsv(config, options);
  }
  if (!options.dry_run) {
    return TakeIn(config, options);
  }
  HONE_ASSIGN_OR_RETURN(const auto archived, Read(options, {}));
  return Report(archived, true);
}

}  // namespace

Verb ImportVerb() {
  return MakeVerb<Options>(
      {.name = "import",
       .group = kRunGroup,
       .summary = "take in an experiment that hone export wrote, or results as CSV",
       .example = "hone import digits.tar.zst",
       .needs_folder = true},
      &Declare, &Import);
}

}  // namespace hone::cli
