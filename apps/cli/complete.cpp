// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/complete.h"

#include <algorithm>
#include <optional>

#include "apps/cli/output.h"
#include "apps/cli/session.h"
#include "base/text.h"

namespace hone::cli {
namespace {

constexpr std::size_t kMostNames = 200;

const ArgModel* FindOption(const std::vector<ArgModel>& args, std::string_view name) {
  for (const ArgModel& arg : args) {
    if (!arg.positional && std::find(arg.names.begin(), arg.names.end(), name) != arg.names.end()) {
      return &arg;
    }
  }
  return nullptr;
}

/// Puts together what a shell cut at "=": "--output", "=", "js".
std::vector<std::string> Rejoined(const std::vector<std::string>& words, bool& cut_last) {
  std::vector<std::string> joined;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] != "=" || joined.empty() || !joined.back().starts_with("--")) {
      joined.push_back(words[i]);
      continue;
    }
    joined.back() += "=";
    cut_last = i + 2 >= words.size();
    if (i + 1 < words.size()) {
      joined.back() += words[++i];
    }
  }
  return joined;
}

/// The words before the one being typed, understood as far as completion needs it.
class Typed {
 public:
  Typed(const ProgramModel& program, const NameSource& names) : program_(program), names_(names) {}

  void Read(const std::string& word) {
    if (const ArgModel* const option = open_) {
      open_ = nullptr;
      Note(*option, word);
    } else if (!only_positionals_ && word == "--") {
      only_positionals_ = true;
    } else if (!only_positionals_ && word.starts_with('-') && word.size() > 1) {
      ReadOption(word);
    } else if (verb_ == nullptr) {
      ReadVerb(word);
    } else {
      ++positionals_;
    }
  }

  Completion Finish(const std::string& word, bool cut) const {
    Completion completion;
    const std::size_t equals = word.find('=');
    if (open_ != nullptr) {
      AddValues(*open_, word, "", completion);
    } else if (!only_positionals_ && word.starts_with("--") && equals != std::string::npos) {
      if (const ArgModel* const option = Find(word.substr(0, equals))) {
        AddValues(*option, word.substr(equals + 1), cut ? "" : word.substr(0, equals + 1),
                  completion);
      }
    } else if (!only_positionals_ && word.starts_with('-')) {
      AddOptions(word, completion);
    } else if (verb_ == nullptr) {
      AddVerbs(word, completion);
    } else if (const ArgModel* const positional = NextPositional()) {
      AddValues(*positional, word, "", completion);
    }
    return completion;
  }

 private:
  [[nodiscard]] const ArgModel* Find(std::string_view name) const {
    const ArgModel* const own = verb_ == nullptr ? nullptr : FindOption(verb_->args, name);
    return own != nullptr ? own : FindOption(program_.globals, name);
  }

  void Note(const ArgModel& option, const std::string& value) {
    if (FindOption(program_.globals, option.names.back()) == &option) {
      flags_[option.names.back().substr(2)] = value;
    }
  }

  void ReadOption(const std::string& word) {
    const std::size_t equals = word.find('=');
    const ArgModel* const option = Find(word.substr(0, equals));
    if (option == nullptr || !option->takes_value) {
      return;
    }
    if (equals == std::string::npos) {
      open_ = option;
    } else {
      Note(*option, word.substr(equals + 1));
    }
  }

  void ReadVerb(const std::string& word) {
    for (const VerbModel& verb : program_.verbs) {
      verb_ = verb.name == word ? &verb : verb_;
    }
    only_positionals_ = only_positionals_ || verb_ == nullptr;  // nonsense is left alone
  }

  [[nodiscard]] const ArgModel* NextPositional() const {
    std::size_t index = 0;
    for (const ArgModel& arg : verb_->args) {
      if (arg.positional && (arg.repeated || index++ == positionals_)) {
        return &arg;
      }
    }
    return nullptr;
  }

  void AddOptions(const std::string& word, Completion& completion) const {
    if (verb_ != nullptr) {
      AddOptionsOf(verb_->args, word, completion);
    }
    AddOptionsOf(program_.globals, word, completion);
  }

  static void AddOptionsOf(const std::vector<ArgModel>& args, const std::string& word,
                           Completion& completion) {
    // The long name stands for both, unless the short one is being typed.
    const bool typing_short = word != "-" && !word.starts_with("--");
    for (const ArgModel& arg : args) {
      const std::string& name = typing_short ? arg.names.front() : arg.names.back();
      if (!arg.positional && name.starts_with(word) && !Offered(completion, name)) {
        completion.candidates.push_back({name, arg.help});
      }
    }
  }

