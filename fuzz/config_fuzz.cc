// Options from the command line, the environment and a TOML file. An input has three parts with a line `---` between
// them: a command's name and its words, one a line; variables, NAME=VALUE a line; the file.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/option_set.h"
#include "cli/values.h"
#include "fuzz/memory_file.h"
#include "fuzz/target.h"
#include "http/text.h"
#include "llm/prices.h"

namespace longhand::fuzz {
namespace {

using namespace longhand::cli;
using Variables = std::map<std::string, std::string>;

Variables variables;

std::optional<std::string> variable(const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
}

const std::vector<std::string>& known_options() {
    static const std::vector<std::string> known = [] {
        std::vector<std::string> names;
        for (const Command& command : commands()) {
            for (const OptionSpec& option : command.spec.options) names.push_back(option.name);
        }
        return names;
    }();
    return known;
}

const CommandSpec& command_of(std::string_view name) {
    const auto found = std::ranges::find_if(commands(), [&](const Command& one) { return one.spec.name == name; });
    return found == commands().end() ? commands().front().spec : found->spec;
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) lines.emplace_back(take_until(text, "\n"));
    return lines;
}

struct Given {
    const CommandSpec* command = nullptr;
    std::vector<std::string> words;
    Variables environment;
    std::string file;
};

// The file's name is ours to give: another one could name anything on this machine.
Given given_by(std::string_view input) {
    Given given;
    std::string_view words = take_until(input, "\n---\n");
    given.command = &command_of(take_until(words, "\n"));
    given.words = lines_of(words);
    std::erase_if(given.words, [](const std::string& word) { return word.starts_with("--config"); });
    for (const std::string& line : lines_of(take_until(input, "\n---\n"))) {
        const auto equals = line.find('=');
        if (equals != line.npos && line.find('\0') == line.npos)
            given.environment.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    given.environment.erase("LONGHAND_CONFIG");
    given.file = input;
    return given;
}

Result<Options, UsageErrc> parse(const Given& given) {
    variables = given.environment;
    std::vector<std::string> words = given.words;
    const MemoryFile file(given.file);
    const bool has_config =
        std::ranges::any_of(given.command->options, [](const OptionSpec& option) { return option.name == "config"; });
    if (has_config) words.insert(words.begin(), {"--config", file.path()});
    return parse_options(*given.command, words, variable, known_options());
}

std::string variable_name(std::string name) {
    for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return "LONGHAND_" + name;
}

std::string key_name(std::string name) {
    std::ranges::replace(name, '-', '_');
    return name;
}

// The first place that has the option is the one it comes from.
void check_origin(const Given& given, const Options& options, const OptionSpec& option) {
    const std::string origin = options.origin(option.name), flag = "--" + option.name;
    const bool is_typed = origin == flag;
    require(!option.flag_only || is_typed, "what belongs to one call is taken from nowhere else");
    if (is_typed) {
        require(std::ranges::any_of(given.words, [&](const std::string& word) { return word.starts_with(flag); }),
                "what counts as typed was typed");
        return;
    }
    const std::string name = variable_name(option.name);
    if (origin == name) {
        require(given.environment.contains(name), "what counts as a variable was one");
        return;
    }
    require(origin.starts_with(key_name(option.name) + " in "), "what was given came from one of three places");
    require(option.repeatable || !given.environment.contains(name), "a variable comes before the file");
}

void check(const Given& given, const Options& options) {
    for (const OptionSpec& option : given.command->options) {
        if (option.name == "config" || !options.has(option.name)) continue;
        check_origin(given, options, option);
        const std::vector<std::string> values = options.all(option.name);
        require(!values.empty() && (option.repeatable || values.size() == 1 || options.is_typed(option.name)),
                "what is given has a value");
        const bool is_known_word = std::ranges::find(option.words, options.get(option.name)) != option.words.end();
        require(option.words.empty() || is_known_word, "an option of some words has one of them");
        if (!option.value.empty()) continue;
        const std::string off = "--" + option.name + "=false";
        const bool is_off = std::ranges::all_of(
            given.words, [&](const std::string& word) { return !word.starts_with("--" + option.name) || word == off; });
        require(!(is_off && options.is_typed(option.name) && options.flag(option.name)), "a flag that is false is off");
    }
}

std::string in_toml(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        char escape[8];
        const bool is_plain = static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '"' && c != '\\';
        std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned char>(c));
        quoted += is_plain ? std::string(1, c) : std::string(escape);
    }
    return quoted + "\"";
}

