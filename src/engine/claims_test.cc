// What is queued is claimed within the commit that queues it, while a slot is free.
#include <gtest/gtest.h>

#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

using job::State;

class ClaimsTest : public testing::Test {
protected:
    static store::Committed in(State state) {
        store::Committed change;
        change.job.state = state;
        return change;
    }

    World world{12};
};

TEST_F(ClaimsTest, AWriteThatQueuesAJobIsFollowedByAClaimWhileASlotIsFree) {
    world.options.workers = 1;
    world.options.poll = Milliseconds{3'600'000};
    world.start();
    world.runtime.run_until_idle();
    EXPECT_FALSE(world.engine->on_written(in(State::submitted)));
    EXPECT_FALSE(world.engine->on_written(in(State::cancelled)));
    EXPECT_TRUE(world.engine->on_written(in(State::queued)));
    const Uuid job = world.enqueue_one();
    ASSERT_TRUE(world.run_until_called("plan"));
    EXPECT_FALSE(world.engine->on_written(in(State::queued))) << "the one slot is taken";
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    world.runtime.run_for(Milliseconds{300});  // until the slot is cleared
    EXPECT_TRUE(world.engine->on_written(in(State::queued)));
    world.stop();
}

}  // namespace
}  // namespace longhand::engine
