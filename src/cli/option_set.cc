#include "cli/option_set.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <deque>
#include <sstream>

#include "base/toml.h"
#include "cli/readable_file.h"

namespace longhand::cli {
namespace {

std::string file_key(std::string_view option) {
    std::string key(option);
    std::ranges::replace(key, '-', '_');
    return key;
}

bool is_true(const std::string& text) {
    return text == "true" || text == "1" || text == "yes" || text == "on";
}
bool is_false(const std::string& text) {
    return text == "false" || text == "0" || text == "no" || text == "off" || text.empty();
}

std::vector<std::string> dashed_names(const CommandSpec& command) {
    std::vector<std::string> names{"--help"};
    for (const OptionSpec& option : command.options) names.push_back("--" + option.name);
    return names;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

}  // namespace

std::string environment_name(std::string_view option) {
    std::string name = "LONGHAND_";
    for (const char c : option) name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates) {
    std::optional<std::string> best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const std::string& candidate : candidates) {
        std::size_t distance = edit_distance(word, candidate);
        // A word that is cut short: `warn` is meant as `warning`, however much is missing.
        if (word.size() >= 3 && candidate.starts_with(word)) distance = std::min<std::size_t>(distance, 2);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
    const auto found = nearest(word, candidates);
    return found ? fmt::format(" Did you mean '{}'?", *found) : std::string();
}

Failure<UsageErrc> not_one_of(std::string_view origin, std::string_view value, const std::vector<std::string>& words) {
    return wrong_usage(fmt::format("{} should be one of {}, not '{}'.{}", origin, fmt::join(words, ", "), value,
                                   did_you_mean(value, words)));
}

std::string shell_quoted(const std::string& text) {
    constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+=,";
    if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
    std::string quoted = "'";
    for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

std::string typed_again(const Options& options, const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        if (options.is_typed(name)) text += fmt::format(" --{} {}", name, shell_quoted(options.get(name)));
    }
    return text;
}

std::string Options::get(std::string_view name) const {
    if (const auto value = find(name)) return *value;
    const auto fallback = fallbacks_.find(std::string(name));
    return fallback == fallbacks_.end() ? std::string() : fallback->second;
}

std::optional<std::string> Options::find(std::string_view name) const {
    const auto found = values_.find(std::string(name));
    if (found == values_.end() || found->second.empty()) return std::nullopt;
    return found->second.back();
}

std::vector<std::string> Options::all(std::string_view name) const {
    const auto found = values_.find(std::string(name));
    return found == values_.end() ? std::vector<std::string>() : found->second;
}

bool Options::flag(std::string_view name) const {
    const auto value = find(name);
    return value && is_true(*value);
}

std::string Options::origin(std::string_view name) const {
    const auto found = origins_.find(std::string(name));
    return found == origins_.end() ? "--" + std::string(name) : found->second;
}

bool Options::is_typed(std::string_view name) const {
    return has(name) && origin(name) == "--" + std::string(name);
}

std::string Options::positional(std::string_view name) const {
    const auto found = positionals_.find(std::string(name));
    return found == positionals_.end() ? std::string() : found->second;
}

std::vector<std::string> Options::names() const {
    std::vector<std::string> names;
    for (const auto& [name, fallback] : fallbacks_) names.push_back(name);
    return names;
}

Result<Options, UsageErrc> Options::read_again() const {
    return read_again_();
}

/// Fills an Options from the three places, highest precedence first.
class OptionParser {
public:
    OptionParser(const CommandSpec& command, Environment environment, const std::vector<std::string>& known)
        : command_(command), environment_(environment), known_(known) {
        for (const OptionSpec& option : command.options) options_.fallbacks_[option.name] = option.fallback;
    }

    Result<Options, UsageErrc> parse(const std::vector<std::string>& words) {
        if (auto failed = take_words(words)) return *failed;
        if (auto failed = take_environment()) return *failed;
        if (const auto file = options_.find("config")) {
            if (auto failed = take_file(*file)) return *failed;
        }
        options_.read_again_ = [&command = command_, words, environment = environment_, known = known_] {
            return parse_options(command, words, environment, known);
        };
        return std::move(options_);
    }

private:
    using Failed = std::optional<Failure<UsageErrc>>;

