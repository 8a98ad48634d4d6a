// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/export_archive.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>

#include "apps/cli/progress.h"
#include "base/file.h"
#include "base/sha256.h"
#include "store/archive/write_archive.h"
#include "trial-runner/local/attempt.h"
#include "trial-runner/local/attempt_files.h"

namespace hone::cli {
namespace {

namespace fs = std::filesystem;

constexpr auto kTellEvery = std::chrono::milliseconds(200);
constexpr std::size_t kBlock = std::size_t{1} << 16;

/// A line on stderr that is written over.
class Counter {
 public:
  explicit Counter(std::string what) : what_(std::move(what)), shown_(StderrIsTerminal()) {}
  ~Counter() {
    if (told_) {
      std::fputs("\r\x1b[K", stderr);
    }
  }
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  void Tell(std::size_t done, std::size_t of) {
    const auto now = std::chrono::steady_clock::now();
    if (shown_ && now - last_ >= kTellEvery) {
      std::fprintf(stderr, "\r%s: %zu of %zu\x1b[K", what_.c_str(), done, of);
      last_ = now;
      told_ = true;
    }
  }

 private:
  std::string what_;
  bool shown_;
  bool told_ = false;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

Result<archive::Artifact> Describe(TrialNumber trial, const fs::path& folder,
                                   const fs::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.valid()) {
    return tl::make_unexpected(ErrnoError(errno, "read " + file.string()));
  }
  archive::Artifact artifact{trial, file.lexically_relative(folder).string(), 0, {}};
  Sha256 sum;
  std::string block(kBlock, '\0');
  for (ssize_t got = 1; got > 0;) {
    got = ::read(fd.get(), block.data(), block.size());
    if (got < 0) {
      return tl::make_unexpected(ErrnoError(errno, "read " + file.string()));
    }
    sum.Add({block.data(), static_cast<std::size_t>(got)});
    artifact.bytes += static_cast<std::uint64_t>(got);
  }
  artifact.sha256 = sum.Finish();
  return artifact;
}

/// Ordinary files below a folder; links are not followed.
std::vector<fs::path> FilesBelow(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  const auto flags = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(folder, flags, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;
    if (at->symlink_status(gone).type() == fs::file_type::regular) {
      files.push_back(at->path());
    }
  }
  return files;
}

/// A file that goes away meanwhile, or may not be read, is not in the list.
void AddArtifacts(TrialNumber trial, const fs::path& folder, std::vector<archive::Artifact>& out) {
  for (const fs::path& file : FilesBelow(folder)) {
    if (auto artifact = Describe(trial, folder, file); artifact.has_value()) {
      out.push_back(std::move(*artifact));
    }
  }
}

Result<archive::WriteOptions> Collect(const local::Layout& layout, const ExperimentId& id,
                                      const ArchiveOptions& options) {
  archive::WriteOptions content;
  content.hone_version = HONE_VERSION;
  HONE_ASSIGN_OR_RETURN(const auto attempts, layout.List(id));
  Counter counter("reading the files of trials");
  TrialNumber last = 0;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const local::AttemptKey& key = attempts[i];
    const TrialNumber trial = key.trial.number;
    if (options.logs) {
      content.logs.push_back({trial, key.attempt, layout.Attempt(key) / attempt_files::kOutput});
    }
    if (options.artifacts && std::exchange(last, trial) != trial) {
      AddArtifacts(trial, layout.Work(key.trial), content.artifacts);
    }
    counter.Tell(i + 1, attempts.size());
  }
  return content;
}

Status Write(int fd, Store& store, const ExperimentRow& experiment,
             archive::WriteOptions& content) {
  Counter counter("writing");
  content.progress = [&](std::size_t done, std::size_t of) { counter.Tell(done, of); };
  HONE_ASSIGN_OR_RETURN(auto out, archive::TarWriter::Create(fd));
  return WriteArchive(out, store, experiment, content);
}

}  // namespace

Status ExportArchive(const Config& config, const Session& session, const ExperimentRow& experiment,
                     const ArchiveOptions& options) {
  HONE_ASSIGN_OR_RETURN(auto content,
                        Collect(local::Layout(config.data_dir), experiment.id, options));
  if (options.file == "-") {
    return Write(STDOUT_FILENO, session.store(), experiment, content);
  }
  const fs::path part = options.file.string() + ".part";
  constexpr mode_t kMode = 0666;
  const UniqueFd fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode));
  if (!fd.valid()) {
    return tl::make_unexpected(ErrnoError(errno, "write " + part.string()));
  }
  Status written = Write(fd.get(), session.store(), experiment, content);
  if (written.has_value() &&
      (::fsync(fd.get()) != 0 || ::rename(part.c_str(), options.file.c_str()) != 0)) {
    written = tl::make_unexpected(ErrnoError(errno, "write " + options.file.string()));
  }
  if (!written.has_value()) {
    ::unlink(part.c_str());
  }
  return written;
}

}  // namespace hone::cli
