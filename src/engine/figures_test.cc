#include "engine/figures.h"

#include <gtest/gtest.h>

#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

using job::State;
using llm::LlmErrc;

std::int64_t failures_of(const EngineStats& stats, std::string_view kind) {
    for (const auto& [word, count] : stats.calls.failures) {
        if (word == kind) return count;
    }
    return -1;
}

TEST(EngineFigures, ALeaseIsAsOldAsItsLastExtension) {
    World world{1};
    world.model.longest_pause = Milliseconds{600'000};
    world.options.beat = Milliseconds{2'000};
    const Uuid job = world.enqueue_one();
    world.start();
    EXPECT_EQ(world.engine->stats().leases.oldest, std::nullopt);
    ASSERT_TRUE(world.run_until_state(job, State::in_progress));
    world.runtime.run_for(20s);
    EngineStats stats = world.engine->stats();
    ASSERT_TRUE(stats.leases.oldest);
    EXPECT_LT(*stats.leases.oldest, Milliseconds{3'000});
    EXPECT_GE(stats.leases.seconds.count(), 5U);
    EXPECT_NEAR(stats.leases.seconds.sum() / static_cast<double>(stats.leases.seconds.count()), 2, 0.5);
    world.queue->set_faults({.unavailable = 1});
    world.runtime.run_for(8s);
    EXPECT_GT(world.engine->stats().leases.oldest, Milliseconds{7'000});
    world.queue->set_faults({});
    world.stop();
}

TEST(EngineFigures, NoLeaseIsHeldWhenNothingRuns) {
    World world{1};
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    world.runtime.run_for(1s);
    EXPECT_EQ(world.engine->stats().leases.oldest, std::nullopt);
    world.stop();
}

TEST(EngineFigures, CallsAreTimedAndTheirFailuresAreToldApart) {
    World world{1};
    int failing = 3;
    world.model.fault = [&](const llm::ChatRequest&) -> FakeModel::Fault {
        if (failing == 0) return std::nullopt;
        return Failure<LlmErrc>{--failing == 0 ? LlmErrc::malformed : LlmErrc::unavailable, "away"};
    };
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    const EngineStats stats = world.engine->stats();
    EXPECT_EQ(failures_of(stats, "unavailable"), 2);
    EXPECT_EQ(failures_of(stats, "malformed"), 1);
    EXPECT_EQ(failures_of(stats, "no_credit"), 0);
    EXPECT_EQ(failures_of(stats, "stopped"), -1);
    // What failures are compared with: attempts too.
    EXPECT_EQ(stats.model_calls, SmallWork::kSections + 1 + 3);
    EXPECT_EQ(stats.calls.answer_seconds.count(), SmallWork::kSections + 1U);
    EXPECT_EQ(stats.calls.first_byte_seconds.count(), SmallWork::kSections + 1U);
    EXPECT_GE(stats.calls.answer_seconds.sum(), stats.calls.first_byte_seconds.sum());
    EXPECT_EQ(stats.provider, "fake");
    world.stop();
}

}  // namespace
}  // namespace longhand::engine
