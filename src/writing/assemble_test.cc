// Quotations, references, numbers and the arithmetic of fitting.
#include "writing/assemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "writing/fit.h"
#include "writing/measures.h"
#include "writing/quotes.h"
#include "writing/research.h"
#include "writing/text.h"

namespace longhand::writing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kQuote = "the keeper climbs the iron stairs each evening to light the great lamp for the ships";

sources::Passage passage(const std::string& file, std::uint32_t position, const std::string& text) {
    sources::Passage made;
    made.key = "p" + file + "-" + std::to_string(position);
    made.file_sha256 = file + std::string(52, '0');
    made.position = position;
    made.place = {"Lamps > Evening", 0, position * 10 + 1};
    made.text = text;
    return made;
}

const sources::Passage kStairs = passage("aaaaaaaaaaaa", 1, "In short, " + kQuote + ", says the book.");
const sources::Passage kOther =
    passage("bbbbbbbbbbbb", 2, "Ships steer by it when the night is dark and the sea is high and cold.");

std::optional<sources::Passage> lookup(std::string_view key) {
    for (const auto* known : {&kStairs, &kOther})
        if (known->key == key) return *known;
    return std::nullopt;
}

Blocks cite(const std::string& markdown, std::int64_t& added) {
    QuoteIndex index;
    index.add(kStairs);
    index.add(kOther);
    Blocks blocks = split_blocks(markdown);
    added = index.cite(blocks).added;
    return blocks;
}

TEST(Quotes, AQuotationWithoutItsCitationGetsOne) {
    std::int64_t added = 0;
    EXPECT_EQ(join_blocks(cite("We know that **" + kQuote + "**. And more.", added)),
              "We know that **" + kQuote + "** [@" + kStairs.key + "]. And more.");
    EXPECT_EQ(added, 1);
    cite("- One item.\n- So " + kQuote + ".\n- Another.", added);
    EXPECT_EQ(added, 1);
    EXPECT_EQ(join_blocks(cite("```\n" + kQuote + "\n```", added)),
              "```\n" + kQuote + "\n```\n\n[@" + kStairs.key + "]");
}

TEST(Quotes, AnAddedCitationStandsBeforeTheEndOfItsSentence) {
    std::int64_t added = 0;
    const std::string mark = " [@" + kStairs.key + "]", other = " [@" + kOther.key + "]";
    const auto becomes = [&](const std::string& before, const std::string& after) {
        EXPECT_EQ(join_blocks(cite(before, added)), after);
        EXPECT_EQ(added, 1) << before;
    };
    becomes("So " + kQuote + other + ". And more.", "So " + kQuote + other + mark + ". And more.");
    becomes("So " + kQuote + "." + other + " And more.", "So " + kQuote + other + mark + ". And more.");
    becomes("So \u201C" + kQuote + "!\u201D And more.", "So \u201C" + kQuote + mark + "!\u201D And more.");
    becomes("So " + kQuote + "\u0964", "So " + kQuote + mark + "\u0964");
    becomes("So " + kQuote + "\u3002", "So " + kQuote + mark + "\u3002");
    becomes("- So " + kQuote + ".\n- Another.", "- So " + kQuote + mark + ".\n- Another.");
    becomes("See [" + kQuote + "](https://example.org/?)", "See [" + kQuote + "](https://example.org/?)" + mark);
    EXPECT_EQ(join_blocks(cite("It is like this:\n\n```\n" + kQuote + "\n```", added)),
              "It is like this" + mark + ":\n\n```\n" + kQuote + "\n```");
}

TEST(Quotes, ACitationAtOrAfterItInTheParagraphIsEnough) {
    std::int64_t added = 0;
    const std::string cited = "So " + kQuote + ". It is hard work [@" + kStairs.key + "].";
    EXPECT_EQ(join_blocks(cite(cited, added)), cited);
    EXPECT_EQ(added, 0);
    cite("It is hard work [@" + kStairs.key + "]. So " + kQuote + ".", added);
    EXPECT_EQ(added, 1) << "a citation before it does not cover it";
    cite("So " + kQuote + " [@" + kOther.key + "].", added);
    EXPECT_EQ(added, 1) << "another passage's citation does not cover it";
}

TEST(Quotes, ElevenWordsAreNoQuotation) {
    std::int64_t added = 0;
    cite("The keeper climbs the iron stairs each evening to light the small one.", added);
    EXPECT_EQ(added, 0);
}

