// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/output.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "api/wire/yaml.h"
#include "base/file.h"
#include "base/json.h"

namespace hone::cli {

Status PrintText(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return tl::make_unexpected(ErrnoError(errno, "write the result on standard output"));
  }
  return {};
}

Status PrintLine(const nlohmann::json& value) {
  return PrintText(DumpJson(value) + "\n");
}

bool StdoutIsTerminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}

Status PrintDocument(const nlohmann::json& document, OutputFormat format) {
  if (format == OutputFormat::kYaml) {
    return PrintText(EmitYaml(document));
  }
  return PrintText(DumpJson(document, 2) + "\n");
}

}  // namespace hone::cli
