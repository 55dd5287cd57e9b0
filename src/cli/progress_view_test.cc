#include "cli/progress_view.h"

#include <gtest/gtest.h>

namespace longhand::cli {
namespace {

TEST(ProgressBar, ShowsStageWordsTokensAndTimeLeftWhereThereIsRoom) {
    const Snapshot snapshot{
        .stage = "generating_work", .progress = 50, .words_done = 1234, .words_planned = 4800, .tokens = 56789};
    const std::string wide = bar_line(snapshot, Seconds{10}, Seconds{83}, 120);
    EXPECT_EQ(
        wide,
        " 50.0 % [####################--------------------]  writing  1,234/4,800 words  56,789 tokens  1:23 left");
    Snapshot dear = snapshot;
    dear.cost = UsdMicros{1'250'000};
    EXPECT_NE(bar_line(dear, Seconds{10}, Seconds{83}, 120).find("56,789 tokens  $1.25"), std::string::npos);
    const std::string narrow = bar_line(snapshot, Seconds{10}, Seconds{83}, 50);
    EXPECT_LE(narrow.size(), 50U);
    EXPECT_NE(narrow.find("writing"), std::string::npos);
    EXPECT_NE(narrow.find("1:23 left"), std::string::npos);
    EXPECT_LE(bar_line(snapshot, Seconds{10}, std::nullopt, 12).size(), 12U);
}

TEST(TimeLeft, FollowsTheSpeedOfTheLastWhile) {
    TimeLeft left;
    SteadyTime at{};
    EXPECT_EQ(left.update(0, at), std::nullopt);
    EXPECT_EQ(left.update(10, at += Seconds{10}), Seconds{90});
    // It slows down to a tenth: after two windows the guess follows.
    std::optional<Seconds> guess;
    double progress = 10;
    for (int i = 0; i < 60; ++i) guess = left.update(progress += 0.1, at += Seconds{1});
    ASSERT_TRUE(guess.has_value());
    EXPECT_GT(*guess, Seconds{700});
    EXPECT_EQ(left.update(100, at += Seconds{1}), std::nullopt);
}

TEST(Numbers, AreShownAsPeopleReadThem) {
    EXPECT_EQ(with_commas(0), "0");
    EXPECT_EQ(with_commas(999), "999");
    EXPECT_EQ(with_commas(1000), "1,000");
    EXPECT_EQ(with_commas(-1234567), "-1,234,567");
    EXPECT_EQ(clock_text(Seconds{7}), "0:07");
    EXPECT_EQ(clock_text(Seconds{3723}), "1:02:03");
}

}  // namespace
}  // namespace longhand::cli
