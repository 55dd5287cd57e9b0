#include "engine/patience.h"

#include <gtest/gtest.h>

namespace longhand::engine {
namespace {

job::Event event(const char* kind, int minute) {
    job::Event event;
    event.kind = kind;
    event.at = WallTime{std::chrono::minutes(minute)};
    return event;
}

TEST(Patience, PausesDoubleUpToTheLongestWithHalfOfThemJitter) {
    const Milliseconds first{100}, longest{1000};
    EXPECT_EQ(pause_before(1, first, longest, 0), Milliseconds{50});
    EXPECT_EQ(pause_before(1, first, longest, 50), Milliseconds{100});
    EXPECT_EQ(pause_before(3, first, longest, 200), Milliseconds{400});
    EXPECT_EQ(pause_before(60, first, longest, 500), Milliseconds{1000});
}

TEST(ProviderWait, IsCountedFromItsFirstWait) {
    const auto wait = provider_wait({event("step", 1), event("waiting_for_provider", 2), event("claimed", 3),
                                     event("waiting_for_provider", 4), event("claimed", 5)});
    ASSERT_TRUE(wait);
    EXPECT_EQ(wait->since, WallTime{std::chrono::minutes(2)});
    EXPECT_EQ(wait->times, 2U);
}

TEST(ProviderWait, EndsWithAStepOrARetry) {
    EXPECT_FALSE(provider_wait({}));
    EXPECT_FALSE(provider_wait({event("waiting_for_provider", 1), event("step", 2)}));
    EXPECT_FALSE(provider_wait({event("waiting_for_provider", 1), event("retried", 2), event("claimed", 3)}));
}

}  // namespace
}  // namespace longhand::engine
