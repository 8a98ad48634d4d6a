// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/volumes.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "core/quantity.h"
#include "trial-runner/local/job_node.h"

namespace hone::local {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHostTypes[] = {"",           "Directory",    "DirectoryOrCreate",
                                           "File",       "FileOrCreate", "Socket",
                                           "CharDevice", "BlockDevice"};

bool LeavesItsFolder(const fs::path& path) {
  return path.is_absolute() || std::ranges::find(path, fs::path("..")) != path.end();
}

void DecodeHostPath(const Node& source, Mount& mount) {
  mount.kind = Mount::Kind::kHost;
  mount.host_path = source.Text("path");
  mount.host_type = source.Text("type");
  if (!mount.host_path.starts_with('/')) {
    source.problems->Refuse(source.Path("path"), "must start with '/'");
  }
  if (std::ranges::find(kHostTypes, mount.host_type) == std::end(kHostTypes)) {
    source.problems->Refuse(source.Path("type"),
                            "must be Directory, DirectoryOrCreate, File, FileOrCreate, Socket, "
                            "CharDevice or BlockDevice");
  }
}

void DecodeEmptyDir(const Node& source, Mount& mount) {
  const std::string medium = source.Text("medium");
  mount.kind = medium == "Memory" ? Mount::Kind::kMemory : Mount::Kind::kEmpty;
  const nlohmann::json* const limit = source.Find("sizeLimit");
  if (limit == nullptr) {
    return;
  }
  const auto bytes = ParseQuantity(limit->is_string() ? limit->get<std::string>() : limit->dump());
  if (!bytes || *bytes < 1 || *bytes > 1e18) {
    source.problems->Refuse(source.Path("sizeLimit"), "must be a quantity such as 512Mi");
  } else if (mount.kind == Mount::Kind::kMemory) {
    mount.memory_limit = static_cast<std::uint64_t>(std::ceil(*bytes));
  } else {
    source.problems->Warn(source.Path("sizeLimit"),
                          "is only kept for medium Memory; the disk is the limit here");
  }
}

// Kind and source of a volume.
Mount DecodeVolume(const Node& volume) {
  Mount mount;
  mount.volume = volume.Text("name");
  const fs::path name(mount.volume);
  if (mount.volume.empty() || name.filename() != name || name == "." || name == "..") {
    volume.problems->Refuse(volume.Path("name"), "must be a plain name");
  }
  const auto has = [&volume](std::string_view key) { return volume.Find(key) != nullptr; };
  if (has("hostPath")) {
    DecodeHostPath(volume.Object("hostPath"), mount);
  } else if (has("emptyDir")) {
    DecodeEmptyDir(volume.Object("emptyDir"), mount);
  } else {
    volume.problems->CannotHere(volume.path,
                                "volume '" + Printable(mount.volume, 80) +
                                    "': runner Container has emptyDir and hostPath; copy what is "
                                    "needed into a folder and mount that as hostPath");
  }
  return mount;
}

Status CheckHostType(const Mount& mount) {
  struct stat info = {};
  if (::stat(mount.host_path.c_str(), &info) != 0) {
    return tl::make_unexpected(
        ErrnoError(errno, "mount volume '" + mount.volume + "' from " + mount.host_path));
  }
  const std::string& type = mount.host_type;
  const bool fits = type.empty() || (type.starts_with("Directory") && S_ISDIR(info.st_mode)) ||
                    (type.starts_with("File") && S_ISREG(info.st_mode)) ||
                    (type == "Socket" && S_ISSOCK(info.st_mode)) ||
                    (type == "CharDevice" && S_ISCHR(info.st_mode)) ||
                    (type == "BlockDevice" && S_ISBLK(info.st_mode));
  return fits ? Status()
              : Fail(Code::kInvalidArgument,
                     "volume '" + mount.volume + "': " + mount.host_path + " is no " + type);
}

Status PrepareHostPath(const Mount& mount) {
  std::error_code error;
  const bool missing = !fs::exists(mount.host_path, error);
  if (missing && mount.host_type == "DirectoryOrCreate") {
    HONE_RETURN_IF_ERROR(MakeFolders(mount.host_path));
  } else if (missing && mount.host_type == "FileOrCreate") {
    HONE_RETURN_IF_ERROR(WriteFile(mount.host_path, ""));
  }
  return CheckHostType(mount);
}

}  // namespace

std::vector<Mount> DecodeMounts(const Node& pod, const Node& container) {
  std::vector<Mount> volumes;
  for (const Node& volume : pod.Objects("volumes")) {
    volumes.push_back(DecodeVolume(volume));
  }
  std::vector<Mount> mounts;
  for (const Node& item : container.Objects("volumeMounts")) {
    const std::string name = item.Text("name");
    const auto found = std::ranges::find(volumes, name, &Mount::volume);
    if (found == volumes.end()) {
      item.problems->Refuse(item.Path("name"), "no volume is named '" + Printable(name, 80) + "'");
      continue;
    }
    Mount mount = *found;
    mount.target = item.Text("mountPath");
    mount.sub_path = item.Text("subPath");
    mount.read_only = item.Flag("readOnly");
    if (!mount.target.starts_with('/') || fs::path(mount.target).lexically_normal() == "/") {
      item.problems->Refuse(item.Path("mountPath"), "must be a path below '/'");
    }
    if (LeavesItsFolder(mount.sub_path)) {
      item.problems->Refuse(item.Path("subPath"), "must stay below the volume");
    }
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

fs::path SourceOf(const Mount& mount, const fs::path& attempt) {
  fs::path source;
  if (mount.kind == Mount::Kind::kHost) {
    source = mount.host_path;
  } else if (mount.kind == Mount::Kind::kEmpty) {
    source = attempt / "volumes" / mount.volume;
  }
  return mount.sub_path.empty() || source.empty() ? source : source / mount.sub_path;
}

Status PrepareMount(const Mount& mount, const fs::path& attempt) {
  if (mount.kind == Mount::Kind::kMemory) {
    return {};
  }
  if (mount.kind == Mount::Kind::kHost) {
    return PrepareHostPath(mount);
  }
  const fs::path folder = SourceOf(mount, attempt);
  HONE_RETURN_IF_ERROR(MakeFolders(folder));
  // Whoever the image runs as may write here, as in Kubernetes.
  return ::chmod(folder.c_str(), 0777) == 0
             ? Status()
             : tl::make_unexpected(ErrnoError(errno, "open " + folder.string() + " to the trial"));
}

}  // namespace hone::local
