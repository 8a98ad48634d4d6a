// SPDX-License-Identifier: Apache-2.0
#include "store/archive/write_archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "store/archive/format.h"
#include "store/checks.h"

namespace hone::archive {
namespace {

using nlohmann::json;

constexpr std::size_t kEventsAtOnce = 4096;
constexpr std::size_t kBlock = std::size_t{1} << 16;

class Exporter {
 public:
  Exporter(TarWriter& out, Store& store, const ExperimentRow& experiment,
           const WriteOptions& options)
      : out_(out), store_(store), row_(experiment), options_(options) {}

  Status Run() {
    const json head = {{"format", kFormat},
                       {"hone", options_.hone_version},
                       {"uid", row_.id.text},
                       {"namespace", row_.name_space},
                       {"name", row_.name}};
    HONE_RETURN_IF_ERROR(Put(kHead, DumpJson(head) + "\n"));
    HONE_RETURN_IF_ERROR(PutLedger());
    for (const TrialNumber trial : trials_) {
      HONE_RETURN_IF_ERROR(PutObservations(trial));
      Tell();
    }
    for (const LogFile& log : options_.logs) {
      HONE_RETURN_IF_ERROR(PutLog(log));
      Tell();
    }
    HONE_RETURN_IF_ERROR(PutArtifacts());
    HONE_RETURN_IF_ERROR(StillThere());
    return PutManifest();
  }

 private:
  Status Put(const std::string& name, const std::string& bytes) {
    HONE_RETURN_IF_ERROR(out_.Begin(name, bytes.size()));
    HONE_RETURN_IF_ERROR(out_.Write(bytes));
    Note(name, bytes.size(), Sha256Of(bytes));
    return {};
  }

  void Note(const std::string& name, std::uint64_t bytes, const std::string& sha256) {
    members_.push_back({{"name", name}, {"bytes", bytes}, {"sha256", sha256}});
  }

  void Tell() {
    if (options_.progress) {
      options_.progress(++done_, trials_.size() + options_.logs.size());
    }
  }

  Status PutLedger() {
    std::string lines;
    std::string document;
    std::vector<Recorded> part;
    do {
      HONE_ASSIGN_OR_RETURN(part, store_.Read(row_.id, events_, kEventsAtOnce));
      for (const Recorded& recorded : part) {
        lines += EventLine(recorded);
        const auto touched = TouchedTrials(recorded.event);
        trials_.insert(touched.begin(), touched.end());
        const auto* created = std::get_if<event::ExperimentCreated>(&recorded.event);
        document = created != nullptr ? created->document : document;
      }
      events_ = part.empty() ? events_ : part.back().seq;
    } while (!part.empty());
    if (events_ == 0) {
      return tl::make_unexpected(store::NoExperiment(row_.id));
    }
    HONE_RETURN_IF_ERROR(Put(kDocument, document + "\n"));
    return Put(kLedger, lines);
  }

  Status PutObservations(TrialNumber trial) {
    HONE_ASSIGN_OR_RETURN(const auto rows, store_.ReadRecords({row_.id, trial}, 0, ""));
    std::string lines;
    for (const StoredRecord& row : rows) {
      lines += RecordLine(row);
    }
    return rows.empty() ? Status() : Put(ObservationsName(trial), lines);
  }

  /// As long as the log is now: its trial may go on writing.
  Status PutLog(const LogFile& log) {
    const UniqueFd fd(::open(log.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat info = {};
    if (!fd.valid() || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
      return {};  // removed meanwhile, or no log of ours
    }
    const auto size = static_cast<std::uint64_t>(info.st_size);
    const std::string name = LogName(log.trial, log.attempt);
    HONE_RETURN_IF_ERROR(out_.Begin(name, size));
    Sha256 sum;
    std::string block(kBlock, '\0');
    for (std::uint64_t at = 0; at < size;) {
      const std::size_t wanted = std::min<std::uint64_t>(kBlock, size - at);
      const ssize_t got = ::pread(fd.get(), block.data(), wanted, static_cast<off_t>(at));
      if (got <= 0) {
        return got == 0 ? Fail(Code::kAborted, log.path.string() + " was cut while it was read")
                        : tl::make_unexpected(ErrnoError(errno, "read " + log.path.string()));
      }
      const std::string_view part(block.data(), static_cast<std::size_t>(got));
      sum.Add(part);
      HONE_RETURN_IF_ERROR(out_.Write(part));
      at += part.size();
    }
    Note(name, size, sum.Finish());
    return {};
  }

  Status PutArtifacts() {
    json list = json::array();
    for (const Artifact& file : options_.artifacts) {
      list.push_back({{"trial", file.trial},
                      {"path", file.path},
                      {"bytes", file.bytes},
                      {"sha256", file.sha256}});
    }
    return Put(kArtifacts, DumpJson(list, 1) + "\n");
  }

  /// Deleting removes the rows: they may be missing above.
  Status StillThere() {
    const auto row = store_.FindExperiment(row_.name_space, row_.name);
    if (row.has_value() && row->id == row_.id) {
      return {};
    }
    return Fail(Code::kAborted, "experiment " + row_.name + " was deleted while it was exported");
  }

  Status PutManifest() {
    const json manifest = {{"events", events_}, {"members", members_}};
    const std::string text = DumpJson(manifest, 1) + "\n";
    HONE_RETURN_IF_ERROR(out_.Begin(kManifest, text.size()));
    return out_.Write(text);
  }

  TarWriter& out_;
  Store& store_;
  const ExperimentRow& row_;
  const WriteOptions& options_;
  Version events_ = 0;
  std::set<TrialNumber> trials_;
  json members_ = json::array();
  std::size_t done_ = 0;
};

}  // namespace

Status WriteArchive(TarWriter& out, Store& store, const ExperimentRow& experiment,
                    const WriteOptions& options) {
  HONE_RETURN_IF_ERROR(Exporter(out, store, experiment, options).Run());
  return out.Close();
}

}  // namespace hone::archive
