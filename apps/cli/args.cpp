// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/args.h"

#include <CLI/CLI.hpp>

namespace hone::cli {
namespace {

const std::map<std::string, OutputFormat> kFormats = {
    {"table", OutputFormat::kTable}, {"json", OutputFormat::kJson}, {"yaml", OutputFormat::kYaml}};

}  // namespace

void Args::Note(CLI::Option& option, const ArgInfo& info) {
  notes_[&option] = {info.values, info.words};
  option.type_name(info.type);
  option.required(info.required);
  if (!info.shown_default.empty()) {
    option.default_str(info.shown_default);
  }
  if (info.values == Values::kWords) {
    option.check(CLI::IsMember(info.words).description(""));
  }
}

void Args::Add(const std::string& names, std::string& target, const ArgInfo& info) {
  Note(*app_.add_option(names, target, info.help), info);
}

void Args::Add(const std::string& names, std::vector<std::string>& target, const ArgInfo& info) {
  CLI::Option& option = *app_.add_option(names, target, info.help);
  if (names.front() == '-') {
    option.allow_extra_args(false);  // one value each time it is given, so that names may follow
  }
  Note(option, info);
}

void Args::Add(const std::string& names, std::uint64_t& target, const ArgInfo& info) {
  Note(*app_.add_option(names, target, info.help), info);
}

void Args::Add(const std::string& names, std::optional<std::uint32_t>& target,
               const ArgInfo& info) {
  Note(*app_.add_option(names, target, info.help), info);
}

void Args::Add(const std::string& names, std::optional<int>& target, const ArgInfo& info) {
  Note(*app_.add_option(names, target, info.help), info);
}

void Args::Flag(const std::string& names, bool& target, const std::string& help) {
  notes_[app_.add_flag(names, target, help)] = {};
}

void Args::Output(OutputFormat& target) {
  CLI::Option& option = *app_.add_option("-o,--output", target, "how the result is printed");
  option.transform(CLI::CheckedTransformer(kFormats).description(""));
  notes_[&option] = {Values::kWords, {"table", "json", "yaml"}};
  option.type_name("table|json|yaml")
      ->default_str(target == OutputFormat::kJson ? "json" : "table");
}

void Args::Experiment(std::string& target) {
  Add("name", target,
      {.type = "NAME", .help = "the experiment", .values = Values::kExperiment, .required = true});
}

void Args::Trial(std::string& target) {
  Add("trial", target,
      {.type = "TRIAL", .help = "the trial", .values = Values::kTrial, .required = true});
}

}  // namespace hone::cli
