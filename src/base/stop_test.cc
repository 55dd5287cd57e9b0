#include "base/stop.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace longhand {
namespace {

TEST(Stop, ADefaultTokenNeverStops) {
    const StopToken token;
    EXPECT_FALSE(token.stopped());
    EXPECT_EQ(token.reason(), StopReason::none);
    bool called = false;
    StopCallback callback(token, [&] { called = true; });
    EXPECT_FALSE(called);
}

TEST(Stop, TheFirstReasonStays) {
    StopSource source;
    const StopToken token = source.token();
    EXPECT_TRUE(source.stop(StopReason::cancelled));
    EXPECT_FALSE(source.stop(StopReason::shutdown));
    EXPECT_TRUE(token.stopped());
    EXPECT_EQ(token.reason(), StopReason::cancelled);
}

TEST(Stop, ACallbackRunsWhenTheSourceStops) {
    StopSource source;
    int calls = 0;
    StopCallback callback(source.token(), [&] { ++calls; });
    EXPECT_EQ(calls, 0);
    source.stop(StopReason::deadline);
    source.stop(StopReason::deadline);
    EXPECT_EQ(calls, 1);
}

TEST(Stop, ACallbackOfAStoppedTokenRunsAtOnce) {
    StopSource source;
    source.stop(StopReason::deadline);
    bool called = false;
    StopCallback callback(source.token(), [&] { called = true; });
    EXPECT_TRUE(called);
}

TEST(Stop, ADestroyedCallbackIsNotCalled) {
    StopSource source;
    bool called = false;
    {
        StopCallback callback(source.token(), [&] { called = true; });
    }
    source.stop(StopReason::deadline);
    EXPECT_FALSE(called);
}

TEST(Stop, CopiesAreOneSignal) {
    StopSource source;
    StopSource copy = source;
    EXPECT_TRUE(copy.same_as(source));
    EXPECT_FALSE(copy.same_as(StopSource()));
    copy.stop(StopReason::paused);
    EXPECT_TRUE(source.stopped());
}

TEST(Stop, WhoeverCallsStopFindsItStoppedAfterwards) {
    for (int round = 0; round < 200; ++round) {
        StopSource source;
        const StopToken token = source.token();
        std::atomic<int> seen = 0;
        std::vector<std::jthread> threads;
        for (int i = 0; i < 2; ++i) {
            threads.emplace_back([&, copy = source]() mutable {
                copy.stop(StopReason::cancelled);
                if (token.stopped() && token.reason() == StopReason::cancelled) ++seen;
            });
        }
        threads.clear();
        ASSERT_EQ(seen, 2);
    }
}

}  // namespace
}  // namespace longhand
