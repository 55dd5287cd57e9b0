#include "engine/progress.h"

#include <gtest/gtest.h>

#include <random>

namespace longhand::engine {
namespace {

using job::Stage;

WorkDone work_in(Stage stage) {
    WorkDone work;
    work.stage = stage;
    work.sources = 4;
    work.words_planned = 1000;
    return work;
}

TEST(Progress, ReadingMovesWithTheSources) {
    WorkDone work = work_in(Stage::reading_sources);
    EXPECT_EQ(progress_of(work, 0), 0);
    work.sources_read = 2;
    EXPECT_EQ(progress_of(work, 0), 1.5);
    work.sources_read = 4;
    EXPECT_EQ(progress_of(work, 0), 3);
}

TEST(Progress, WritingMovesWithTheWords) {
    WorkDone work = work_in(Stage::generating_work);
    EXPECT_EQ(progress_of(work, 0), 5);
    work.words_done = 400;
    work.words_live = 100;
    EXPECT_EQ(progress_of(work, 0), 46.5);
    work.words_done = 5000;
    EXPECT_EQ(progress_of(work, 0), 88);
}

TEST(Progress, WritingWithoutAPlanWaits) {
    WorkDone work = work_in(Stage::generating_work);
    work.words_planned = 0;
    work.words_done = 400;
    EXPECT_EQ(progress_of(work, 0), 5);
}

TEST(Progress, ATenthIsKeptForSetting) {
    WorkDone work = work_in(Stage::assembling);
    EXPECT_EQ(progress_of(work, 0), 88);
    work.page_counts = 2;
    EXPECT_EQ(progress_of(work, 0), 93);
    work.page_counts = 50;
    EXPECT_EQ(progress_of(work, 0), 98);
}

TEST(Progress, AGrowingPlanDoesNotTakeItBack) {
    WorkDone work = work_in(Stage::generating_work);
    work.words_done = 900;
    const double before = progress_of(work, 0);
    work.words_planned = 2000;
    EXPECT_EQ(progress_of(work, before), before);
}

TEST(Progress, NeverFallsAndNeverIsHundred) {
    std::mt19937 dice(1);
    double before = 0;
    for (int i = 0; i < 10'000; ++i) {
        WorkDone work = work_in(job::kStages[dice() % job::kStages.size()]);
        work.sources_read = dice() % 5;
        work.words_done = dice() % 3000;
        work.words_planned = dice() % 2000;
        work.page_counts = dice() % 10;
        const double now = progress_of(work, before);
        ASSERT_GE(now, before);
        ASSERT_LT(now, 100);
        before = dice() % 50 == 0 ? 0 : now;
    }
}

TEST(CountWords, CountsWordsBetweenSpacesAndHalvesOfWideCharacters) {
    EXPECT_EQ(count_words(""), 0);
    EXPECT_EQ(count_words(" one  two\nthree "), 3);
    EXPECT_EQ(count_words("слово и дело"), 3);
    EXPECT_EQ(count_words("漢字漢字"), 2);
    EXPECT_EQ(count_words("the 漢字"), 2);
}

}  // namespace
}  // namespace longhand::engine
