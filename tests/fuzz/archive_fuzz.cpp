// SPDX-License-Identifier: Apache-2.0
// The import archive. Either its bytes, or behind a '+' names and contents of members, each up to
// a zero byte, of which a tar with a right manifest is made: otherwise no input would get behind
// the check of the sums.
#include <sys/mman.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "store/archive/format.h"
#include "store/archive/read_archive.h"
#include "tests/fuzz/fuzz.h"

namespace hone::fuzz {
namespace {

using nlohmann::json;

constexpr archive::Limits kLimits{.bytes = std::uint64_t{1} << 20};

void Look(Result<archive::TarReader> in) {
  if (!in.has_value()) {
    return;
  }
  auto archived = archive::ReadArchive(*in, kLimits, {});
  if (!archived.has_value()) {
    return;
  }
  const Status settled = archive::Settle(*archived, Timestamp(std::chrono::seconds(1)));
  HONE_CHECK(settled.has_value(), "what can be read can be taken in");
  HONE_CHECK(archive::ToStep(*archived).events.size() == archived->events.size(),
             "a step has all events");
  archive::ToBatches(*archived);
}

/// Into a file in memory. @returns false if tar does not take a name
bool Write(int fd, std::string_view input) {
  auto out = archive::TarWriter::Create(fd);
  json members = json::array();
  std::size_t events = 0;
  const auto put = [&](const std::string& name, std::string_view bytes) {
    return out->Begin(name, bytes.size()).has_value() && out->Write(bytes).has_value();
  };
  while (!input.empty()) {
    const std::string name(TakePart(input));
    const std::string_view bytes = TakePart(input);
    if (!put(name, bytes)) {
      return false;
    }
    if (name == archive::kLedger) {
      events = static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    }
    members.push_back({{"name", name}, {"bytes", bytes.size()}, {"sha256", Sha256Of(bytes)}});
  }
  const json manifest = {{"events", events}, {"members", members}};
  return put(archive::kManifest, DumpJson(manifest)) && out->Close().has_value();
}

}  // namespace

void FuzzOne(std::string_view input) {
  if (!input.starts_with('+')) {
    return Look(archive::TarReader::OpenMemory(input));
  }
  const UniqueFd fd(::memfd_create("archive", MFD_CLOEXEC));
  if (Write(fd.get(), input.substr(1)) && ::lseek(fd.get(), 0, SEEK_SET) == 0) {
    Look(archive::TarReader::OpenFd(fd.get()));
  }
}

}  // namespace hone::fuzz
