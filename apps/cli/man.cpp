// SPDX-License-Identifier: Apache-2.0
// hone man: the manual page; with --markdown the same as docs/commands.md.
#include "apps/cli/output.h"
#include "apps/cli/program.h"
#include "apps/cli/verb.h"

namespace hone::cli {
namespace {

struct Options {
  bool markdown = false;
};

void Declare(Args& args, Options& options) {
  args.Flag("--markdown", options.markdown, "as docs/commands.md");
}

Result<int> PrintManual(const Config& /*config*/, const Options& options) {
  const ProgramModel program = Program().Describe();
  HONE_RETURN_IF_ERROR(PrintText(options.markdown ? CommandsMarkdown(program) : ManPage(program)));
  return kExitOk;
}

}  // namespace

Verb ManVerb() {
  return MakeVerb<Options>({.name = "man",
                            .group = kSetUpGroup,
                            .summary = "the manual page, for man -l - and packagers",
                            .example = "hone man"},
                           &Declare, &PrintManual);
}

}  // namespace hone::cli