    Failed take_words(const std::vector<std::string>& words) {
        CLI::App app(command_.details.empty() ? command_.summary : command_.summary + ".\n" + command_.details,
                     "longhand " + command_.name);
        app.allow_extras();
        std::map<std::string, CLI::Option*> handles;
        for (const OptionSpec& spec : command_.options) handles[spec.name] = add(app, spec);
        std::deque<std::string> places;
        std::vector<CLI::Option*> positionals;
        for (const PositionalSpec& spec : command_.positionals) {
            positionals.push_back(app.add_option(spec.name, places.emplace_back(), spec.help));
        }
        app.footer("\nExample:\n  " + command_.example);
        std::vector<std::string> reversed(words.rbegin(), words.rend());
        try {
            app.parse(reversed);
        } catch (const CLI::CallForHelp&) {
            return Failure<UsageErrc>{UsageErrc::help, app.help()};
        } catch (const CLI::ParseError& error) {
            return wrong_usage(fmt::format("{}: {}. 'longhand {} --help' shows what it takes.", command_.name,
                                           error.what(), command_.name));
        }
        if (auto failed = refuse_extras(app.remaining())) return failed;
        for (const OptionSpec& spec : command_.options) {
            const CLI::Option& option = *handles[spec.name];
            if (option.count() == 0) continue;
            options_.values_[spec.name] = spec.repeatable ? option.results() : std::vector{option.results().back()};
            if (spec.value.empty() && !is_true(options_.get(spec.name)) && !is_false(options_.get(spec.name)))
                return wrong_usage(
                    fmt::format("--{} should be true or false, not '{}'.", spec.name, options_.get(spec.name)));
            options_.origins_[spec.name] = "--" + spec.name;
            if (auto failed = check_words(spec)) return failed;
        }
        for (std::size_t i = 0; i < positionals.size(); ++i) {
            const PositionalSpec& spec = command_.positionals[i];
            if (positionals[i]->count() > 0 && !(spec.required && places[i].empty())) {
                options_.positionals_[spec.name] = places[i];
            } else if (spec.required) {
                return wrong_usage(
                    fmt::format("{} wants {}: {}. Example: {}", command_.name, spec.name, spec.help, command_.example));
            }
        }
        return std::nullopt;
    }

    // Nothing is bound to them: on the way into a variable CLI11 reads `{}` as no value.
    static CLI::Option* add(CLI::App& app, const OptionSpec& spec) {
        const std::string help =
            spec.fallback.empty() ? spec.help : fmt::format("{} (default {})", spec.help, spec.fallback);
        if (spec.value.empty())
            return app.add_flag("--" + spec.name, help)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        CLI::Option* option = app.add_option("--" + spec.name, help);
        option->type_name(spec.value)->expected(1)->allow_extra_args(false);
        option->multi_option_policy(spec.repeatable ? CLI::MultiOptionPolicy::TakeAll
                                                    : CLI::MultiOptionPolicy::TakeLast);
        return option;
    }

    // The parser leaves the `--` after which all words are positional among what is left over.
    Failed refuse_extras(std::vector<std::string> extras) const {
        const auto mark = std::ranges::find(extras, "--");
        const bool is_before = mark != extras.begin();
        if (mark != extras.end()) extras.erase(mark);
        if (extras.empty()) return std::nullopt;
        const std::string& word = extras.front();
        if (!word.starts_with("-") || !is_before) {
            return wrong_usage(
                fmt::format("{} does not know what to do with '{}'. Words with spaces want quotes; 'longhand {} "
                            "--help' shows what it takes.",
                            command_.name, word, command_.name));
        }
        const std::string name = word.substr(0, word.find('='));
        return wrong_usage(
            fmt::format("{} has no option '{}'.{}", command_.name, name, did_you_mean(name, dashed_names(command_))));
    }

