// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace hone::test {

/// Podman with storage of the test's own, and a small image in it. Everything goes with the test
/// program.
class PodmanHere {
 public:
  /// One for the whole program, made at the first call. Null, with the reason on stderr, where no
  /// container can be started.
  static PodmanHere* Shared();
  ~PodmanHere();
  PodmanHere(const PodmanHere&) = delete;
  PodmanHere& operator=(const PodmanHere&) = delete;

  static constexpr char kImage[] = "localhost/hone-test:1";

  /// "NAME=value": what podman needs to find the storage, and a PATH.
  [[nodiscard]] const std::vector<std::string>& environment() const { return environment_; }
  /// The names of all containers there are, running or not.
  [[nodiscard]] std::vector<std::string> Containers() const { return List("--all"); }
  /// Of those that podman knows to run.
  [[nodiscard]] std::vector<std::string> Running() const { return List("--filter=status=running"); }

 private:
  PodmanHere() = default;
  [[nodiscard]] std::vector<std::string> List(const std::string& which) const;
  bool Init();
  /// Whether containers start with this OCI runtime; "" is podman's default.
  bool Try(const std::string& runtime);

  std::filesystem::path folder_;
  std::vector<std::string> environment_;
};

}  // namespace hone::test
