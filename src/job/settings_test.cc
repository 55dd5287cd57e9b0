#include "job/settings.h"

#include <gtest/gtest.h>

#include "job/state.h"
#include "job/step_key.h"

namespace longhand::job {
namespace {

struct LengthCase {
    const char* text;
    std::uint32_t least, most;
};

TEST(Length, TakesPagesAndWordsInTheFormsThatCallersSend) {
    const LengthCase cases[] = {{"15-20 pages", 15, 20}, {"20-15", 15, 20},      {"10", 10, 10},
                                {" 10 pages ", 10, 10},  {"1 page", 1, 1},       {"12 – 15", 12, 15},
                                {"12 to 15", 12, 15},    {"350", 350, 350},      {"5000 words", 15, 15},
                                {"100 words", 1, 1},     {"15-20 Pages", 15, 20}};
    for (const auto& [text, least, most] : cases) {
        const auto length = Length::parse(text);
        ASSERT_TRUE(length.has_value()) << text;
        EXPECT_EQ(length->min_pages, least) << text;
        EXPECT_EQ(length->max_pages, most) << text;
    }
    EXPECT_EQ(Length::parse("5000 words")->words, 5000U);
}

TEST(Length, RefusesEverythingElse) {
    for (const char* text : {"", "0", "0-5", "351", "10-351 pages", "ten", "10 miles", "-5", "10-", "1e400",
                             "99999999999", "0 words", "200000 words", "10 pages please"}) {
        EXPECT_FALSE(Length::parse(text).has_value()) << text;
    }
}

TEST(Settings, SurviveTheirTextForm) {
    Settings settings;
    settings.prompt = "Write \"this\"\n<b>";
    settings.title = "T";
    settings.author = "Ω";
    settings.questions_and_answers = {{"Who?", "All"}, {"Why?", ""}};
    settings.urls_for_research = {"https://example.org/"};
    settings.length = {.min_pages = 3, .max_pages = 4, .words = 1200};
    settings.table_of_contents = Choice::off;
    settings.technical_diagrams = Choice::on;
    settings.writing_model = "a/b";
    settings.context_tokens = 8192;
    settings.guided = true;
    settings.milestones[Milestone::details] = "Two parts.";
    settings.warnings = {"No diagrams.", "Fewer pages."};
    EXPECT_EQ(settings_from_json(to_json(settings)), settings);
    EXPECT_EQ(settings_from_json(to_json(Settings{})), Settings{});
    EXPECT_EQ(to_json(Settings{}).find("guided"), std::string::npos) << "as rows of older versions";
}

TEST(Settings, AreNotReadFromWhatTheyDidNotWrite) {
    for (const char* text : {"", "[]", "{\"prompt\":1}", "{\"web_research\":\"maybe\"}", "{\"max_pages\":-1}",
                             "{\"questions_and_answers\":{}}", "{\"urls_for_research\":[1]}", "{\"guided\":\"on\"}",
                             "{\"work_vision\":1}"}) {
        EXPECT_FALSE(settings_from_json(text).has_value()) << text;
    }
}

TEST(StepKey, IsALowerCasePath) {
    EXPECT_EQ(StepKey("section/3.2/draft").attempt(2).text(), "section/3.2/draft#2");
    EXPECT_EQ(StepKey("plan").attempt(1).text(), "plan");
    for (const char* text : {"", "Plan", "a b", "a\n", "é"}) EXPECT_FALSE(is_step_key(text)) << text;
    EXPECT_THROW(StepKey("No"), std::logic_error);
}

TEST(Words, OfStatesAndStagesAreReadBack) {
    for (const State state : kStates) EXPECT_EQ(parse_state(to_string(state)), state);
    for (const Stage stage : kStages) EXPECT_EQ(parse_stage(to_string(stage)), stage);
    EXPECT_EQ(parse_state("running"), std::nullopt);
    EXPECT_EQ(parse_stage(""), std::nullopt);
}

}  // namespace
}  // namespace longhand::job
