#include "sources/sentences.h"

#include <gtest/gtest.h>

#include <string>

namespace longhand::sources {
namespace {

using Sentences = std::vector<std::string_view>;

TEST(SentencesSplit, AtDotsQuestionAndExclamationMarks) {
    EXPECT_EQ(split_sentences("One is here. Is two? Three! \"Four.\" Five"),
              (Sentences{"One is here.", "Is two?", "Three!", "\"Four.\"", "Five"}));
}

TEST(SentencesSplit, NotAtAbbreviationsAndInitials) {
    EXPECT_EQ(split_sentences("See e.g. Fig. 3 by Dr. J. Smith et al. in vol. 2."),
              (Sentences{"See e.g. Fig. 3 by Dr. J. Smith et al. in vol. 2."}));
    EXPECT_EQ(split_sentences("Pens, paper, etc. Then more."), (Sentences{"Pens, paper, etc.", "Then more."}));
    EXPECT_EQ(split_sentences("The answer is no. Then we go to no. 5 again."),
              (Sentences{"The answer is no.", "Then we go to no. 5 again."}));
}

TEST(SentencesSplit, NotInsideNumbersNamesAndVersions) {
    EXPECT_EQ(split_sentences("Version 3.14 of file.txt costs 1.50 EUR. It is at example.org now."),
              (Sentences{"Version 3.14 of file.txt costs 1.50 EUR.", "It is at example.org now."}));
    EXPECT_EQ(split_sentences("3. Open the lid. 4. Close it."), (Sentences{"3. Open the lid.", "4. Close it."}));
}

TEST(SentencesSplit, NotBeforeASmallLetter) {
    EXPECT_EQ(split_sentences("He said \"No!\" and left... slowly. Done."),
              (Sentences{"He said \"No!\" and left... slowly.", "Done."}));
}

TEST(SentencesSplit, InCyrillicAndGreek) {
    EXPECT_EQ(split_sentences("Это т.е. первое, см. рис. 2. Второе здесь? Да."),
              (Sentences{"Это т.е. первое, см. рис. 2.", "Второе здесь?", "Да."}));
    EXPECT_EQ(split_sentences("Τι είναι αυτό; Είναι βιβλίο."), (Sentences{"Τι είναι αυτό;", "Είναι βιβλίο."}));
    EXPECT_EQ(split_sentences("One; Two stays."), (Sentences{"One; Two stays."}));
}

TEST(SentencesSplit, InChineseAndJapaneseWithoutBlanks) {
    EXPECT_EQ(split_sentences("这是第一句。这是第二句！“第三句？”最后"),
              (Sentences{"这是第一句。", "这是第二句！", "“第三句？”", "最后"}));
}

TEST(SentencesSplit, AtLineEnds) {
    EXPECT_EQ(split_sentences("first item\n\nsecond item"), (Sentences{"first item", "second item"}));
}

TEST(SentencesSplit, NothingIsLostOrMadeUpOfAnyBytes) {
    std::uint32_t state = 7;
    for (int round = 0; round < 200; ++round) {
        std::string text;
        for (int i = 0; i < 300; ++i) {
            state = state * 1664525 + 1013904223;
            text += static_cast<char>(i % 3 == 0 ? ". \n?!A"[state >> 24 & 5] : state >> 24);
        }
        std::string joined, expected;
        for (const auto sentence : split_sentences(text)) joined += sentence;
        const auto solid = [](std::string s) {
            std::erase_if(s, [](char c) { return static_cast<unsigned char>(c) <= 32; });
            return s;
        };
        EXPECT_EQ(solid(joined), solid(text));
    }
}

TEST(SentencesEnd, IsSeenBehindQuotesAndBrackets) {
    EXPECT_TRUE(ends_sentence("Done."));
    EXPECT_TRUE(ends_sentence("(He said \u201Cdone.\u201D) "));
    EXPECT_TRUE(ends_sentence("完了。"));
    EXPECT_FALSE(ends_sentence("not yet"));
    EXPECT_FALSE(ends_sentence("\"\")"));
    EXPECT_FALSE(ends_sentence(""));
}

}  // namespace
}  // namespace longhand::sources