/// A work of two chapters; the second has two sections, one without text.
Work small_work() {
    Work work;
    work.plan.title = "The *Lamp*";
    work.outline = parse_owner_outline("# Lamps\n# Empty\n# Ships\n## Sails\n## Masts\n## Void");
    number_and_budget(work.outline, 100);
    open_sections(work);
    work.sections[0].text = split_blocks("It burns [@" + kStairs.key + "]. It shines [@" + kOther.key + "] and burns.");
    work.sections[2].text = split_blocks("See section [#1.1] and [#3.2] but not [#9.9]. Again [@" + kOther.key + "].");
    work.sections[3].text = split_blocks("Use `[@" + kStairs.key + "]` so [@pcccccccccccc-1].");
    work.shown = {kStairs.key, kOther.key};
    return work;
}

Assembled assembled(const Work& work) {
    SourceInfo a, b;
    a.sha256 = kStairs.file_sha256, a.name = "lamps_1.md", a.title = "On Lamps";
    b.sha256 = kOther.file_sha256, b.name = "ships.txt", b.title = "ships.txt";
    return assemble(job::Settings{}, {a, b}, work, lookup, Completeness::whole);
}

TEST(Assembly, NumbersWhatHasTextAndLinksWhatPointsToIt) {
    const Assembled out = assembled(small_work());
    const std::string& text = out.manuscript.markdown;
    EXPECT_THAT(
        text,
        HasSubstr(
            "# 1 Lamps {#section-1}\n\nIt burns [\\[1\\]](#source-1). It shines [\\[2\\]](#source-2) and burns.\n"));
    EXPECT_THAT(text, HasSubstr("# 2 Ships {#section-2}\n\n## 2.1 Sails {#section-2-1}\n\n"));
    EXPECT_THAT(text, HasSubstr("See section [1](#section-1) and [2.2](#section-2-2) but not ."));
    EXPECT_THAT(text, HasSubstr("## 2.2 Masts"));
    EXPECT_THAT(text, Not(HasSubstr("Empty")));
    EXPECT_THAT(text, Not(HasSubstr("Void")));
    EXPECT_EQ(out.dangling_references, 1);
    EXPECT_EQ(out.empty_sections, 2U);
    EXPECT_EQ(out.manuscript.title, "The *Lamp*");
}

TEST(Assembly, CitationsLeadToSourcesInOrderOfFirstUse) {
    const Assembled out = assembled(small_work());
    EXPECT_EQ(out.citations, 3);
    EXPECT_EQ(out.dropped_citations, 1);
    EXPECT_THAT(out.manuscript.markdown,
                HasSubstr("# Sources {#sources .unnumbered}\n\n"
                          "[\\[1\\]]{#source-1} On Lamps, *lamps\\_1.md*: “Lamps \\> Evening”, line 11 (in 1)\n\n"
                          "[\\[2\\]]{#source-2} ships.txt: “Lamps \\> Evening”, line 21 (in 1, 2.1)\n"));
    EXPECT_THAT(out.manuscript.markdown, HasSubstr("`[@" + kStairs.key + "]`")) << "code stays code";
}

TEST(Assembly, NoCitationNoChapterOfSources) {
    Work work = small_work();
    for (SectionState& state : work.sections) state.text = split_blocks("It burns.");
    EXPECT_THAT(assembled(work).manuscript.markdown, Not(HasSubstr("Sources")));
}

TEST(Assembly, SentencesInARowThatCiteTheSameCiteItOnce) {
    Work work = small_work();
    const std::string mark = " [@" + kStairs.key + "].";
    work.sections[0].text = split_blocks("It burns" + mark + " It shines" + mark + " It glows" + mark);
    EXPECT_THAT(assembled(work).manuscript.markdown, HasSubstr("It burns. It shines. It glows [\\[1\\]](#source-1)."));
}

