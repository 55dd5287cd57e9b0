// Drafts are model output, and hostile.
#include "writing/clean.h"

#include <gtest/gtest.h>

#include "writing/measures.h"
#include "writing/section_prompt.h"
#include "writing/text.h"

namespace longhand::writing {
namespace {

const std::string kKey1 = "p0123456789ab-1", kKey2 = "p0123456789ab-2";
const Aliases kAliases = {{"p1", kKey1}, {"p2", kKey2}};

std::string cleaned(std::string_view raw) {
    return join_blocks(clean_draft(raw, kAliases, {"The Lamp"}).blocks);
}

TEST(CleanDraft, KeepsWhatADraftMayHold) {
    const std::string draft =
        "The lamp *burns* `oil` at $x^2$ degrees.\n\n- First it is lit.\n- Then it burns.\n\n| a | b |\n|---|---|\n| 1 "
        "| 2 "
        "|\n\n> Keep it lit.\n\n```sh\nlight --now <lamp>\n```\n\nThat is all.";
    EXPECT_EQ(cleaned(draft), draft);
}

TEST(CleanDraft, CitationsAreResolvedOrDropped) {
    struct Case {
        std::string text, expected;
        std::int64_t dropped;
    };
    const Case cases[] = {
        {"It burns [@p1].", "It burns [@" + kKey1 + "].", 0},
        {"It burns[@p1].", "It burns [@" + kKey1 + "].", 0},
        {"It burns. [@P1]", "It burns. [@" + kKey1 + "]", 0},
        {"It burns [p1, p2].", "It burns [@" + kKey1 + "; @" + kKey2 + "].", 0},
        {"It burns [@p1; @p9].", "It burns [@" + kKey1 + "].", 1},
        {"It burns [@p1, p. 3].", "It burns [@" + kKey1 + "].", 0},
        {"It burns [@p77].", "It burns.", 1},
        {"It burns [@smith2020].", "It burns.", 1},
        {"It burns @p2.", "It burns [@" + kKey2 + "].", 0},
        {"It burns [@" + kKey1 + "].", "It burns [@" + kKey1 + "].", 0},
        {"It burns [@pffffffffffff-1].", "It burns.", 1},
    };
    for (const Case& c : cases) {
        const Draft draft = clean_draft(c.text, kAliases, {});
        EXPECT_EQ(join_blocks(draft.blocks), c.expected) << c.text;
        EXPECT_EQ(draft.counts.dropped_citations, c.dropped) << c.text;
    }
}

TEST(CleanDraft, RawHtmlAndTexAreText) {
    EXPECT_EQ(cleaned("Run <script>x</script> now."), "Run \\<script>x\\</script> now.");
    EXPECT_EQ(cleaned("Then \\input{secret} it."), "Then \\\\input{secret} it.");
    EXPECT_EQ(cleaned("If a < b and c <3 then go."), "If a < b and c <3 then go.");
    EXPECT_EQ(cleaned("Use `x`{=latex} here."), "Use `x`\\{=latex} here.");
    EXPECT_EQ(cleaned("It costs $5 now."), "It costs \\$5 now.");
    EXPECT_EQ(cleaned("Write to a@b.org or @bob."), "Write to a@b.org or \\@bob.");
    EXPECT_EQ(cleaned("So \\(x+1\\) it is."), "So $x+1$ it is.");
    EXPECT_EQ(cleaned("a &lt;b&gt; c is text."), "a \\<b> c is text.");
    EXPECT_EQ(cleaned("```{=latex}\n\\input{x}\n```\n\nDone."), "```\n\\input{x}\n```\n\nDone.");
}

TEST(CleanDraft, AFlagIsCodeAndADashIsADash) {
    EXPECT_EQ(cleaned("Pass --resume JOB or (--no-color)."), "Pass `--resume` JOB or (`--no-color`).");
    EXPECT_EQ(cleaned("A lamp--lit or not--burns -- or --- not, from 3 -- 4."),
              "A lamp--lit or not--burns -- or --- not, from 3 -- 4.");
}

TEST(CleanDraft, EscapedBracketsAreNoFormula) {
    EXPECT_EQ(cleaned("Sleep helps \\[12\\], \\[3, 4\\] and \\[sic\\]."),
              "Sleep helps \\[12\\], \\[3, 4\\] and \\[sic\\].");
    EXPECT_EQ(cleaned("So \\[x^2 = 4\\] it is."), "So $$x^2 = 4$$ it is.");
}

TEST(CleanDraft, LinksAndImagesKeepTheirWordsAlone) {
    EXPECT_EQ(cleaned("See [the lamp](http://x.org/a) there."), "See the lamp there.");
    EXPECT_EQ(cleaned("Look ![a lamp](file:///etc/passwd) here."), "Look  here.");
    EXPECT_EQ(cleaned("So it is[^1].\n\n[^1]: http://x.org"), "So it is.");
    EXPECT_EQ(cleaned("As in section [#2.1] above."), "As in section [#2.1] above.");
}

TEST(CleanDraft, LeftoversGoAndAreCounted) {
    struct Case {
        const char* text;
        const char* expected;
    };
    const Case cases[] = {
        {"Here is the section on lamps:\n\nThe lamp burns.", "The lamp burns."},
        {"Sure, here it is.\n\nThe lamp burns.", "The lamp burns."},
        {"The lamp burns. As an AI language model, I can't see it. It shines.", "The lamp burns. It shines."},
        {"```markdown\nThe lamp burns.\n```", "The lamp burns."},
        {"<draft>The lamp burns.</draft>", "The lamp burns."},
        {"The lamp {{name}} burns.", "The lamp  burns."},
        {"The lamp [INSERT NAME HERE] burns.", "The lamp  burns."},
        {"{\"text\": \"The lamp burns.\"}", "The lamp burns."},
        {"The lamp burns.\n\nI hope this helps!", "The lamp burns."},
        {"The lamp <!-- todo --> burns.", "The lamp  burns."},
        {"# 1.1 The Lamp\n\nThe lamp burns.", "The lamp burns."},
        {"**The Lamp**\n\nThe lamp burns.", "The lamp burns."},
    };
    for (const Case& c : cases) {
        const Draft draft = clean_draft(c.text, kAliases, {"The Lamp"});
        EXPECT_EQ(join_blocks(draft.blocks), c.expected) << c.text;
        EXPECT_GE(draft.counts.leftovers, 1) << c.text;
    }
}

TEST(CleanDraft, HeadingsBecomeBoldLines) {
    EXPECT_EQ(cleaned("## Oil\n\nIt burns.\n\nGas\n---\n\nIt burns too."),
              "**Oil**\n\nIt burns.\n\n**Gas**\n\nIt burns too.");
    EXPECT_EQ(cleaned("It burns.\n\n# Nothing below"), "It burns.");
}

TEST(CleanDraft, NeverEndsInMidSentence) {
    EXPECT_EQ(cleaned("The lamp burns. It is made of"), "The lamp burns.");
    EXPECT_EQ(cleaned("The lamp burns.\n\nIt is made of"), "The lamp burns.");
    EXPECT_EQ(cleaned("The lamp burns. It has three parts:"), "The lamp burns.");
    EXPECT_EQ(cleaned("It is made of"), "");
    EXPECT_EQ(clean_draft("It burns. It is", {}, {}).counts.truncated, 1);
}

TEST(CleanDraft, SaysNothingTwice) {
    const std::string sentence = "The keeper lights the great lamp when the evening comes.";
    const Draft draft =
        clean_draft(sentence + " It shines.\n\n" + sentence + " It shines.\n\nNew. " + sentence, {}, {});
    EXPECT_EQ(join_blocks(draft.blocks), sentence + " It shines.\n\nNew.");
    EXPECT_EQ(draft.counts.repeats, 2);
}

TEST(CleanDraft, ALoopIsMeasuredBeforeItIsTakenOut) {
    std::string loop;
    for (int i = 0; i < 50; ++i) loop += "The lamp is lit and the ship is safe again tonight. ";
    const Draft draft = clean_draft(loop, {}, {});
    EXPECT_GT(draft.repetition, 0.8);
    EXPECT_EQ(draft.blocks.size(), 1U);
}

TEST(CleanDraft, AnyBytesGiveTextThatEndsWithASentence) {
    const std::string parts[] = {"[@p1",   "]",    "`",    "``",   "$",  "\\",  "<",     "<!--", "![",  "](",
                                 "{{",     "}}",   "\n",   "\n\n", "# ", "- ",  "| a |", "> ",   "```", "---",
                                 "text. ", "\xff", "灯。", "@",    "^[", "1. ", "    ",  "***"};
    unsigned state = 1;
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        for (int i = 0; i < 12; ++i) text += parts[(state = state * 1664525 + 1013904223) / 65536 % std::size(parts)];
        const Draft draft = clean_draft(text, kAliases, {"The Lamp"});
        const std::string made = join_blocks(draft.blocks);
        EXPECT_EQ(sanitized(made), made) << text;
        const bool prose = !draft.blocks.empty() && draft.blocks.back().kind == BlockKind::prose;
        EXPECT_TRUE(!prose || ends_as_sentence(draft.blocks.back().text)) << text << "\n=> " << made;
    }
}

TEST(Measures, SayWhatFallsShort) {
    const auto faults = [](std::string_view text, Measure measure) {
        const Draft draft = clean_draft(text, kAliases, {});
        std::vector<Fault> found;
        for (const Finding& finding : find_faults(draft, draft.blocks, measure)) found.push_back(finding.fault);
        return found;
    };
    EXPECT_EQ(faults("The lamp burns all night [@p1].", {6, true, "en"}), std::vector<Fault>{});
    EXPECT_EQ(faults("The lamp burns all night [@p1].", {60, true, "en"}), std::vector<Fault>{Fault::too_short});
    EXPECT_EQ(faults("The lamp burns all night [@p1].", {2, true, "en"}), std::vector<Fault>{Fault::too_long});
    EXPECT_EQ(faults("The lamp burns all night.", {6, true, "en"}), std::vector<Fault>{Fault::uncited});
    EXPECT_EQ(faults("The lamp burns all night.", {6, false, "ru"}), std::vector<Fault>{Fault::wrong_script});
    EXPECT_EQ(faults("", {6, false, "en"}), std::vector<Fault>{Fault::empty});
}

TEST(Draft, IsShownToAModelByThePromptsNames) {
    EXPECT_EQ(with_aliases("It burns [@" + kKey2 + "; @" + kKey1 + "].", kAliases), "It burns [@p2; @p1].");
    EXPECT_EQ(with_aliases("It burns [@pffffffffffff-1].", kAliases), "It burns.");
}

}  // namespace
}  // namespace longhand::writing
