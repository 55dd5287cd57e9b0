// The options of a command, as data: flags by CLI11, then the environment, then a TOML file, in that order of
// precedence.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace longhand::cli {

struct OptionSpec {
    std::string name;   ///< without dashes: `max-pages`; `LONGHAND_MAX_PAGES`, and `max_pages` in the file
    std::string value;  ///< what stands for the value in the help, `FILE` say; empty: a flag
    std::string help;
    std::string fallback;  ///< the default, shown in the help; empty: none
    bool repeatable = false;
    bool flag_only = false;  ///< belongs to one call: in the environment or a file it is refused (`--resume`)
    std::vector<std::string> words = {};  ///< the values that it takes; none: any
};

struct PositionalSpec {
    std::string name;
    std::string help;
    bool required = true;
};

struct CommandSpec {
    std::string name;  ///< `write`, `user add`
    std::string summary;
    std::string example;  ///< one or more lines, as typed
    std::vector<PositionalSpec> positionals;
    std::vector<OptionSpec> options;
    std::string details = {};  ///< what its own help says besides; whole sentences
};

enum class UsageErrc {
    wrong,  ///< exit 2; the message says what, and the nearest valid word
    help,   ///< the message is the help; exit 0
};

inline Failure<UsageErrc> wrong_usage(std::string message) {
    return {UsageErrc::wrong, std::move(message)};
}

class Options;
/// Reads a command's options again from where they came: a file that has changed may give others.
using ReadAgain = std::function<Result<Options, UsageErrc>()>;

/// Values by option's name; what is not there was given nowhere.
class Options {
public:
    bool has(std::string_view name) const { return values_.contains(std::string(name)); }
    /// The (last) value, else the spec's default, else empty.
    std::string get(std::string_view name) const;
    std::optional<std::string> find(std::string_view name) const;
    std::vector<std::string> all(std::string_view name) const;
    bool flag(std::string_view name) const;
    /// Where it was given: `--listen`, `LONGHAND_LISTEN`, `listen in FILE`: for messages.
    std::string origin(std::string_view name) const;
    /// Given as a flag of this call, rather than by the environment or a file.
    bool is_typed(std::string_view name) const;
    std::string positional(std::string_view name) const;
    /// Of all options that the command has.
    std::vector<std::string> names() const;
    /// From the same words and environment, and the file as it is now.
    Result<Options, UsageErrc> read_again() const;

private:
    friend class OptionParser;
    std::map<std::string, std::vector<std::string>> values_;
    std::map<std::string, std::string> origins_;
    std::map<std::string, std::string> fallbacks_;
    std::map<std::string, std::string> positionals_;
    ReadAgain read_again_;
};

/// `environment` is looked up by name; nothing for a variable that is not set.
using Environment = std::optional<std::string> (*)(const std::string& name);

/// Parses the words after the command's name. `known` are the option names of all commands: a key of the file that
/// another command knows is passed over, any other is an error. An option that may be repeated takes the lines of its
/// variable, and a text or an array of the file. The command outlives what is given.
Result<Options, UsageErrc> parse_options(const CommandSpec& command, const std::vector<std::string>& words,
                                         Environment environment, const std::vector<std::string>& known);

/// The variable that gives an option: `LONGHAND_MAX_PAGES` of `max-pages`.
std::string environment_name(std::string_view option);

/// The one of `candidates` that is nearest to `word` by edits, if any is near enough to be what was meant.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);
/// ` Did you mean 'x'?`, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);
/// For a value that should be one of `words`; `origin` as Options gives it.
Failure<UsageErrc> not_one_of(std::string_view origin, std::string_view value, const std::vector<std::string>& words);
/// `text` as one word of a POSIX shell.
std::string shell_quoted(const std::string& text);
/// ` --NAME VALUE` for each of `names` that this call was given as a flag, quoted for a shell: the end of a command
/// that a person is told to type next.
std::string typed_again(const Options& options, const std::vector<std::string>& names);

}  // namespace longhand::cli
