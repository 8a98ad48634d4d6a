// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/program.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <sstream>

#include "apps/cli/complete.h"
#include "apps/cli/postgres.h"
#include "apps/cli/server.h"
#include "base/text.h"

namespace hone::cli {
namespace {

constexpr const char* kSummary =
    "hone tunes hyperparameters: it runs experiments of Katib's format on this machine";
constexpr const char* kCodes =
    "Exit codes: 0 done, 1 not found or failed, 2 bad input, 130 interrupted.";

std::string Indented(const std::string& text) {
  std::string lines;
  for (const std::string_view line : Split(text, '\n')) {
    lines += "  " + std::string(line) + "\n";
  }
  return lines;
}

ArgModel ModelOf(const CLI::Option& option, const ArgNotesMap& notes) {
  ArgModel model;
  model.positional = option.get_positional();
  if (model.positional) {
    model.names = {option.get_name(true)};
  } else {
    for (const std::string& name : option.get_snames()) {
      model.names.push_back("-" + name);
    }
    for (const std::string& name : option.get_lnames()) {
      model.names.push_back("--" + name);
    }
  }
  model.takes_value = option.get_items_expected_max() > 0;
  model.required = option.get_required();
  model.repeated = option.get_expected_max() > 1;
  model.type = model.takes_value ? option.get_type_name() : "";
  model.help = option.get_description();
  model.default_text = option.get_default_str();
  if (const auto note = notes.find(&option); note != notes.end()) {
    model.values = note->second.values;
    model.words = note->second.words;
  }
  return model;
}

std::vector<ArgModel> ArgsOf(const CLI::App& app, const ArgNotesMap& notes) {
  std::vector<ArgModel> positionals;
  std::vector<ArgModel> options;
  for (const CLI::Option* option : app.get_options({})) {
    ArgModel model = ModelOf(*option, notes);
    (model.positional ? positionals : options).push_back(std::move(model));
  }
  positionals.insert(positionals.end(), options.begin(), options.end());
  return positionals;
}

/// An action that no daemon can be asked for.
Action OnlyHere(const std::string& name, const Action& action) {
  return [name, action](const Config& config) -> Result<int> {
    if (!config.server.empty()) {
      return Fail(Code::kInvalidArgument,
                  "'hone " + name + "' works on a data folder: leave out --server (HONE_SERVER)");
    }
    return action(config);
  };
}

}  // namespace

struct Program::Parts {
  CLI::App app{kSummary, "hone"};
  ArgNotesMap notes;
  std::map<std::string, std::string> texts;  // of the settings' flags
  std::map<std::string, CLI::Option*> flags;
  Action action;

  void AddFlag(const std::string& key, const std::string& names, const ArgInfo& info) {
    CLI::Option* const option = app.add_option(names, texts[key], info.help);
    option->type_name(info.type)->default_str(info.shown_default);
    notes[option] = {info.values, info.words};
    flags[key] = option;
  }

  void AddSettings() {
    AddFlag("config", "--config",
            {.type = "FILE",
             .help = "the configuration file; default: $HONE_CONFIG, else "
                     "~/.config/hone/config.yaml",
             .values = Values::kFile});
    const Environment nowhere = [](const std::string& name) { return name == "HOME" ? "~" : ""; };
    for (const Setting& setting : Settings()) {
      const std::string names =
          setting.short_flag.empty() ? setting.Flag() : setting.short_flag + "," + setting.Flag();
      AddFlag(setting.key, names,
              {.type = setting.type,
               .help = setting.help,
               .values = setting.values,
               .words = setting.words,
               .shown_default = setting.default_text(nowhere)});
    }
  }

  void AddVerb(const Verb& verb) {
    CLI::App& command = *app.add_subcommand(verb.info.name, verb.info.summary);
    command.fallthrough();  // global options may stand after the command, too
    command.group(verb.info.group);
    command.footer("Example:\n" + Indented(verb.info.example) + "\n" + kCodes);
    Args args(command, notes);
    command.callback([this, declared = verb.declare(args), &info = verb.info] {
      action = info.needs_folder ? OnlyHere(info.name, declared) : declared;
    });
  }

