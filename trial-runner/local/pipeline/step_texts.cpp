// SPDX-License-Identifier: Apache-2.0
#include "trial-runner/local/pipeline/step_texts.h"

#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/file.h"
#include "base/file_tree.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "core/workflow/tags.h"
#include "trial-runner/local/pipeline_texts.h"

namespace hone::local {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using workflow::TagValue;

constexpr std::uint64_t kReadAtMost = std::uint64_t{64} << 20U;
constexpr std::size_t kMostNamedFiles = 200;

// What differs from terminal to terminal, and is not what a program computes with.
constexpr std::string_view kPassing[] = {"CUDA_DEVICE_ORDER",
                                         "CUDA_VISIBLE_DEVICES",
                                         "NVIDIA_VISIBLE_DEVICES",
                                         "COLORTERM",
                                         "COLUMNS",
                                         "DISPLAY",
                                         "EDITOR",
                                         "HOSTNAME",
                                         "LINES",
                                         "LOGNAME",
                                         "LS_COLORS",
                                         "MAIL",
                                         "OLDPWD",
                                         "PAGER",
                                         "PS1",
                                         "PWD",
                                         "SHLVL",
                                         "STY",
                                         "TERM",
                                         "TMPDIR",
                                         "USER",
                                         "WAYLAND_DISPLAY",
                                         "WINDOWID",
                                         "_"};
constexpr std::string_view kPassingPrefixes[] = {"DBUS_", "GPG_", "HIST",    "LESS", "SSH_",
                                                 "TERM_", "TMUX", "VSCODE_", "XDG_"};

bool IsPassing(std::string_view name) {
  return std::ranges::find(kPassing, name) != std::end(kPassing) ||
         std::ranges::any_of(kPassingPrefixes,
                             [name](std::string_view prefix) { return name.starts_with(prefix); });
}

Status FillAll(json& value, const TagValue& tag) {
  if (value.is_string()) {
    HONE_ASSIGN_OR_RETURN(value, workflow::FillTags(value.get_ref<const std::string&>(), tag));
    return {};
  }
  if (!value.is_structured()) {
    return {};
  }
  for (json& item : value) {
    HONE_RETURN_IF_ERROR(FillAll(item, tag));
  }
  return {};
}

Result<std::string> DigestOfPath(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return Fail(Code::kNotFound, "there is no " + path.string());
  }
  if (S_ISDIR(info.st_mode)) {
    HONE_ASSIGN_OR_RETURN(const auto digest, DigestOfTree(path));
    return digest.value_or("empty");
  }
  if (static_cast<std::uint64_t>(info.st_size) > kReadAtMost) {
    return "large:" + std::to_string(info.st_size) + ":" + std::to_string(info.st_mtim.tv_sec) +
           "." + std::to_string(info.st_mtim.tv_nsec);
  }
  HONE_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kReadAtMost));
  return Sha256Of(bytes);
}

/// Files of this machine that a text names, such as train.py in "python3 train.py --epochs 3";
/// where a shell writes to is none.
void AddNamedFiles(std::string_view text, const fs::path& folder, json& files) {
  constexpr std::string_view kBetween = " \t\r\n'\"`;|&<>()=,";
  bool written = false;
  while (!text.empty() && files.size() < kMostNamedFiles) {
    const std::size_t end = std::min(text.find_first_of(kBetween), text.size());
    const std::string word(text.substr(0, end));
    const bool like_file = word.find_first_of("./") != std::string::npos && word.size() < 4096;
    std::error_code error;
    if (like_file && !written && !files.contains(word) &&
        fs::is_regular_file(folder / word, error)) {
      const auto digest = DigestOfPath(folder / word);
      files[word] = digest.has_value() ? *digest : "unreadable";
    }
    written = (written && word.empty()) || (end < text.size() && text[end] == '>');
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

json InheritedPart(const Variables& inherited) {
  json part = json::object();
  for (const auto& [name, value] : inherited) {
    if (!IsPassing(name)) {
      part[name] = value;
    }
  }
  return part;
}

json InputsPart(const workflow::ReadyStep& step) {
  json artifacts = json::object();
  for (const workflow::Artifact& input : step.what->input_artifacts) {
    const auto found = step.inputs.artifacts.find(input.name);
    if (found != step.inputs.artifacts.end()) {
      const workflow::Content& content = found->second;
      artifacts[input.name] = {
          input.path, content.path.empty() ? "raw:" + Sha256Of(content.raw) : content.digest};
    }
  }
  return {{"parameters", step.inputs.parameters}, {"artifacts", std::move(artifacts)}};
}

json OutputsPart(const workflow::Template& what) {
  json outputs = json::array();
  for (const workflow::Output& output : what.outputs) {
    outputs.push_back({output.name, output.path, output.fallback.value_or("\n")});
  }
  json artifacts = json::array();
  for (const workflow::Artifact& artifact : what.output_artifacts) {
    artifacts.push_back({artifact.name, artifact.path, artifact.optional});
  }
  return {{"parameters", std::move(outputs)}, {"artifacts", std::move(artifacts)}};
}

}  // namespace

Result<StepTexts> FillTexts(const workflow::Run& run, const workflow::ReadyStep& step,
                            Place place) {
  std::map<std::string, std::string, std::less<>> paths;
  for (const auto& [tag, path] : PathsOf(*step.what)) {
    paths.emplace(tag, path);
  }
  const TagValue tag = [&](std::string_view name) { return run.ValueIn(step, paths, name); };
  json container = ParseJson(step.what->container);
  HONE_RETURN_IF_ERROR(FillAll(container, tag));
  StepTexts texts;
  HONE_ASSIGN_OR_RETURN(texts.source, workflow::FillTags(step.what->source, tag));
  Problems problems;
  texts.job = DecodeStepContainer(DumpJson(container), step.what->name, problems, place);
  for (const Problem& problem : problems.list()) {
    if (problem.severity == Problem::Severity::kError) {
      return Fail(Code::kInvalidArgument, problem.message, problem.field);
    }
  }
  return texts;
}

Result<std::string> KeyOf(const workflow::ReadyStep& step, const StepTexts& texts,
                          const StepSurroundings& surroundings) {
  const LocalJob& job = texts.job;
  json env = json::array();
  for (const auto& [name, value] : job.env) {
    env.push_back({name, value});
  }
  json code = json::object();
  for (const std::string& path : step.what->code) {
    const auto digest = DigestOfPath(surroundings.folder / path);
    if (!digest.has_value()) {
      return Annotate(digest.error(), "hone/code");
    }
    code[path] = *digest;
  }
  json files = json::object();
  if (surroundings.image_id.empty()) {
    for (const std::string& word : job.command) {
      AddNamedFiles(word, surroundings.folder, files);
    }
    for (const auto& [name, value] : job.env) {
      AddNamedFiles(value, surroundings.folder, files);
    }
    AddNamedFiles(texts.source, surroundings.folder, files);
  }
  const json whole = {
      {"version", 1},
      {"image", surroundings.image_id},
      {"command", job.command},
      {"args", job.image.args},
      {"env", std::move(env)},
      {"source", texts.source},
      {"folder", surroundings.image_id.empty() ? surroundings.folder.string() : job.working_folder},
      {"inputs", InputsPart(step)},
      {"outputs", OutputsPart(*step.what)},
      {"code", std::move(code)},
      {"files", std::move(files)},
      {"inherited", InheritedPart(surroundings.inherited)},
      {"own", surroundings.own}};
  return Sha256Of(DumpJson(whole));
}

}  // namespace hone::local
