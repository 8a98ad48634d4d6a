// SPDX-License-Identifier: Apache-2.0
// The command line as documents: a manual page and a page of Markdown. Pure.
#include <algorithm>

#include "apps/cli/model.h"
#include "base/text.h"

namespace hone::cli {
namespace {

/// The day this page's own sentences were last changed; a build's date would make builds differ.
constexpr const char* kManDate = "2026-11-26";

constexpr std::size_t kLineWidth = 55;  // a word of 20 still fits into 80

struct ExitCode {
  const char* code;
  const char* meaning;
};
constexpr ExitCode kExitCodes[] = {
    {"0", "Done; for run and resume: the experiment succeeded; for validate: the files are valid."},
    {"1",
     "Not found, or failed; for run and resume: the experiment failed; for replay: a proposal "
     "differs; for doctor: something fails."},
    {"2", "Bad input: the command line, the configuration, or an experiment file."},
    {"130", "Interrupted, or suspended by hone stop."},
};

std::string ArgWord(const ArgModel& arg) {
  return arg.positional ? arg.type : arg.names.back();
}

/// Text for roff: no character of it is a command, and no line is long. Line ends stay.
std::string Roff(std::string_view text) {
  std::string out;
  std::size_t width = 0;
  for (const char c : text) {
    const bool begins_line = out.empty() || out.back() == '\n';
    if (begins_line && (c == '.' || c == '\'')) {
      out += "\\&";
    }
    const bool breaks = c == '\n' || (c == ' ' && width > kLineWidth);
    width = breaks ? 0 : width + 1;
    out += breaks ? "\n" : c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
  }
  return out;
}

/// A default that is worth telling.
std::string DefaultText(const ArgModel& arg) {
  return arg.takes_value && !arg.default_text.empty() ? "default: " + arg.default_text : "";
}

std::string RoffArgs(const std::vector<ArgModel>& args) {
  std::string text;
  for (const ArgModel& arg : args) {
    const std::string default_text = DefaultText(arg);
    text += ".TP\n.B " + Roff(SignatureOf(arg)) + "\n" + Roff(arg.help) +
            (default_text.empty() ? "" : " (" + Roff(default_text) + ")") + "\n";
  }
  return text;
}

std::string Cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '|' ? "\\|" : std::string(1, c);
  }
  return out;
}

std::string MarkdownArgs(const std::vector<ArgModel>& args) {
  std::string text = "| argument | default | what it does |\n|---|---|---|\n";
  for (const ArgModel& arg : args) {
    const std::string value = arg.takes_value ? arg.default_text : "";
    text += "| `" + Cell(SignatureOf(arg)) + "` | " +
            (value.empty() ? "" : "`" + Cell(value) + "`") + " | " + Cell(arg.help) + " |\n";
  }
  return text;
}

bool IsHelp(const ArgModel& arg) {
  return arg.names.back() == "--help";
}

std::vector<ArgModel> OwnArgs(const VerbModel& verb) {
  std::vector<ArgModel> args = verb.args;
  std::erase_if(args, IsHelp);
  return args;
}

}  // namespace

std::string SignatureOf(const ArgModel& arg) {
  std::string name = arg.positional ? "" : Join(arg.names, ", ");
  if (!arg.takes_value) {
    return name;
  }
  return name + (name.empty() ? "" : " ") + arg.type;
}

std::string UsageOf(const VerbModel& verb) {
  std::string usage = "hone " + verb.name;
  for (const ArgModel& arg : verb.args) {
    if (arg.positional) {
      usage += arg.required ? " " + ArgWord(arg) : " [" + ArgWord(arg) + "]";
    }
  }
  return OwnArgs(verb).size() > static_cast<std::size_t>(std::ranges::count_if(
                                    verb.args, [](const ArgModel& arg) { return arg.positional; }))
             ? usage + " [OPTIONS]"
             : usage;
}

std::string ManPage(const ProgramModel& program) {
  std::string text = ".TH HONE 1 " + std::string(kManDate) + " \"hone " HONE_VERSION "\"\n";
  text += ".SH NAME\nhone \\- tunes hyperparameters\n";
  text += ".SH SYNOPSIS\n.B hone\n[OPTIONS] COMMAND [ARGUMENTS]\n";
  text += ".SH DESCRIPTION\n" + Roff(program.summary) +
          ".\nResults are written to standard output, progress and messages to standard error.\n";
  text += ".SH OPTIONS\nThey may stand before or after the command.\n" + RoffArgs(program.globals);
  text += ".SH COMMANDS\n";
  for (const VerbModel& verb : program.verbs) {
    if (verb.group.empty()) {
      continue;
    }
    text += ".SS " + Roff(UsageOf(verb)) + "\n" + Roff(verb.summary) + ".\n";
    text += RoffArgs(OwnArgs(verb));
    text += ".PP\nExample:\n.PP\n.RS\n.nf\n" + Roff(verb.example) + "\n.fi\n.RE\n";
  }
  text += ".SH EXIT STATUS\n";
  for (const ExitCode& code : kExitCodes) {
    text += ".TP\n.B " + std::string(code.code) + "\n" + Roff(code.meaning) + "\n";
  }
  text +=
      ".SH ENVIRONMENT\nEvery option above that is a setting has a variable:\nHONE_DATA_DIR for " +
      Roff("--data-dir") + ", and so on.\n.B hone config\nlists them with what holds.\n";
  text +=
      ".SH FILES\n.TP\n.I ~/.config/hone/config.yaml\nThe configuration, unless $HONE_CONFIG or " +
      Roff("--config") + " names another.\n";
  text += ".TP\n.I ~/.local/share/hone\nExperiments, unless " + Roff("--data-dir") +
          " names another.\n";
  return text;
}

std::string CommandsMarkdown(const ProgramModel& program) {
  std::string text =
      "# Commands\n\nWritten by `hone man --markdown`; a test fails when this page is stale. "
      "[cli.md](cli.md) is the manual with\nwhat the commands print, `hone man` the manual "
      "page.\n\n| exit code | meaning |\n|---|---|\n";
  for (const ExitCode& code : kExitCodes) {
    text += "| " + std::string(code.code) + " | " + code.meaning + " |\n";
  }
  text +=
      "\n## Options of all commands\n\nThey may stand before or after the command.\n"
      "[configuration.md](configuration.md) has the variables and the file that set the "
      "same.\n\n" +
      MarkdownArgs(program.globals);
  for (const VerbModel& verb : program.verbs) {
    if (verb.group.empty()) {
      continue;
    }
    text +=
        "\n## " + UsageOf(verb) + "\n\n" + verb.summary + "\n\n```\n" + verb.example + "\n```\n";
    if (const auto args = OwnArgs(verb); !args.empty()) {
      text += "\n" + MarkdownArgs(args);
    }
  }
  return text;
}

}  // namespace hone::cli
