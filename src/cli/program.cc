#include "cli/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>
#include "cli/command.h"
#include "cli/delivery.h"
#include "cli/version.h"

namespace longhand::cli {
namespace {

std::optional<std::string> environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::string overview() {
    std::string text =
        "Longhand writes long documents: a prompt and sources in, a typeset book out.\n\nlonghand COMMAND "
        "[OPTIONS]\n\n";
    for (const Command& command : commands())
        text += fmt::format("  {:<14} {}\n", command.spec.name, command.spec.summary);
    text += "\n'longhand COMMAND --help' shows a command's options and an example.\n";
    return text;
}

std::vector<std::string> command_names() {
    std::vector<std::string> names;
    for (const Command& command : commands()) names.push_back(command.spec.name);
    return names;
}

std::vector<std::string> all_option_names() {
    std::vector<std::string> names;
    for (const Command& command : commands()) {
        for (const OptionSpec& option : command.spec.options) names.push_back(option.name);
    }
    return names;
}

// The command that `words` begin with, and how many words name it; two words before one.
const Command* find_command(const std::vector<std::string>& words, std::size_t& used) {
    for (used = std::min<std::size_t>(2, words.size()); used > 0; --used) {
        const std::string name = used == 2 ? words[0] + " " + words[1] : words[0];
        for (const Command& command : commands()) {
            if (command.spec.name == name) return &command;
        }
    }
    return nullptr;
}

// `user --help`: what `user add` and its like are.
std::optional<std::string> help_of_group(const std::string& group) {
    std::string text;
    std::string example;
    for (const Command& command : commands()) {
        if (!command.spec.name.starts_with(group + " ")) continue;
        text += fmt::format("  {:<14} {}\n", command.spec.name, command.spec.summary);
        if (example.empty()) example = command.spec.example;
    }
    if (text.empty()) return std::nullopt;
    return fmt::format(
        "longhand {} COMMAND [OPTIONS]\n\n{}\n'longhand {} COMMAND --help' shows a command's options.\n\n"
        "Example:\n  {}\n",
        group, text, group, example);
}

bool asks_for_help(const std::string& word) {
    return word == "--help" || word == "-h" || word == "help";
}

// What is still to be printed may not fit on a disk, or have nobody who reads it: then the command has failed.
int finish_output(int status) {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    const int reason = errno;
    // Who closes a pipe has read what it wanted.
    if (reason == EPIPE) return status == kDone ? kFailed : status;
    complain(fmt::format("Standard output can't be written{}{}.", reason == 0 ? "" : ": ",
                         reason == 0 ? "" : std::strerror(reason)));
    return status == kDone ? kFailed : status;
}

// What comes after `group` in the names of the commands: `add`, `list` and `remove` of `user`.
std::vector<std::string> second_words(const std::string& group) {
    std::vector<std::string> words;
    for (const std::string& name : command_names()) {
        if (name.starts_with(group + " ")) words.push_back(name.substr(group.size() + 1));
    }
    return words;
}

// `user` alone, or with a word that is none of its own.
int unknown_in_group(const std::string& group, const std::vector<std::string>& seconds, const std::string& word) {
    if (const auto meant = word.empty() ? std::nullopt : nearest(word, seconds)) {
        return complain(
            fmt::format("There is no command '{0} {1}'. Did you mean '{0} {2}'? 'longhand {0} --help' lists them.",
                        group, word, *meant),
            kUsage);
    }
    std::string ours;
    for (const std::string& second : seconds)
        ours += fmt::format("{}'longhand {} {}'", ours.empty() ? "" : ", ", group, second);
    return complain(fmt::format("'{}' wants one of {}.", group, ours), kUsage);
}

// The words with which a call may begin.
std::vector<std::string> beginnings() {
    std::vector<std::string> words = {"--help", "--version"};
    for (const std::string& name : command_names()) {
        words.push_back(name);
        words.push_back(name.substr(0, name.find(' ')));
    }
    return words;
}

int unknown_command(const std::vector<std::string>& words) {
    const std::string second = words.size() > 1 ? words[1] : std::string();
    if (const auto seconds = second_words(words[0]); !seconds.empty())
        return unknown_in_group(words[0], seconds, second);
    std::string advice = did_you_mean(words[0], beginnings());
    if (const auto meant = nearest(words[0], beginnings()); meant && !second.empty()) {
        if (const auto rest = nearest(second, second_words(*meant)))
            advice = fmt::format(" Did you mean '{} {}'?", *meant, *rest);
    }
    return complain(fmt::format("There is no command '{}'.{} 'longhand --help' lists them.", words[0], advice), kUsage);
}

// A misspelled variable does nothing, and its option's default can look as if it did. Most that are unknown are none of
// ours: Kubernetes sets LONGHAND_PORT and its like for a service of that name.
void warn_of_misspelled_variables() {
    constexpr std::string_view kPrefix = "LONGHAND_";
    constexpr std::size_t kLeastLetters = 5;  // shorter ones are near to too many
    const std::vector<std::string> options = all_option_names();
    std::vector<std::string> known;
    for (const std::string& option : options) known.push_back(environment_name(option));
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string name(*entry, std::strcspn(*entry, "="));
        if (!name.starts_with(kPrefix) || std::ranges::find(known, name) != known.end()) continue;
        std::string option = name.substr(kPrefix.size());
        for (char& c : option) c = c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        const auto meant = option.size() < kLeastLetters ? std::nullopt : nearest(option, options);
        if (!meant) continue;
        complain(fmt::format("The variable {} is not known and does nothing. Did you mean {}?", name,
                             environment_name(*meant)));
    }
}

// Overwrites the value of --provider-key in this process's arguments, where every user of the machine can read it.
void wipe_keys(int argc, char** argv) {
    constexpr std::string_view kFlag = "--provider-key";
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        char* value = nullptr;
        if (word == kFlag && i + 1 < argc) value = argv[i + 1];
        if (word.starts_with(std::string(kFlag) + "=")) value = argv[i] + kFlag.size() + 1;
        if (value == nullptr) continue;
        std::memset(value, 'x', std::strlen(value));
        std::fputs(
            "longhand: a key on the command line can be seen by others until now; --provider-key-file or "
            "LONGHAND_PROVIDER_KEY keep it to yourself.\n",
            stderr);
    }
}

