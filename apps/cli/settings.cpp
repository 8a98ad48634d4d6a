// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/settings.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "apps/cli/open_accelerator.h"
#include "apps/cli/size.h"
#include "apps/cli/slot_options.h"
#include "base/text.h"

namespace hone::cli {
namespace {

constexpr double kLongestGraceSeconds = 86'400;
constexpr std::int64_t kMostSlots = 1'000'000;

const std::vector<std::string> kLevels = {"debug", "info", "warn", "error", "off"};
const std::vector<std::string> kLogFormats = {"logfmt", "json"};

std::string DefaultDataDir(const Environment& environment) {
  // A relative path counts as unset, as the XDG specification says.
  if (const std::string xdg = environment("XDG_DATA_HOME"); !xdg.empty() && xdg.front() == '/') {
    return xdg + "/hone";
  }
  const std::string home = environment("HOME");
  return home.empty() ? "hone-data" : home + "/.local/share/hone";
}

Status SetDataDir(Config& config, const std::string& text) {
  if (text.empty()) {
    return Fail(Code::kInvalidArgument, "must not be empty");
  }
  std::error_code error;
  const auto absolute = std::filesystem::absolute(text, error);
  config.data_dir = (error ? std::filesystem::path(text) : absolute).lexically_normal();
  return {};
}

/// The rest of the URL is judged where it is opened. It may hold a password: no message repeats it.
Status SetStore(Config& config, const std::string& text) {
  const bool known =
      text.empty() || text.starts_with("postgresql://") || text.starts_with("postgres://");
  if (!known) {
    return Fail(Code::kInvalidArgument, "must be a URL postgresql://USER@HOST:PORT/DATABASE");
  }
  config.store_url = text;
  return {};
}

/// Judged where it is connected to.
Status SetServer(Config& config, const std::string& text) {
  config.server = text;
  return {};
}

Status SetToken(Config& config, const std::string& text) {
  config.token = text;
  return {};
}

Status SetServerCa(Config& config, const std::string& text) {
  config.server_ca = text;
  return {};
}

Status SetNamespace(Config& config, const std::string& text) {
  if (text.empty()) {
    return Fail(Code::kInvalidArgument, "must not be empty");
  }
  config.name_space = text;
  return {};
}

Result<std::uint32_t> ParseSlots(const std::string& text, std::int64_t least) {
  const auto number = ParseInt(text);
  if (!number || *number < least || *number > kMostSlots) {
    return Fail(Code::kInvalidArgument, "must be a whole number from " + std::to_string(least) +
                                            " to " + std::to_string(kMostSlots) + ", not '" +
                                            Printable(text, 60) + "'");
  }
  return static_cast<std::uint32_t>(*number);
}

Status SetCpus(Config& config, const std::string& text) {
  HONE_ASSIGN_OR_RETURN(config.cpus, ParseSlots(text, 1));
  return {};
}

Status SetGpus(Config& config, const std::string& text) {
  HONE_ASSIGN_OR_RETURN(const DeclaredGpus gpus, ParseGpus(text));
  config.gpus = gpus.count;
  return {};
}

/// SlotOptions reads it where it is used.
Status SetMemory(Config& /*config*/, const std::string& text) {
  if (!ParseSize(text)) {
    return Fail(Code::kInvalidArgument,
                "must be a size such as 512M or 64G, not '" + Printable(text, 60) + "'");
  }
  return {};
}

Status SetGrace(Config& config, const std::string& text) {
  const auto seconds = ParseDouble(text);
  if (!seconds || !(*seconds >= 0 && *seconds <= kLongestGraceSeconds)) {
    return Fail(Code::kInvalidArgument,
                "must be a number of seconds from 0 to 86400, not '" + Printable(text, 60) + "'");
  }
  config.grace = Duration(static_cast<std::int64_t>(*seconds * 1e6));
  return {};
}

Status SetLogQuota(Config& config, const std::string& text) {
  const auto size = ParseSize(text);
  if (!size) {
    return Fail(
        Code::kInvalidArgument,
        "must be a size such as 64K, 256M or 2G, at most 1024T, not '" + Printable(text, 60) + "'");
  }
  config.log_quota = *size;
  return {};
}

/// ChosenAccelerator reads it where it is used; whether there is such a device is found out there.
Status SetAccelerator(Config& /*config*/, const std::string& text) {
  return ParseAccelerator(text).map([](const auto& /*choice*/) {});
}

/// Place of the word in its list.
Result<std::size_t> WordIndex(const std::vector<std::string>& words, const std::string& text) {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) {
    return Fail(Code::kInvalidArgument,
                "must be one of " + Join(words, ", ") + ", not '" + Printable(text, 60) + "'");
  }
  return static_cast<std::size_t>(found - words.begin());
}

Status SetLogLevel(Config& config, const std::string& text) {
  HONE_ASSIGN_OR_RETURN(const std::size_t index, WordIndex(kLevels, text));
  config.log_level = static_cast<LogLevel>(index);
  return {};
}

Status SetLogFormat(Config& config, const std::string& text) {
  HONE_ASSIGN_OR_RETURN(const std::size_t index, WordIndex(kLogFormats, text));
  config.log_format = static_cast<LogFormat>(index);
  return {};
}

std::function<std::string(const Environment&)> Always(std::string text) {
  return [text = std::move(text)](const Environment&) { return text; };
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::string {
    const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): at start
    return value == nullptr ? "" : value;
  };
}