    Failed take_environment() {
        for (const OptionSpec& spec : command_.options) {
            if (options_.values_.contains(spec.name)) continue;
            const std::string name = environment_name(spec.name);
            const auto value = environment_(name);
            if (!value) continue;
            if (spec.flag_only) return refuse_lasting(spec, name);
            if (spec.repeatable) {
                std::vector<std::string> lines;
                std::stringstream text(*value);
                for (std::string line; std::getline(text, line);) {
                    if (!line.empty()) lines.push_back(std::move(line));
                }
                if (!lines.empty()) take_values(spec, std::move(lines), name);
            } else if (auto failed = take_value(spec, *value, name)) {
                return failed;
            }
        }
        return std::nullopt;
    }

    Failed take_file(const std::string& file) {
        if (const std::string reason = reason_not_to_read(file); !reason.empty())
            return wrong_usage(fmt::format("{}: {} can't be read: {}. It should be a TOML file.",
                                           options_.origin("config"), file, reason));
        toml::table table;
        try {
            table = toml::parse_file(file);
        } catch (const toml::parse_error& error) {
            return wrong_usage(
                fmt::format("{} can't be read: {} (line {}).", file, error.description(), error.source().begin.line));
        }
        std::vector<std::string> keys;
        for (const std::string& name : known_) keys.push_back(file_key(name));
        for (const auto& [key, node] : table) {
            const std::string name(key.str());
            if (std::ranges::find(keys, name) == keys.end()) {
                return wrong_usage(
                    fmt::format("{} has a key '{}' that is not known.{}", file, name, did_you_mean(name, keys)));
            }
            const auto spec = std::ranges::find_if(
                command_.options, [&](const OptionSpec& option) { return file_key(option.name) == name; });
            if (spec == command_.options.end()) continue;
            const std::string origin = fmt::format("{} in {}", name, file);
            if (spec->flag_only) return refuse_lasting(*spec, origin);
            if (options_.values_.contains(spec->name)) continue;
            if (auto failed = take_node(*spec, node, origin)) return failed;
        }
        return std::nullopt;
    }

    Failed take_node(const OptionSpec& spec, const toml::node& node, const std::string& origin) {
        if (const auto* array = node.as_array(); array != nullptr && spec.repeatable) {
            std::vector<std::string> values;
            for (const toml::node& element : *array) {
                const auto* text = element.as_string();
                if (text == nullptr)
                    return wrong_usage(fmt::format("{} should be a text, or an array of texts.", origin));
                values.push_back(text->get());
            }
            if (!values.empty()) take_values(spec, std::move(values), origin);
            return std::nullopt;
        }
        if (const auto* text = node.as_string()) return take_value(spec, text->get(), origin);
        if (const auto* number = node.as_integer()) return take_value(spec, std::to_string(number->get()), origin);
        if (const auto* number = node.as_floating_point())
            return take_value(spec, fmt::format("{}", number->get()), origin);
        if (const auto* truth = node.as_boolean()) return take_value(spec, truth->get() ? "true" : "false", origin);
        return wrong_usage(fmt::format("{} should be a text, a number, or true or false.", origin));
    }

    Failed take_value(const OptionSpec& spec, const std::string& value, const std::string& origin) {
        if (spec.value.empty() && !is_true(value) && !is_false(value)) {
            return wrong_usage(fmt::format("{} should be true or false, not '{}'.", origin, value));
        }
        take_values(spec, {value}, origin);
        return check_words(spec);
    }

    void take_values(const OptionSpec& spec, std::vector<std::string> values, const std::string& origin) {
        options_.values_[spec.name] = std::move(values);
        options_.origins_[spec.name] = origin;
    }

    Failed check_words(const OptionSpec& spec) const {
        const std::string value = options_.get(spec.name);
        if (spec.words.empty() || std::ranges::find(spec.words, value) != spec.words.end()) return std::nullopt;
        return not_one_of(options_.origin(spec.name), value, spec.words);
    }

    static Failed refuse_lasting(const OptionSpec& spec, const std::string& origin) {
        return wrong_usage(fmt::format("{} is not taken: it belongs to one call. Give it as --{}.", origin, spec.name));
    }

    const CommandSpec& command_;
    Environment environment_;
    const std::vector<std::string>& known_;
    Options options_;
};

Result<Options, UsageErrc> parse_options(const CommandSpec& command, const std::vector<std::string>& words,
                                         Environment environment, const std::vector<std::string>& known) {
    return OptionParser(command, environment, known).parse(words);
}

}  // namespace longhand::cli
