// completion, manual: what a shell and `man` want to know, from the definitions that the program itself parses with.
#include <cstdio>

#include "cli/command.h"
#include "cli/completion.h"
#include "cli/manual.h"

namespace longhand::cli {
namespace {

int print_completion(const Options& options) {
    const std::string shell = options.positional("SHELL");
    if (shell != "bash") return complain(not_one_of("SHELL", shell, {"bash"}).message, kUsage);
    std::fputs(bash_completion(commands()).c_str(), stdout);
    return kDone;
}

int print_manual(const Options&) {
    std::fputs(manual_page(commands()).c_str(), stdout);
    return kDone;
}

}  // namespace

std::vector<Command> manual_commands() {
    return {
        {{"completion",
          "prints a script with which a shell completes commands, options and their words",
          "longhand completion bash > ~/.local/share/bash-completion/completions/longhand",
          {{"SHELL", "bash"}},
          {}},
         print_completion},
        {{"manual", "prints the manual page", "longhand manual | man -l -", {}, {}}, print_manual},
    };
}

}  // namespace longhand::cli