std::string Setting::Variable() const {
  std::string name = "HONE_";
  for (const char c : key) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

const std::vector<Setting>& Settings() {
  static const std::vector<Setting> settings = {
      {"data-dir", "", "DIR", "where experiments are kept; a local disk",
       "a path; absolute in a file", "`$XDG_DATA_HOME/hone`, else `~/.local/share/hone`",
       &DefaultDataDir, &SetDataDir, Values::kFolder},
      {"store",
       "",
       "URL",
       "keep experiments in PostgreSQL, not in the data folder",
       "`postgresql://USER@HOST:PORT/DATABASE`, see [postgresql.md](postgresql.md)",
       "none: a file in the data folder",
       Always(""),
       &SetStore,
       Values::kAny,
       {},
       true},
      {"server", "", "ADDRESS", "work with a daemon, `hone serve`, instead of the data folder",
       "`HOST:PORT`, `https://HOST:PORT` or `unix:PATH`, see [serve.md](serve.md)", "none",
       Always(""), &SetServer},
      {"token",
       "",
       "TOKEN",
       "of the caller, for the daemon; better in the environment than here",
       "what `hone token create` printed",
       "none",
       Always(""),
       &SetToken,
       Values::kAny,
       {},
       true},
      {"server-ca", "", "FILE", "certificates that a daemon's is signed by", "a PEM file",
       "those that this machine trusts", Always(""), &SetServerCa, Values::kFile},
      {"namespace", "-n", "NAME", "namespace of the named experiments", "a name", "`default`",
       Always("default"), &SetNamespace},
      {"cpus", "", "N", "CPU slots offered to trials", "1 or more", "all cores", Always(""),
       &SetCpus},
      {"gpus", "", "N|NAMES", "GPU slots offered to trials",
       "0 or more; or names: `0,1`, `GPU-8932f937,MIG-4d2a`", "all there are", Always(""),
       &SetGpus},
      {"memory", "", "SIZE", "memory offered to trials",
       "bytes, or such as 512M, 64G; 0: it is not counted", "all of the machine", Always(""),
       &SetMemory},
      {"grace", "", "SECONDS", "seconds from TERM to KILL when trials are ended", "0 to 86400",
       "`10`", Always("10"), &SetGrace},
      {"log-quota", "", "SIZE",
       "disk that the log of a trial's attempt may take; of a longer one, beginning and end stay",
       "bytes, or such as 64K, 256M, 2G; 0: no limit", "`256M`", Always("256M"), &SetLogQuota},
      {"accelerator", "", "DEVICE", "compute models on an NVIDIA device where that is faster",
       "none, cuda, `cuda:N` (device N), or a library's path, see [cuda.md](cuda.md)", "`none`",
       Always("none"), &SetAccelerator},
      {"log-level", "", "LEVEL", "what is logged on standard error", Join(kLevels, ", "), "`warn`",
       Always("warn"), &SetLogLevel, Values::kWords, kLevels},
      {"log-format", "", "FORMAT", "form of the log's lines", Join(kLogFormats, ", "), "`logfmt`",
       Always("logfmt"), &SetLogFormat, Values::kWords, kLogFormats},
  };
  return settings;
}

std::string ConfigurationMarkdown() {
  std::string text =
      "# Configuration\n\n"
      "Written by `hone config --markdown`; a test fails when this page is stale.\n\n"
      "A setting is taken from the first of: its flag, its variable of the environment (an empty "
      "one counts as\nunset), the configuration file, its default. `hone config` prints what holds "
      "and where it comes from.\n\n"
      "The file is the one that `--config FILE` names, else `$HONE_CONFIG`, else "
      "`$XDG_CONFIG_HOME/hone/config.yaml`,\nelse `~/.config/hone/config.yaml`. It is YAML with "
      "the keys below; an unknown key is an error, and so is a file\nthat is named but missing:\n\n"
      "```yaml\n"
      "data-dir: /srv/hone\n"
      "cpus: 8\n"
      "log-level: info\n"
      "```\n\n"
      "| key | flag | variable | accepted | default | what it does |\n"
      "|---|---|---|---|---|---|\n";
  for (const Setting& setting : Settings()) {
    const std::string flag = setting.short_flag.empty() ? "" : "`" + setting.short_flag + "`, ";
    text += "| `" + setting.key + "` | " + flag + "`" + setting.Flag() + " " + setting.type +
            "` | `" + setting.Variable() + "` | " + setting.range + " | " + setting.default_doc +
            " | " + setting.help + " |\n";
  }
  return text;
}

}  // namespace hone::cli
