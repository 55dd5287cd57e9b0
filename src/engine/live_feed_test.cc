#include "engine/live_feed.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/sim_runtime.h"

namespace longhand::engine {
namespace {

using namespace std::chrono_literals;

const Uuid kJob{{1}};

class LiveFeedTest : public testing::Test {
protected:
    LiveFeed feed;
    std::unique_ptr<LiveFeed::Watcher> watcher = feed.watch(kJob);
    LiveText take_one() {
        const auto news = watcher->take();
        EXPECT_EQ(news.texts.size(), 1U);
        return news.texts.empty() ? LiveText{} : news.texts.front();
    }
};

TEST_F(LiveFeedTest, AWatcherGetsTheTextSoFarThenDeltas) {
    feed.text(kJob, "a", 1, "one ");
    feed.text(kJob, "a", 1, "two ");
    EXPECT_EQ(take_one().text, "one two ");
    feed.text(kJob, "a", 1, "three");
    const LiveText delta = take_one();
    EXPECT_EQ(delta.text, "three");
    EXPECT_EQ(delta.offset, 8U);
    EXPECT_TRUE(watcher->take().texts.empty());
}

TEST_F(LiveFeedTest, ALateWatcherSkipsWhatItHasSeen) {
    feed.text(kJob, "a", 7, "one two ");
    watcher->seen({"a", 7, 4});
    EXPECT_EQ(take_one().text, "two ");
}

TEST_F(LiveFeedTest, AVoidedAttemptIsTold) {
    feed.text(kJob, "a", 1, "wrong");
    watcher->take();
    feed.restart(kJob, "a", 2);
    feed.text(kJob, "a", 2, "right");
    const LiveText text = take_one();
    EXPECT_TRUE(text.restarted);
    EXPECT_EQ(text.attempt, 2U);
    EXPECT_EQ(text.offset, 0U);
    EXPECT_EQ(text.text, "right");
}

TEST_F(LiveFeedTest, CharactersAreNotCut) {
    feed.text(kJob, "a", 1, "a\xE6\xBC");
    EXPECT_EQ(take_one().text, "a");
    feed.text(kJob, "a", 1, "\xA2!");
    EXPECT_EQ(take_one().text, "\xE6\xBC\xA2!");
}

TEST_F(LiveFeedTest, AFinishedTextIsStillTakenToItsEnd) {
    feed.text(kJob, "a", 1, "whole");
    feed.finished(kJob, "a");
    EXPECT_EQ(take_one().text, "whole");
}

TEST_F(LiveFeedTest, AWatcherThatTookNothingIsToldWhatItMissed) {
    feed.text(kJob, "early", 1, "taken and not");
    watcher->take();
    feed.text(kJob, "early", 1, " taken");
    feed.finished(kJob, "early");
    for (int i = 0; i < 20; ++i) {
        const std::string key = "late/" + std::to_string(i);
        feed.text(kJob, key, 1, "text");
        feed.finished(kJob, key);
    }
    const auto news = watcher->take();
    ASSERT_EQ(news.texts.size() + news.missed.size(), 21U) << "each text is taken or missed";
    ASSERT_FALSE(news.missed.empty());
    const MissedText& first = news.missed.front();
    EXPECT_EQ(first.key, "early");
    EXPECT_EQ(first.from, 13U);
    EXPECT_EQ(first.to, 19U);
    EXPECT_TRUE(watcher->take().missed.empty());
}

TEST_F(LiveFeedTest, OfATextThatIsTakenWholeNothingIsMissed) {
    for (int i = 0; i < 40; ++i) {
        const std::string key = "a/" + std::to_string(i);
        feed.text(kJob, key, 1, "text");
        feed.finished(kJob, key);
        const auto news = watcher->take();
        EXPECT_EQ(news.texts.size(), 1U);
        EXPECT_TRUE(news.missed.empty());
    }
    feed.forget(kJob);
    EXPECT_TRUE(watcher->take().missed.empty());
}

TEST_F(LiveFeedTest, ANewWatcherGetsNothingOfFinishedStepsUnlessItHadBegunWithThem) {
    feed.text(kJob, "a", 1, "one two");
    feed.text(kJob, "b", 1, "three");
    feed.finished(kJob, "a");
    const auto fresh = feed.watch(kJob);
    auto news = fresh->take();
    ASSERT_EQ(news.texts.size(), 1U);
    EXPECT_EQ(news.texts.front().key, "b");
    const auto back = feed.watch(kJob);
    back->seen({"a", 1, 4});
    news = back->take();
    ASSERT_EQ(news.texts.size(), 2U);
    EXPECT_EQ(news.texts.front().text, "two");
}

TEST_F(LiveFeedTest, AWatcherThatWasAwayWhileAStepEndedMissedTheRestOfIt) {
    watcher->seen({"a", 1, 4});
    watcher->seen({"b", 1, 4});
    watcher->step_recorded("a");
    const auto news = watcher->take();
    ASSERT_EQ(news.missed.size(), 1U);
    EXPECT_EQ(news.missed.front().key, "a");
    EXPECT_EQ(news.missed.front().from, 4U);
    EXPECT_FALSE(news.missed.front().to);
}

TEST_F(LiveFeedTest, AnUnfinishedTextOfAnEarlierRunIsVoidedWhenItBeginsAfresh) {
    feed.text(kJob, "a", 1001, "half of");
    watcher->take();
    feed.forget(kJob);
    const auto between = watcher->take();
    EXPECT_TRUE(between.missed.empty());
    EXPECT_EQ(between.places.size(), 1U) << "who comes back with it is told, too";
    feed.text(kJob, "a", 2001, "the whole");
    EXPECT_TRUE(take_one().restarted);
    const auto later = feed.watch(kJob);
    later->seen({"a", 1001, 7});
    const auto news = later->take();
    ASSERT_EQ(news.texts.size(), 1U);
    EXPECT_TRUE(news.texts.front().restarted);
    EXPECT_EQ(news.texts.front().text, "the whole");
}

TEST_F(LiveFeedTest, PlacesAreThoseOfTextsThatGoOnBeforeWhatIsTaken) {
    feed.text(kJob, "a", 1, "one ");
    watcher->take();
    feed.text(kJob, "a", 1, "two");
    feed.text(kJob, "b", 1, "three");
    auto news = watcher->take();
    ASSERT_EQ(news.places.size(), 2U);
    EXPECT_EQ(news.places[0].offset, 4U);
    EXPECT_EQ(news.places[1].offset, 0U);
    watcher->step_recorded("a");
    news = watcher->take();
    ASSERT_EQ(news.places.size(), 1U) << "a finished step needs no place";
    EXPECT_EQ(news.places[0].key, "b");
}

TEST_F(LiveFeedTest, ReportsAndCommitsAreTold) {
    EXPECT_FALSE(watcher->take().events);
    job::Report report;
    report.progress = 12;
    feed.report(kJob, report);
    feed.committed(kJob, LiveFeed::Commit::event);
    auto news = watcher->take();
    ASSERT_TRUE(news.report);
    EXPECT_EQ(news.report->progress, 12);
    EXPECT_TRUE(news.events);
    news = watcher->take();
    EXPECT_FALSE(news.report);
    EXPECT_FALSE(news.events);
}

TEST_F(LiveFeedTest, AWatcherOutlivesTheRunOfItsJob) {
    feed.text(kJob, "a", 1, "one");
    watcher->take();
    feed.forget(kJob);
    feed.text(kJob, "b", 2, "next run");
    EXPECT_EQ(take_one().key, "b");
}

TEST_F(LiveFeedTest, WaitResumesWhenThereIsNews) {
    SimRuntime runtime;
    EXPECT_EQ(runtime.block_on(watcher->wait(runtime, runtime.steady_now() + 1s, StopToken{})), WaitResult::elapsed);
    feed.text(kJob, "a", 1, "x");
    EXPECT_EQ(runtime.block_on(watcher->wait(runtime, runtime.steady_now() + 1s, StopToken{})), WaitResult::notified);
}

TEST_F(LiveFeedTest, AWatcherOfTheRowIsWokenByEachCommitAndByNothingElse) {
    SimRuntime runtime;
    const auto row = feed.watch_row(kJob);
    const auto waited = [&] { return runtime.block_on(row->wait(runtime, runtime.steady_now() + 1s, StopToken{})); };
    feed.text(kJob, "a", 1, "x");
    feed.report(kJob, job::Report{});
    feed.committed(Uuid{{2}}, LiveFeed::Commit::event);
    EXPECT_EQ(waited(), WaitResult::elapsed);
    feed.committed(kJob, LiveFeed::Commit::row);
    EXPECT_EQ(waited(), WaitResult::notified);
    EXPECT_FALSE(watcher->take().events);
    feed.committed(kJob, LiveFeed::Commit::event);
    EXPECT_EQ(waited(), WaitResult::notified);
    EXPECT_TRUE(watcher->take().events);
}

TEST_F(LiveFeedTest, ManyThreadsWriteAndWatch) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([this, i] {
            for (int n = 0; n < 200; ++n) feed.text(kJob, "key" + std::to_string(i), 1, "x");
        });
        threads.emplace_back([this] {
            for (int n = 0; n < 50; ++n) {
                const auto own = feed.watch(kJob);
                own->take();
            }
        });
    }
    threads.clear();
    std::size_t bytes = 0;
    for (const auto& text : watcher->take().texts) bytes += text.text.size();
    EXPECT_EQ(bytes, 400U);
}

}  // namespace
}  // namespace longhand::engine
