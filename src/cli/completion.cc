#include "cli/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

namespace longhand::cli {
namespace {

constexpr std::string_view kBegin = R"(# Bash completion of longhand; made by 'longhand completion bash'.
_longhand() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    # Bash takes --name=value for three words.
    if [[ $cur == '=' ]]; then
        cur=
    elif [[ $prev == '=' ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    local command=${COMP_WORDS[1]} first=2 options='' value='' place=''
    case $command in
)";

constexpr std::string_view kEnd = R"(    esac
    COMPREPLY=()
    if [[ -z $value && $cur != -* && -n $place ]]; then value=$place; fi
    case $value in
        FILE)
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        DIR)
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
        '')
            mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur") ;;
        ANY) ;;
        *)
            mapfile -t COMPREPLY < <(compgen -W "$value" -- "$cur") ;;
    esac
}
complete -F _longhand longhand
)";

/// What may stand for an option's or a place's value: FILE, DIR, ANY, or the words themselves.
std::string kind_of(const std::string& value, const std::vector<std::string>& words) {
    if (!words.empty()) return fmt::format("{}", fmt::join(words, " "));
    return value == "FILE" || value == "DIR" ? value : "ANY";
}

std::string case_of(const CommandSpec& command) {
    std::string names;
    std::map<std::string, std::string> by_kind;
    for (const OptionSpec& option : command.options) {
        names += "--" + option.name + " ";
        if (option.value.empty()) continue;
        std::string& alternatives = by_kind[kind_of(option.value, option.words)];
        alternatives += (alternatives.empty() ? "--" : "|--") + option.name;
    }
    std::string text = fmt::format("        {})\n            options='{}--help'\n", shell_quoted(command.name), names);
    if (!command.positionals.empty()) {
        const std::string& place = command.positionals.front().name;
        if (place == "FILE") text += "            place=FILE\n";
        if (place == "SHELL") text += "            place=bash\n";
    }
    if (!by_kind.empty()) text += "            case $prev in\n";
    for (const auto& [kind, alternatives] : by_kind)
        text += fmt::format("                {}) value='{}' ;;\n", alternatives, kind);
    if (!by_kind.empty()) text += "            esac\n";
    return text + "            ;;\n";
}

/// Names by their first word: `user` has `add`, `list` and `remove`; a command of one word has none.
std::map<std::string, std::vector<std::string>> groups_of(const std::vector<Command>& commands) {
    std::map<std::string, std::vector<std::string>> groups;
    for (const Command& command : commands) {
        const auto space = command.spec.name.find(' ');
        auto& second = groups[command.spec.name.substr(0, space)];
        if (space != std::string::npos) second.push_back(command.spec.name.substr(space + 1));
    }
    return groups;
}

}  // namespace

std::string bash_completion(const std::vector<Command>& commands) {
    std::string text(kBegin);
    std::string names;
    const auto groups = groups_of(commands);
    std::string seconds;
    for (const auto& [name, second] : groups) {
        names += name + " ";
        if (second.empty()) continue;
        text += fmt::format("        {}) command+=\" ${{COMP_WORDS[2]-}}\" first=3 ;;\n", name);
        seconds += fmt::format("            {}) options='{}' ;;\n", name, fmt::join(second, " "));
    }
    text += "    esac\n    if ((COMP_CWORD == 1)); then\n";
    text += fmt::format("        options='{}--help --version'\n        command=\n", names);
    text += "    elif ((COMP_CWORD < first)); then\n        command=\n        case ${COMP_WORDS[1]} in\n" + seconds +
            "        esac\n    fi\n    case $command in\n";
    for (const Command& command : commands) text += case_of(command.spec);
    text += kEnd;
    return text;
}

}  // namespace longhand::cli