int run_words(const std::vector<std::string>& words) {
    if (words.empty()) {
        std::fputs(overview().c_str(), stderr);
        return kUsage;
    }
    if (asks_for_help(words[0])) {
        std::fputs(overview().c_str(), stdout);
        return kDone;
    }
    if (words[0] == "--version") {
        std::printf("longhand %s\n", version_text().c_str());
        return kDone;
    }
    std::size_t used = 0;
    const Command* command = find_command(words, used);
    if (command == nullptr && words.size() > 1 && asks_for_help(words[1])) {
        if (const auto help = help_of_group(words[0])) {
            std::fputs(help->c_str(), stdout);
            return kDone;
        }
    }
    if (command == nullptr) return unknown_command(words);
    const auto options = parse_options(command->spec, {words.begin() + static_cast<std::ptrdiff_t>(used), words.end()},
                                       environment, all_option_names());
    if (options) {
        warn_of_misspelled_variables();
        return command->run(*options);
    }
    if (options.error().code == UsageErrc::help) {
        std::fputs(options.error().message.c_str(), stdout);
        return kDone;
    }
    // There are no options yet to ask for --json.
    if (command->spec.name == "write" && std::ranges::find(words, "--json") != words.end())
        print_failure_line("usage", options.error().message);
    return complain(options.error().message, kUsage);
}

}  // namespace

int run(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    // A reader of our output or log that goes away is an error of that write, not the end of the jobs.
    std::signal(SIGPIPE, SIG_IGN);
    wipe_keys(argc, argv);
    const int status = run_words(words);
    errno = 0;
    return finish_output(status);
}

}  // namespace longhand::cli
