#include "cli/option_set.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace longhand::cli {
namespace {

const CommandSpec kCommand{
    .name = "serve",
    .summary = "Runs the server",
    .example = "longhand serve --listen 127.0.0.1:8080",
    .positionals = {{"ADDRESS", "where", false}},
    .options = {{.name = "listen", .value = "HOST:PORT", .help = "address", .fallback = "127.0.0.1:8080"},
                {.name = "max-pages", .value = "N", .help = "pages"},
                {.name = "source", .value = "FILE", .help = "a source", .repeatable = true},
                {.name = "resume", .value = "JOB", .help = "a job", .flag_only = true},
                {.name = "log-level", .value = "LEVEL", .help = "how much", .words = {"debug", "info", "warning"}},
                {.name = "json", .help = "for programs"},
                {.name = "config", .value = "FILE", .help = "settings"}},
};
const std::vector<std::string> kKnown{"listen",  "max-pages", "json",   "config",
                                      "workers", "source",    "resume", "log-level"};

std::map<std::string, std::string> variables;
std::optional<std::string> lookup(const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
}

class OptionPlaces : public testing::Test {
protected:
    void SetUp() override {
        variables.clear();
        path_ = testing::TempDir() + "longhand-options-" + std::to_string(getpid()) + ".toml";
    }
    void TearDown() override { std::filesystem::remove(path_); }

    void write_file(const std::string& text) { std::ofstream(path_) << text; }
    Result<Options, UsageErrc> parse(std::vector<std::string> words) {
        return parse_options(kCommand, words, lookup, kKnown);
    }
    std::string error_of(std::vector<std::string> words) {
        const auto parsed = parse(std::move(words));
        return parsed ? "" : parsed.error().message;
    }

