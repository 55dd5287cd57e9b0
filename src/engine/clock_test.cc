// The wall clock is set while jobs run: leases, waits and order do not hang on it.
#include <gtest/gtest.h>

#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

using namespace std::chrono_literals;
using job::State;

class ClockTest : public testing::TestWithParam<Milliseconds> {
protected:
    World world{11};
};

TEST_P(ClockTest, AJobThatRunsGoesOnUnderItsLease) {
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_called("plan"));
    world.runtime.set_wall_clock(GetParam());
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    const job::Job row = world.job(job);
    EXPECT_LE(row.lease, 2) << "claimed once, and ended";
    EXPECT_LE(row.created_at, row.updated_at);
    world.stop();
}

TEST_P(ClockTest, AJobThatWaitsForItsProviderIsTriedAgainSoon) {
    bool is_down = true;
    world.model.fault = [&](const llm::ChatRequest&) {
        return is_down ? FakeModel::Fault(Failure<llm::LlmErrc>{llm::LlmErrc::unavailable, "No answer."})
                       : std::nullopt;
    };
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.runtime.run_until([&] { return world.job(job).not_before.has_value(); }, 10min));
    is_down = false;
    world.runtime.set_wall_clock(GetParam());
    EXPECT_TRUE(world.runtime.run_until([&] { return world.state(job) == State::completed; }, 15min));
    world.stop();
}

INSTANTIATE_TEST_SUITE_P(Jumps, ClockTest, testing::Values(Milliseconds(1h), Milliseconds(-1h)),
                         [](const auto& jump) { return jump.param > 0ms ? "on" : "back"; });

}  // namespace
}  // namespace longhand::engine
