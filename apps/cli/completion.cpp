// SPDX-License-Identifier: Apache-2.0
// hone completion: the script that makes a shell complete hone's command line. The scripts know
// nothing of the commands: they ask `hone __complete`, so they fit every version.
#include "apps/cli/output.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

constexpr const char* kBash = R"(# bash completion for hone: source <(hone completion bash)
_hone() {
  local program="${COMP_WORDS[0]/#\~\//$HOME/}" current="${COMP_WORDS[COMP_CWORD]}" line
  local -a words=("${COMP_WORDS[@]:1:COMP_CWORD}")
  if [ "$current" = "=" ]; then
    current=""
  fi
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :files)
        compopt -o filenames 2>/dev/null
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
        ;;
      :folders)
        compopt -o filenames 2>/dev/null
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$current")
        ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("$program" __complete "${words[@]}" 2>/dev/null)
}
complete -F _hone hone
)";

constexpr const char* kZsh = R"(#compdef hone
# zsh completion for hone: source <(hone completion zsh), after compinit; or a file _hone in $fpath
_hone() {
  local line text help
  local -a candidates
  for line in "${(@f)$("${(Q)words[1]/#\~\//$HOME/}" __complete "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
    case "$line" in
      '') ;;
      :files) _files ;;
      :folders) _files -/ ;;
      *)
        text="${line%%$'\t'*}"
        help="${line#"$text"}"
        candidates+=("${text//:/\\:}${help:+:${help#$'\t'}}")
        ;;
    esac
  done
  if (( ${#candidates} )); then
    _describe -t hone hone candidates
  fi
}
if (( $+functions[compdef] )); then
  compdef _hone hone
fi
)";

constexpr const char* kFish = R"(# fish completion for hone: hone completion fish | source
function __hone_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -e words[1]
    for line in ($program __complete $words $current 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$current"
            case :folders
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c hone -f -k -a '(__hone_complete)'
)";

struct Options {
  std::string shell;
};

void Declare(Args& args, Options& options) {
  args.Add("shell", options.shell,
           {.type = "bash|zsh|fish",
            .help = "the shell",
            .values = Values::kWords,
            .words = {"bash", "zsh", "fish"},
            .required = true});
}

Result<int> PrintScript(const Config& /*config*/, const Options& options) {
  const char* const script = options.shell == "bash"  ? kBash
                             : options.shell == "zsh" ? kZsh
                                                      : kFish;
  HONE_RETURN_IF_ERROR(PrintText(script));
  return kExitOk;
}

}  // namespace

Verb CompletionVerb() {
  return MakeVerb<Options>({.name = "completion",
                            .group = kSetUpGroup,
                            .summary = "the script that makes a shell complete hone's commands",
                            .example = "hone completion bash"},
                           &Declare, &PrintScript);
}

}  // namespace hone::cli
