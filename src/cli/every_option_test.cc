// The options of all commands, each in all of its places.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cli/command.h"

namespace longhand::cli {
namespace {

std::map<std::string, std::string> set_variables;
std::optional<std::string> variable(const std::string& name) {
    const auto found = set_variables.find(name);
    return found == set_variables.end() ? std::nullopt : std::optional(found->second);
}

struct Case {
    const CommandSpec* command;
    const OptionSpec* option;
    std::string name() const { return command->name + " --" + option->name; }
};

std::vector<Case> every_option() {
    std::vector<Case> all;
    for (const Command& command : commands()) {
        for (const OptionSpec& option : command.spec.options) all.push_back({&command.spec, &option});
    }
    return all;
}

class EveryOption : public testing::Test {
protected:
    EveryOption() {
        for (const Case& one : every_option()) known.push_back(one.option->name);
    }
    void SetUp() override { set_variables.clear(); }
    void TearDown() override { std::filesystem::remove(file); }

    Result<Options, UsageErrc> parse(const Case& one, std::vector<std::string> words) const {
        for (const PositionalSpec& place : one.command->positionals) {
            if (place.required) words.push_back("a-word");
        }
        return parse_options(*one.command, words, variable, known);
    }
    /// Three values that the option takes; of a flag, and of one that has two words, the last is the first again.
    static std::vector<std::string> values_of(const OptionSpec& option) {
        if (option.value.empty()) return {"true", "false", "true"};
        if (option.words.empty()) return {"a", "b", "c"};
        return {option.words[0], option.words[1 % option.words.size()], option.words[2 % option.words.size()]};
    }
    void write_file(const OptionSpec& option, const std::string& value) const {
        std::string key = option.name;
        std::ranges::replace(key, '-', '_');
        const bool quoted = !option.value.empty();
        std::ofstream(file, std::ios::trunc) << key << " = " << (quoted ? "\"" + value + "\"" : value) << "\n";
    }
    static std::string variable_of(const OptionSpec& option) {
        std::string name = "LONGHAND_" + option.name;
        for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        return name;
    }
    static std::vector<std::string> typed(const OptionSpec& option, const std::string& value) {
        if (option.value.empty()) return {"--" + option.name};
        return {"--" + option.name, value};
    }

    std::vector<std::string> known;
    const std::string file = testing::TempDir() + "longhand-every-option-" + std::to_string(getpid()) + ".toml";
};

TEST_F(EveryOption, IsTakenFromTheFileBelowTheEnvironmentBelowTheFlag) {
    std::size_t seen = 0;
    for (const Case& one : every_option()) {
        const OptionSpec& option = *one.option;
        const bool has_file =
            std::ranges::any_of(one.command->options, [](const auto& o) { return o.name == "config"; });
        EXPECT_TRUE(has_file) << one.name() << ": a command with options has --config";
        if (option.name == "config" || option.flag_only) continue;
        SCOPED_TRACE(one.name());
        const auto values = values_of(option);
        set_variables.clear();
        EXPECT_EQ(parse(one, {})->get(option.name), option.fallback);

        write_file(option, values[0]);
        const auto from_file = parse(one, {"--config", file});
        ASSERT_TRUE(from_file) << from_file.error().message;
        EXPECT_EQ(from_file->get(option.name), values[0]);
        EXPECT_NE(from_file->origin(option.name).find(file), std::string::npos);

        set_variables[variable_of(option)] = values[1];
        const auto from_environment = parse(one, {"--config", file});
        ASSERT_TRUE(from_environment) << from_environment.error().message;
        EXPECT_EQ(from_environment->get(option.name), values[1]);
        EXPECT_EQ(from_environment->origin(option.name), variable_of(option));
        EXPECT_FALSE(from_environment->is_typed(option.name));

        auto words = typed(option, values[2]);
        words.insert(words.end(), {"--config", file});
        const auto from_flag = parse(one, words);
        ASSERT_TRUE(from_flag) << from_flag.error().message;
        EXPECT_EQ(from_flag->get(option.name), values[2]);
        EXPECT_EQ(from_flag->all(option.name).size(), 1U) << "values of two places were put together";
        EXPECT_TRUE(from_flag->is_typed(option.name));
        ++seen;
    }
    EXPECT_GT(seen, 100U);
}

TEST_F(EveryOption, ThatNamesTheFileIsAFlagAboveAVariable) {
    for (const Case& one : every_option()) {
        if (one.option->name != "config") continue;
        SCOPED_TRACE(one.name());
        set_variables["LONGHAND_CONFIG"] = "/no/such/file";
        EXPECT_NE(parse(one, {}).error().message.find("LONGHAND_CONFIG"), std::string::npos);
        std::ofstream(file, std::ios::trunc) << "";
        EXPECT_TRUE(parse(one, {"--config", file}));
    }
}

TEST_F(EveryOption, OfOneCallAloneIsRefusedElsewhere) {
    std::size_t seen = 0;
    for (const Case& one : every_option()) {
        const OptionSpec& option = *one.option;
        if (!option.flag_only) continue;
        SCOPED_TRACE(one.name());
        ++seen;
        set_variables = {{variable_of(option), "x"}};
        EXPECT_NE(parse(one, {}).error().message.find(variable_of(option)), std::string::npos);
        set_variables.clear();
        write_file(option, "x");
        EXPECT_NE(parse(one, {"--config", file}).error().message.find(file), std::string::npos);
        EXPECT_TRUE(parse(one, typed(option, "x")));
    }
    EXPECT_GT(seen, 0U);
}

TEST_F(EveryOption, ThatIsMistypedOrHasAWrongWordNamesTheNearest) {
    for (const Case& one : every_option()) {
        const OptionSpec& option = *one.option;
        SCOPED_TRACE(one.name());
        const std::string wrong = "--" + option.name + "x";
        const auto refused = parse(one, {wrong, "value"});
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().message.find("'--" + option.name + "'"), std::string::npos)
            << refused.error().message;
        if (option.words.empty()) continue;
        const auto word = parse(one, {"--" + option.name, option.words[0] + "x"});
        ASSERT_FALSE(word);
        EXPECT_NE(word.error().message.find("Did you mean '" + option.words[0] + "'"), std::string::npos);
    }
}

TEST(EveryCommand, HasASummaryAndAnExampleThatItTakes) {
    for (const Command& command : commands()) {
        SCOPED_TRACE(command.spec.name);
        EXPECT_FALSE(command.spec.summary.empty());
        EXPECT_FALSE(command.spec.summary.ends_with('.')) << "the help and the manual add what follows";
        EXPECT_TRUE(command.spec.example.starts_with("longhand " + command.spec.name)) << command.spec.example;
        for (const OptionSpec& option : command.spec.options) EXPECT_FALSE(option.help.empty()) << option.name;
        const auto help = parse_options(command.spec, {"--help"}, variable, {});
        ASSERT_FALSE(help);
        EXPECT_EQ(help.error().code, UsageErrc::help);
        EXPECT_NE(help.error().message.find(command.spec.example), std::string::npos);
        for (const OptionSpec& option : command.spec.options)
            EXPECT_NE(help.error().message.find("--" + option.name), std::string::npos) << option.name;
    }
}

}  // namespace
}  // namespace longhand::cli