  static bool Offered(const Completion& completion, const std::string& name) {
    return std::any_of(completion.candidates.begin(), completion.candidates.end(),
                       [&](const Candidate& candidate) { return candidate.text == name; });
  }

  void AddVerbs(const std::string& word, Completion& completion) const {
    for (const VerbModel& verb : program_.verbs) {
      if (!only_positionals_ && !verb.group.empty() && verb.name.starts_with(word)) {
        completion.candidates.push_back({verb.name, verb.summary});
      }
    }
  }

  /// @param before  stands in front of each value
  void AddValues(const ArgModel& arg, const std::string& word, const std::string& before,
                 Completion& completion) const {
    completion.files = arg.values == Values::kFile;
    completion.folders = arg.values == Values::kFolder;
    for (const std::string& value : arg.words) {
      if (value.starts_with(word)) {
        completion.candidates.push_back({before + value, ""});
      }
    }
    const bool named = arg.values == Values::kExperiment || arg.values == Values::kTrial ||
                       arg.values == Values::kExperimentOrTrial;
    for (Candidate& name : named ? names_(arg.values, flags_, word) : std::vector<Candidate>()) {
      completion.candidates.push_back({before + name.text, std::move(name.help)});
    }
  }

  const ProgramModel& program_;
  const NameSource& names_;
  const VerbModel* verb_ = nullptr;
  const ArgModel* open_ = nullptr;  // an option that waits for its value
  bool only_positionals_ = false;
  std::size_t positionals_ = 0;
  FlagTexts flags_;
};

void AddTrials(const Session& session, const ExperimentRow& row, const std::string& prefix,
               std::vector<Candidate>& names) {
  const auto trials = session.store().ListTrials(row.id);
  if (!trials.has_value()) {
    return;
  }
  for (const TrialRow& trial : *trials) {
    if (trial.name.starts_with(prefix) && names.size() < kMostNames) {
      names.push_back({trial.name, "trial of " + row.name});
    }
  }
}

/// Names in the data folder, newest experiments first.
std::vector<Candidate> StoredNames(Values values, const FlagTexts& flags,
                                   const std::string& prefix) {
  std::vector<Candidate> names;
  const auto config = ResolveConfig(Settings(), flags, ProcessEnvironment());
  if (!config.has_value()) {
    return names;
  }
  const auto session = Session::Open(*config);
  const auto rows = session.has_value() ? session->List() : tl::make_unexpected(session.error());
  if (!rows.has_value()) {
    return names;
  }
  for (const ExperimentRow& row : *rows) {
    const bool here = row.name_space == config->name_space && row.name.starts_with(prefix);
    if (values != Values::kTrial && here && names.size() < kMostNames) {
      names.push_back({row.name, row.phase + " experiment"});
    }
    // A trial's name begins with its experiment's.
    if (values != Values::kExperiment &&
        (row.name.starts_with(prefix) || prefix.starts_with(row.name))) {
      AddTrials(*session, row, prefix, names);
    }
  }
  return names;
}

}  // namespace

Completion Complete(const ProgramModel& program, const std::vector<std::string>& words,
                    const NameSource& names) {
  bool cut_last = false;
  std::vector<std::string> joined = Rejoined(words, cut_last);
  if (joined.empty()) {
    joined.emplace_back();
  }
  Typed typed(program, names);
  for (std::size_t i = 0; i + 1 < joined.size(); ++i) {
    typed.Read(joined[i]);
  }
  return typed.Finish(joined.back(), cut_last);
}

int PrintCompletions(const ProgramModel& program, const std::vector<std::string>& words) {
  const Completion completion = Complete(program, words, &StoredNames);
  std::string text;
  for (const Candidate& candidate : completion.candidates) {
    text += Printable(candidate.text, 400);
    text += candidate.help.empty() ? "" : "\t" + Printable(candidate.help, 200);
    text += "\n";
  }
  text += completion.files ? ":files\n" : "";
  text += completion.folders ? ":folders\n" : "";
  [[maybe_unused]] const Status told = PrintText(text);  // a shell may have stopped reading
  return kExitOk;
}

}  // namespace hone::cli
