// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/uid.h"

namespace hone::testing {

/// An empty folder that goes away with everything in it.
class TempFolder {
 public:
  TempFolder() : path_(std::filesystem::temp_directory_path() / ("hone-test-" + NewUid().text)) {
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace hone::testing