bool may_be_a_line(const std::string& text) {
    return !text.empty() && text.find_first_of(std::string_view("\n\0", 2)) == text.npos;
}

// What was given in whatever places, given in one: nothing changes but where it came from.
void same_in_each_place(const Given& given, const Options& options) {
    Given typed{given.command, {}, {}, {}}, set = typed, written = typed;
    for (const OptionSpec& option : given.command->options) {
        if (option.name == "config" || option.flag_only || !options.has(option.name)) continue;
        const std::vector<std::string> values =
            option.repeatable ? options.all(option.name) : std::vector{options.get(option.name)};
        const bool is_flag = option.value.empty();
        std::string lines, list;
        for (const std::string& value : values) {
            if (!may_be_a_line(value) || http::invalid_utf8_at(value)) return;
            if (!is_flag) typed.words.push_back("--" + option.name + "=" + value);
            lines += value + "\n";
            list += in_toml(value) + ",";
        }
        if (is_flag && options.flag(option.name)) typed.words.push_back("--" + option.name);
        lines.pop_back();
        set.environment[variable_name(option.name)] = lines;
        written.file +=
            key_name(option.name) + " = " + (option.repeatable ? "[" + list + "]" : in_toml(values.back())) + "\n";
    }
    for (const PositionalSpec& positional : given.command->positionals) {
        if (!positional.required) continue;
        for (Given* one : {&typed, &set, &written}) one->words.emplace_back("a-word");
    }
    for (const Given* one : {&typed, &set, &written}) {
        const auto again = parse(*one);
        require(again.has_value(), "what is taken in one place is taken in each");
        for (const OptionSpec& option : given.command->options) {
            if (option.name == "config" || option.flag_only) continue;
            const bool is_same = option.value.empty() ? options.flag(option.name) == again->flag(option.name)
                                 : option.repeatable  ? options.all(option.name) == again->all(option.name)
                                                      : options.get(option.name) == again->get(option.name);
            require(is_same, "an option means the same in each place");
        }
    }
}

void read_values(const Options& options) {
    const auto number = number_option(options, "workers", 0, 1024);
    require(!number || *number <= 1024, "a number keeps its bounds");
    const auto beat = duration_option(options, "beat", Milliseconds(100), Milliseconds(60'000));
    require(!beat || (*beat >= Milliseconds(100) && *beat <= Milliseconds(60'000)), "a time keeps its bounds");
    const auto budget = budget_of(options);
    require(!budget || !budget->max_cost || (budget->max_cost->value >= 1 && *budget->max_cost <= job::kHighestCap),
            "a cap on money keeps its bounds");
    const auto address = address_option(options, "listen");
    require(!address || !address->host.empty(), "an address has a host");
}

void read_prices(std::string_view text) {
    const auto prices = llm::PriceTable::parse(text, "the file");
    require(prices || !prices.error().message.empty(), "a table of prices is taken, or a sentence says why not");
    if (!prices) return;
    const auto price = prices->price_of("https://api.example/v1", "m");
    require(!price || (price->prompt.value >= 0 && price->completion.value >= 0 && price->cached.value >= 0),
            "no price is negative");
}

}  // namespace
}  // namespace longhand::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace longhand::fuzz;
    const Given given = given_by(as_text(data, size));
    read_prices(given.file);
    const auto options = parse(given);
    if (!options) {
        require(!options.error().message.empty(), "what is refused is refused with a sentence");
        return 0;
    }
    check(given, *options);
    read_values(*options);
    same_in_each_place(given, *options);
    return 0;
}