  /// The word that stands where a command should, if it is none.
  [[nodiscard]] std::string UnknownVerb() const {
    const std::vector<std::string> rest = app.remaining();
    if (!app.get_subcommands().empty() || rest.empty() || rest.front().starts_with('-')) {
      return "";
    }
    return rest.front();
  }

  [[nodiscard]] Error Refusal(const CLI::ParseError& error) const {
    std::string message = error.what();
    if (const std::string word = UnknownVerb(); !word.empty()) {
      std::vector<std::string_view> known;
      for (const Verb& verb : AllVerbs()) {
        known.push_back(verb.info.name);
      }
      message = "there is no command '" + Printable(word, 60) + "'";
      if (const std::string_view near = Nearest(word, known); !near.empty()) {
        message += "; did you mean '" + std::string(near) + "'?";
      }
    }
    const auto chosen = app.get_subcommands();
    const std::string help =
        chosen.empty() ? "hone --help" : "hone " + chosen.front()->get_name() + " --help";
    return {Code::kInvalidArgument, message + "\nhone: '" + help + "' tells more", ""};
  }
};

Program::Program() : parts_(std::make_unique<Parts>()) {
  CLI::App& app = parts_->app;
  app.set_version_flag("--version", "hone " HONE_VERSION " (" HONE_CPU_LEVEL ")");
  app.require_subcommand(1);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.footer(std::string("'hone COMMAND --help' has an example of each. ") + kCodes);
  parts_->AddSettings();
  for (const Verb& verb : AllVerbs()) {
    parts_->AddVerb(verb);
  }
}

Program::~Program() = default;

Result<Program::Parsed> Program::Parse(std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  Parsed parsed;
  try {
    parts_->app.parse(std::move(arguments));
  } catch (const CLI::Success& success) {
    std::ostringstream text;
    std::ostringstream ignored;
    parts_->app.exit(success, text, ignored);
    parsed.text = text.str();
    return parsed;
  } catch (const CLI::ParseError& error) {
    return tl::make_unexpected(parts_->Refusal(error));
  }
  parsed.action = parts_->action;
  for (const auto& [key, option] : parts_->flags) {
    if (option->count() > 0) {
      parsed.flags[key] = parts_->texts[key];
    }
  }
  return parsed;
}

ProgramModel Program::Describe() const {
  ProgramModel model{kSummary, ArgsOf(parts_->app, parts_->notes), {}};
  for (const Verb& verb : AllVerbs()) {
    const CLI::App& command = *parts_->app.get_subcommand(verb.info.name);
    model.verbs.push_back({verb.info.name, verb.info.group, verb.info.summary, verb.info.example,
                           ArgsOf(command, parts_->notes)});
  }
  return model;
}

namespace {

/// The programs that hold what few commands need.
Status HaveWhatIsAskedFor(const Config& config) {
  if (!config.server.empty() && !config.store_url.empty()) {
    return Fail(Code::kInvalidArgument,
                "a daemon has a store of its own: give either --server or --store");
  }
  if (!config.server.empty()) {
    return HaveServer();
  }
  return config.store_url.empty() ? Status() : HavePostgres();
}

int Tell(const Error& error) {
  std::fprintf(stderr, "hone: %s\n", error.Text().c_str());
  return error.code == Code::kInvalidArgument ? kExitUsage : kExitFailed;
}

}  // namespace

int Main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  // Words of an unfinished command line are no arguments, so they are not parsed as such.
  if (!arguments.empty() && arguments.front() == kCompleteVerb) {
    arguments.erase(arguments.begin());
    return PrintCompletions(Program().Describe(), arguments);
  }
  Program program;
  const auto parsed = program.Parse(std::move(arguments));
  if (!parsed.has_value()) {
    return Tell(parsed.error());
  }
  if (!parsed->action) {
    std::fputs(parsed->text.c_str(), stdout);
    return kExitOk;
  }
  const auto config = ResolveConfig(Settings(), parsed->flags, ProcessEnvironment());
  if (!config.has_value()) {
    return Tell(config.error());
  }
  if (const Status have = HaveWhatIsAskedFor(*config); !have) {
    return Tell(have.error());
  }
  ConfigureLog(config->log_level, config->log_format);
  const auto exit_code = parsed->action(*config);
  return exit_code.has_value() ? *exit_code : Tell(exit_code.error());
}

}  // namespace hone::cli