    std::string path_;
};

TEST_F(OptionPlaces, AFlagBeatsTheEnvironmentWhichBeatsTheFileWhichBeatsTheDefault) {
    EXPECT_EQ(parse({})->get("listen"), "127.0.0.1:8080");
    write_file("listen = \"file:1\"\nmax_pages = 7\njson = true\nworkers = 3\n");
    EXPECT_EQ(parse({"--config", path_})->get("listen"), "file:1");
    EXPECT_EQ(parse({"--config", path_})->get("max-pages"), "7");
    EXPECT_TRUE(parse({"--config", path_})->flag("json"));
    variables["LONGHAND_LISTEN"] = "environment:1";
    EXPECT_EQ(parse({"--config", path_})->get("listen"), "environment:1");
    EXPECT_EQ(parse({"--config", path_, "--listen", "flag:1"})->get("listen"), "flag:1");
    EXPECT_EQ(parse({"--listen=flag:1"})->origin("listen"), "--listen");
    variables["LONGHAND_CONFIG"] = path_;
    EXPECT_EQ(parse({})->get("max-pages"), "7");
}

TEST_F(OptionPlaces, AWordThatIsNotKnownGetsTheNearestOne) {
    EXPECT_NE(error_of({"--lisen", "x"}).find("Did you mean '--listen'?"), std::string::npos);
    EXPECT_NE(error_of({"--max-page=3"}).find("Did you mean '--max-pages'?"), std::string::npos);
    write_file("lissten = \"x\"\n");
    EXPECT_NE(error_of({"--config", path_}).find("Did you mean 'listen'?"), std::string::npos);
    EXPECT_EQ(error_of({"--qqqqqqqqqq"}).find("Did you mean"), std::string::npos);
}

TEST_F(OptionPlaces, WhatCannotBeReadIsNamed) {
    write_file("listen = = 3\n");
    EXPECT_NE(error_of({"--config", path_}).find("line 1"), std::string::npos);
    EXPECT_NE(error_of({"--config", "/nowhere/x.toml"}).find("/nowhere/x.toml"), std::string::npos);
    EXPECT_NE(error_of({"--config", testing::TempDir()}).find("it is a folder"), std::string::npos);
    variables["LONGHAND_JSON"] = "perhaps";
    EXPECT_NE(error_of({}).find("LONGHAND_JSON should be true or false"), std::string::npos);
    variables.clear();
    EXPECT_NE(error_of({"--listen"}), "");
    EXPECT_NE(error_of({"one", "two"}).find("'two'"), std::string::npos);
}

TEST_F(OptionPlaces, RepeatedValuesAreKeptWhereTheyMayBeRepeated) {
    EXPECT_EQ(parse({"--source", "a", "--source", "b", "here"})->all("source"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(parse({"--source", "a", "--source", "b", "here"})->positional("ADDRESS"), "here");
}

TEST_F(OptionPlaces, RepeatedValuesComeFromTheLinesOfAVariableAndFromAnArrayOfTheFile) {
    variables["LONGHAND_SOURCE"] = "a b.md\n\nc.md\n";
    EXPECT_EQ(parse({})->all("source"), (std::vector<std::string>{"a b.md", "c.md"}));
    EXPECT_EQ(parse({"--source", "d"})->all("source"), (std::vector<std::string>{"d"}));
    variables.clear();
    write_file("source = [\"a\", \"b\"]\n");
    EXPECT_EQ(parse({"--config", path_})->all("source"), (std::vector<std::string>{"a", "b"}));
    write_file("source = \"a\"\n");
    EXPECT_EQ(parse({"--config", path_})->all("source"), (std::vector<std::string>{"a"}));
    write_file("source = [1]\n");
    EXPECT_NE(error_of({"--config", path_}).find("array of texts"), std::string::npos);
}

TEST_F(OptionPlaces, WhatBelongsToOneCallIsRefusedElsewhereByName) {
    EXPECT_EQ(parse({"--resume", "x"})->get("resume"), "x");
    write_file("resume = \"x\"\n");
    EXPECT_NE(error_of({"--config", path_}).find("--resume"), std::string::npos);
    variables["LONGHAND_RESUME"] = "x";
    EXPECT_NE(error_of({}).find("LONGHAND_RESUME"), std::string::npos);
}

TEST_F(OptionPlaces, AValueOfAListGetsTheNearestOneWhereverItCameFrom) {
    EXPECT_NE(error_of({"--log-level", "warn"}).find("Did you mean 'warning'?"), std::string::npos);
    EXPECT_NE(error_of({"--log-level", "banana"}).find("debug, info, warning"), std::string::npos);
    variables["LONGHAND_LOG_LEVEL"] = "banana";
    EXPECT_NE(error_of({}).find("LONGHAND_LOG_LEVEL"), std::string::npos);
    EXPECT_EQ(error_of({"--log-level", "info"}), "");
}

TEST_F(OptionPlaces, ACommandToTypeNextRepeatsWhatWasTyped) {
    variables["LONGHAND_LISTEN"] = "environment:1";
    const auto options = parse({"--max-pages", "7; it's", "--source", "plain.md"});
    EXPECT_TRUE(options->is_typed("source"));
    EXPECT_FALSE(options->is_typed("listen"));
    EXPECT_FALSE(options->is_typed("json"));
    EXPECT_EQ(typed_again(*options, {"listen", "max-pages", "source", "json"}),
              " --max-pages '7; it'\\''s' --source plain.md");
}

TEST_F(OptionPlaces, AFlagThatIsTypedWithAValueHasThatValue) {
    EXPECT_TRUE(parse({"--json"})->flag("json"));
    EXPECT_TRUE(parse({"--json=yes"})->flag("json"));
    EXPECT_TRUE(parse({"--json=false", "--json"})->flag("json"));
    variables["LONGHAND_JSON"] = "true";
    EXPECT_FALSE(parse({"--json=false"})->flag("json"));
    EXPECT_FALSE(parse({"--json", "--json=no"})->flag("json"));
    EXPECT_NE(error_of({"--json=perhaps"}).find("--json should be true or false, not 'perhaps'"), std::string::npos);
}

TEST_F(OptionPlaces, ATypedValueIsTakenAsItStands) {
    for (const char* text : {"{}", "[]", "[a,b]", "%%", "''", "a=b", " "}) {
        EXPECT_EQ(parse({"--listen", text})->get("listen"), text);
        EXPECT_EQ(parse({"--listen=" + std::string(text)})->get("listen"), text);
        EXPECT_EQ(parse({"--source", text, "--source", "b"})->all("source"), (std::vector<std::string>{text, "b"}));
    }
}

TEST_F(OptionPlaces, AfterTwoDashesAWordIsPositionalWhateverItBeginsWith) {
    EXPECT_EQ(parse({"--", "--listen"})->positional("ADDRESS"), "--listen");
    EXPECT_EQ(parse({"--max-pages", "7", "--", "-x"})->get("max-pages"), "7");
    EXPECT_EQ(parse({"--", "--"})->positional("ADDRESS"), "--");
    EXPECT_EQ(parse({"here", "--"})->positional("ADDRESS"), "here");
    EXPECT_TRUE(parse({"--"}));
    EXPECT_NE(error_of({"here", "--", "--json"}).find("does not know what to do with '--json'"), std::string::npos);
    EXPECT_NE(error_of({"here", "there", "--"}).find("does not know what to do with 'there'"), std::string::npos);
    EXPECT_NE(error_of({"--jsonn", "--", "here"}).find("Did you mean '--json'?"), std::string::npos);
}

TEST_F(OptionPlaces, ARequiredWordMayNotBeEmpty) {
    CommandSpec command = kCommand;
    EXPECT_TRUE(parse_options(command, {""}, lookup, kKnown));
    command.positionals.front().required = true;
    const auto empty = parse_options(command, {""}, lookup, kKnown);
    ASSERT_FALSE(empty);
    EXPECT_EQ(empty.error().code, UsageErrc::wrong);
    EXPECT_NE(empty.error().message.find("serve wants ADDRESS"), std::string::npos);
}

TEST_F(OptionPlaces, HelpShowsAnExample) {
    const auto parsed = parse({"--help"});
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().code, UsageErrc::help);
    EXPECT_NE(parsed.error().message.find(kCommand.example), std::string::npos);
}

}  // namespace
}  // namespace longhand::cli
