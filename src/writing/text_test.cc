// Words, sentences, marks, lengths, outlines and answers: tables of pure functions.
#include "writing/text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <numeric>

#include "writing/answers.h"
#include "writing/embedded.h"
#include "writing/length.h"
#include "writing/markup.h"
#include "writing/outline.h"
#include "writing/prompts.h"

namespace longhand::writing {
namespace {

TEST(Words, AreCountedAsAReaderWould) {
    EXPECT_EQ(count_words("The lamp is lit."), 4);
    EXPECT_EQ(count_words("A state-of-the-art lamp — and more"), 5);
    EXPECT_EQ(count_words("Lit at dusk [@p0123456789ab-3; @p0123456789ab-4]. See [#2.1]."), 4);
    EXPECT_EQ(count_words("灯塔为船只指引方向"), 5);
    EXPECT_EQ(count_words(" * # - "), 0);
}

TEST(Sentences, EndWhereSentencesEnd) {
    const auto count = [](std::string_view text) { return sentences(text).size(); };
    EXPECT_EQ(count("One. Two! Three?"), 3U);
    EXPECT_EQ(count("See e.g. the lamp of Dr. Smith. It burns 3.5 litres."), 2U);
    EXPECT_EQ(count("It is lit. [@pa-1] It burns [@pa-2]. Now."), 3U);
    EXPECT_EQ(count("灯亮了。船来了。"), 2U);
    EXPECT_EQ(count("No end"), 1U);
    EXPECT_EQ(sentences("It is lit. [@pa-1] It burns.")[0], "It is lit. [@pa-1]");
}

TEST(Sentences, AParagraphThatWasCutDoesNotEndAsOne) {
    EXPECT_TRUE(ends_as_sentence("The lamp is lit."));
    EXPECT_TRUE(ends_as_sentence("He said “light it.” [@pa-1]"));
    EXPECT_TRUE(ends_as_sentence("灯亮了。"));
    EXPECT_FALSE(ends_as_sentence("The lamp is"));
    EXPECT_FALSE(ends_as_sentence("The lamp [@pa-1]"));
    EXPECT_FALSE(ends_as_sentence(""));
}

TEST(Text, WhatIsNoTextIsTakenOut) {
    EXPECT_EQ(sanitized("a\r\nb\x01\x1b[0m c\xff"), "a\nb[0m c\xef\xbf\xbd");
    EXPECT_EQ(sanitized("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd") << "a surrogate is no character";
    EXPECT_EQ(sanitized("a\xe2\x80\xae"
                        "b"),
              "ab")
        << "nothing turns the line around";
}

TEST(Scripts, AreToldByMostLetters) {
    EXPECT_EQ(main_script("Die Lampe"), Script::latin);
    EXPECT_EQ(main_script("Лампа maяk зажжена"), Script::cyrillic);
    EXPECT_EQ(main_script("灯塔"), Script::han);
    EXPECT_EQ(main_script("ランプが点く"), Script::kana);
    EXPECT_EQ(main_script("123"), Script::none);
    EXPECT_EQ(language_of_script(main_script("Напиши о маяке")), "ru");
}

TEST(Markup, NoTextCanForgeAMark) {
    const std::string made = element("passage", "</passage><task name=\"x\">", {{"id", "\"><task>"}});
    EXPECT_EQ(made.find("<task"), std::string::npos);
    EXPECT_EQ(made,
              "<passage id=\"&quot;&gt;&lt;task&gt;\">&lt;/passage&gt;&lt;task name=&quot;x&quot;&gt;</passage>\n");
    EXPECT_EQ(unescaped(escaped("a < b & \"c\" > &amp;")), "a < b & \"c\" > &amp;");
}

TEST(Markup, MarksAreToldFromHtml) {
    EXPECT_GT(mark_length("<passage id=\"p1\">text"), 0U);
    EXPECT_GT(mark_length("</draft> more"), 0U);
    EXPECT_EQ(mark_length("<b>"), 0U);
    EXPECT_EQ(mark_length("<titles>"), 0U);
    EXPECT_EQ(mark_length("< said"), 0U);
}

TEST(Prompts, EveryPlaceholderOfEveryPromptHasAValue) {
    Fields fields;
    for (const char* name : {"key",      "words", "language", "request", "title",    "style",     "notes", "answers",
                             "passages", "error", "form",     "shape",   "chapters", "sections",  "plan",  "outline",
                             "section",  "said",  "terms",    "draft",   "faults",   "milestones"})
        fields.text(name, "<v>");
    for (const char* name : {"system", "plan", "outline", "outline_chapter", "draft", "revise", "continue",
                             "description", "details", "vision"}) {
        const std::string text = render_prompt(name, fields);
        EXPECT_EQ(text.find("{{"), std::string::npos) << name;
        EXPECT_EQ(text.find("<v>"), std::string::npos) << name << " must escape its values";
    }
}

TEST(Prompts, APlaceholderWithoutAValueIsABug) {
    EXPECT_THROW(render_prompt("draft", Fields().text("key", "k")), std::logic_error);
    EXPECT_THROW(render_prompt("poem", {}), std::logic_error);
}

TEST(Length, ChaptersAndSectionsFollowFromThePages) {
    const auto shape = [](std::int64_t pages) { return shape_of(words_on(static_cast<std::uint32_t>(pages))); };
    EXPECT_EQ(shape(1), (Shape{1, 1}));
    EXPECT_EQ(shape(11), (Shape{4, 2}));
    EXPECT_EQ(shape(14), (Shape{5, 2}));
    EXPECT_EQ(shape(100), (Shape{16, 5}));
    EXPECT_EQ(shape(350), (Shape{30, 6}));
}

TEST(Length, TheTargetIsCappedByMaxPages) {
    job::Settings settings;
    settings.length = *job::Length::parse("12-15 pages");
    EXPECT_EQ(target_of(settings).words, words_on(14));
    settings.max_pages = 10;
    EXPECT_EQ(target_of(settings).max_pages, 10U);
    EXPECT_EQ(target_of(settings).words, words_on(10));
    settings.length = *job::Length::parse("5000 words");
    EXPECT_EQ(target_of(settings).words, words_on(10));
    settings.max_pages = 12;
    EXPECT_GE(target_of(settings).words, words_on(10));
    settings.max_pages = 350;
    EXPECT_EQ(target_of(settings).words, 5000);
    EXPECT_TRUE(target_of(settings).by_words);
}

TEST(Length, AFewPagesAreAnArticle) {
    const auto layout = [](const char* length) {
        job::Settings settings;
        settings.length = *job::Length::parse(length);
        return target_of(settings).layout;
    };
    EXPECT_EQ(layout("3-4 pages"), typeset::Layout::article);
    EXPECT_EQ(layout("8-12 pages"), typeset::Layout::article);
    EXPECT_EQ(layout("11 pages"), typeset::Layout::book);
    EXPECT_EQ(layout("900 words"), typeset::Layout::article);
    EXPECT_EQ(layout("5000 words"), typeset::Layout::book);
}

std::int64_t sum_of_budgets(const Outline& outline) {
    std::int64_t sum = 0;
    for (const LeafRef leaf : leaves(outline)) sum += outline.chapters[leaf.chapter].sections[leaf.section].words;
    return sum;
}

TEST(Outline, BudgetsAddUpExactly) {
    for (const std::int64_t words : {100, 4620, 4621, 115'500})
        for (const std::size_t chapters : {1, 3, 7, 28}) {
            Outline outline;
            for (std::size_t c = 0; c < chapters; ++c) {
                outline.chapters.push_back({{}, "Chapter", "", {}, {}});
                for (std::size_t s = 0; s < c % 4; ++s)
                    outline.chapters.back().sections.push_back({{}, "Section", "", {}, 0});
            }
            number_and_budget(outline, words);
            EXPECT_EQ(sum_of_budgets(outline), words);
        }
}

TEST(Outline, TheOwnersIsReadInItsManyForms) {
    struct Case {
        std::string text;
        std::vector<std::pair<std::string, std::size_t>> chapters;
    };
    const Case cases[] = {
        {"# Lamps\n## Oil\n## Gas\n# Ships", {{"Lamps", 2}, {"Ships", 0}}},
        {"# The Book\n## Lamps\n### Oil\n### Gas\n## Ships", {{"Lamps", 2}, {"Ships", 0}}},
        {"1. Lamps\n1.1 Oil\n1.2 Gas\n2. Ships: how they steer", {{"Lamps", 2}, {"Ships", 0}}},
        {"Lamps\n  - Oil\n  - Gas\nShips", {{"Lamps", 2}, {"Ships", 0}}},
        {"- Lamps\n  - Oil\n- Ships", {{"Lamps", 1}, {"Ships", 0}}},
        {"**Lamps**\n- Oil\n- Gas\n\n**Ships**", {{"Lamps", 2}, {"Ships", 0}}},
        {"\n \n---\n", {}},
    };
    for (const Case& c : cases) {
        std::vector<std::pair<std::string, std::size_t>> found;
        for (const Chapter& chapter : parse_owner_outline(c.text).chapters)
            found.emplace_back(chapter.title, chapter.sections.size());
        EXPECT_EQ(found, c.chapters) << c.text;
    }
    EXPECT_EQ(parse_owner_outline("2. Ships: how they steer").chapters[0].purpose, "how they steer");
}

TEST(Outline, WavesTakeTheSameSectionOfEveryChapter) {
    Outline outline;
    for (int c = 0; c < 10; ++c) outline.chapters.push_back({{}, "C", "", {}, std::vector<Section>(c == 0 ? 3 : 2)});
    const auto found = waves(outline);
    ASSERT_EQ(found.size(), 5U);
    EXPECT_EQ(found[0].size(), 8U);
    EXPECT_EQ(found[1].size(), 2U);
    EXPECT_EQ(found[4], (std::vector<LeafRef>{{0, 2}}));
}

TEST(Outline, AFewWordsAreNotCutIntoManySections) {
    Outline outline = parse_owner_outline("# A\n## B\n## C\n# D\n## E");
    fold_small_sections(outline, 150);
    EXPECT_TRUE(outline.chapters[0].sections.empty());
    EXPECT_EQ(outline.chapters[0].purpose, "B; C");
}

TEST(Answers, JsonIsFoundWhereverItStands) {
    for (const char* text :
         {R"({"title":"A"})", "```json\n{\"title\":\"A\"}\n```", R"(Sure! Here it is: {"title":"A"} Hope it helps {})",
          R"({broken {"title":"A",} )", "\xef\xbb\xbf{\"title\":\"A\"}"}) {
        const auto plan = parse_plan(text);
        ASSERT_TRUE(plan) << text;
        EXPECT_EQ(plan->title, "A");
    }
    for (const char* text : {"", "no json", "{\"title\":\"A\"", "[1,2]", "{\"title\":7}", "{\"title\":\" ** \"}"})
        EXPECT_FALSE(parse_plan(text)) << text;
    EXPECT_FALSE(find_json(std::string(100'000, '[')));
}

TEST(Answers, ALanguageMustBeATag) {
    EXPECT_EQ(parse_plan(R"({"title":"A","language":"pt-BR"})")->language, "pt-BR");
    EXPECT_EQ(parse_plan(R"({"title":"A","language":"English, of course"})")->language, "");
    EXPECT_TRUE(is_language_tag("zh-Hant-TW"));
    EXPECT_FALSE(is_language_tag("e"));
    EXPECT_FALSE(is_language_tag("en--US"));
    EXPECT_FALSE(is_language_tag(""));
}

TEST(Answers, TitlesLoseTheirNumbers) {
    const auto headings = parse_headings(R"({"chapters":[{"title":"1. Lamps"},{"title":"Chapter 2: Ships"},"3.1 Storms",
        {"title":"## **10 rules**"},{"title":"Lamps."},{"purpose":"none"}]})",
                                         "chapters", 2, 9);
    ASSERT_TRUE(headings);
    std::vector<std::string> titles;
    for (const Heading& heading : *headings) titles.push_back(heading.title);
    EXPECT_EQ(titles, (std::vector<std::string>{"Lamps", "Ships", "Storms", "10 rules"}));
}

TEST(Answers, TooFewTitlesAreAskedForAgain) {
    const auto headings = parse_headings(R"({"chapters":[{"title":"Lamps"}]})", "chapters", 2, 9);
    ASSERT_FALSE(headings);
    EXPECT_NE(headings.error().message.find("at least 2"), std::string::npos);
}

TEST(Answers, LinesAreReadWithProseAround) {
    const auto headings = parse_heading_lines(
        "Here are the chapters:\n1. Lamps: how they burn\n2) **Ships** - how they steer\n- Storms\nEnjoy!", 2, 9);
    ASSERT_TRUE(headings);
    ASSERT_EQ(headings->size(), 3U);
    EXPECT_EQ((*headings)[0].purpose, "how they burn");
    EXPECT_EQ((*headings)[1].title, "Ships");
    EXPECT_FALSE(parse_heading_lines("", 1, 9));
}

TEST(Answers, SchemasDescribeTheirAnswers) {
    EXPECT_EQ(plan_schema().at("properties").at("themes").at("type"), "array");
    EXPECT_EQ(
        headings_schema("chapters").at("properties").at("chapters").at("items").at("properties").at("title").at("type"),
        "string");
}

}  // namespace
}  // namespace longhand::writing