TEST(Research, UsedPassagesAndFilesWaitBehindOthers) {
    std::vector<sources::Hit> hits;
    for (std::uint32_t i = 0; i < 6; ++i)
        hits.push_back({passage(i < 4 ? "aaaaaaaaaaaa" : "bbbbbbbbbbbb", i, "text"), 1});
    EXPECT_EQ(pick(hits, {}, 3, 0),
              (std::vector<std::string>{hits[0].passage.key, hits[1].passage.key, hits[2].passage.key}));
    EXPECT_EQ(pick(hits, {}, 3, 2),
              (std::vector<std::string>{hits[0].passage.key, hits[1].passage.key, hits[4].passage.key}));
    Usage usage;
    usage.add(hits[0].passage.key);
    EXPECT_EQ(pick(hits, usage, 1, 0), (std::vector<std::string>{hits[1].passage.key}));
    for (int i = 0; i < 20; ++i) usage.add("paaaaaaaaaaaa-99");
    usage.add("pbbbbbbbbbbbb-99");
    EXPECT_EQ(pick(hits, usage, 1, 3), (std::vector<std::string>{hits[4].passage.key}));
}

Work written_work(std::vector<std::int64_t> words) {
    Work work;
    for (std::size_t i = 0; i < words.size(); ++i) work.outline.chapters.push_back({{}, "Chapter", "", {}, {}});
    number_and_budget(work.outline, 100 * static_cast<std::int64_t>(words.size()));
    open_sections(work);
    for (std::size_t i = 0; i < words.size(); ++i)
        for (std::int64_t w = 0; w < words[i]; w += 10)
            work.sections[i].text.push_back(
                {BlockKind::prose, "One two three four five six seven eight nine ten.", ""});
    return work;
}

TEST(Fit, TellsHowManyWordsAreMissingOrTooMany) {
    Target pages;
    pages.min_pages = 10, pages.max_pages = 12, pages.words = 3630;
    EXPECT_EQ(words_off(pages, 10, 3000), std::nullopt);
    EXPECT_EQ(words_off(pages, 12, 3000), std::nullopt);
    EXPECT_EQ(words_off(pages, 9, 2700), 2 * 300);
    EXPECT_EQ(words_off(pages, 14, 4200), -2 * 300);
    Target words;
    words.by_words = true, words.words = 1000, words.max_pages = 5;
    EXPECT_EQ(words_off(words, 3, 950), std::nullopt);
    EXPECT_EQ(words_off(words, 3, 800), 200);
    EXPECT_EQ(words_off(words, 3, 1200), -200);
    EXPECT_EQ(words_off(words, 6, 1000), -166) << "pages cap";
}

TEST(Fit, TheSectionsFurthestOffAreMended) {
    const Work work = written_work({100, 60, 150});
    auto budgets = spread_delta(work, 120);
    ASSERT_EQ(budgets.size(), 2U);
    EXPECT_EQ(budgets[0].leaf, (LeafRef{1, 0}));
    EXPECT_EQ(budgets[0].words, 160);
    EXPECT_EQ(budgets[1].leaf, (LeafRef{0, 0}));
    budgets = spread_delta(work, -60);
    ASSERT_EQ(budgets.size(), 1U);
    EXPECT_EQ(budgets[0].leaf, (LeafRef{2, 0}));
    EXPECT_EQ(budgets[0].words, 90);
}

TEST(Fit, CuttingLeavesEverySectionAParagraph) {
    Work work = written_work({100, 60, 150});
    cut_words(work, 100);
    EXPECT_EQ(work.words(), 210);
    cut_words(work, 1000);
    EXPECT_EQ(work.words(), 30);
}

TEST(Settle, WhatAnEarlierSectionSaidIsNotSaidAgain) {
    Work work = written_work({0, 0});
    const std::string twice = "The keeper climbs the iron stairs each evening to light the lamp.";
    work.sections[0].versions.push_back(clean_draft(twice + " It burns.", {}, {}));
    work.sections[1].versions.push_back(clean_draft("It shines. " + twice, {}, {}));
    settle(work);
    EXPECT_EQ(join_blocks(work.sections[0].text), twice + " It burns.");
    EXPECT_EQ(join_blocks(work.sections[1].text), "It shines.");
    EXPECT_EQ(work.sections[1].repeats, 1);
}

TEST(Settle, TheBetterVersionIsChosenAndTheLaterOfEquals) {
    Work work = written_work({0});
    work.plan.language = "en";
    work.sections[0].budget = 10;
    for (const char* text : {"One two three four five six seven eight nine ten.", "Too short.",
                             "Ten nine eight seven six five four three two one."})
        work.sections[0].versions.push_back(clean_draft(text, {}, {}));
    settle(work);
    EXPECT_EQ(work.sections[0].chosen, 2U);
}

}  // namespace
}  // namespace longhand::writing
