#include "base/task_scope.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "base/sim_runtime.h"

namespace longhand {
namespace {

using namespace std::chrono_literals;

awaitable<void> wait_for_stop(Runtime& runtime, StopToken stop, int& ended) {
    co_await runtime.sleep_for(100h, std::move(stop));
    ++ended;
}

awaitable<void> throw_later(Runtime& runtime) {
    co_await runtime.sleep_for(1s, StopToken{});
    throw std::runtime_error("a bug");
}

TEST(TaskScope, JoinWaitsForEveryTask) {
    SimRuntime runtime;
    TaskScope scope(runtime);
    int ended = 0;
    for (int i = 0; i < 3; ++i) scope.spawn(wait_for_stop(runtime, scope.token(), ended));
    runtime.run_for(1s);
    EXPECT_EQ(scope.size(), 3U);
    scope.stop(StopReason::shutdown);
    runtime.block_on(scope.join());
    EXPECT_EQ(ended, 3);
    EXPECT_EQ(scope.size(), 0U);
}

TEST(TaskScope, JoinOfAnEmptyScopeReturnsAtOnce) {
    SimRuntime runtime;
    TaskScope scope(runtime);
    const auto start = runtime.steady_now();
    runtime.block_on(scope.join());
    EXPECT_EQ(runtime.steady_now(), start);
}

TEST(TaskScope, TellsOfAnExceptionThatLeavesATask) {
    SimRuntime runtime;
    TaskScope scope(runtime);
    int told = 0;
    scope.on_bug([&](std::exception_ptr) { ++told; });
    scope.spawn(throw_later(runtime));
    runtime.block_on(scope.join());
    EXPECT_EQ(told, 1);
}

TEST(TaskScope, TasksDroppedByACrashAreNoLongerInIt) {
    SimRuntime runtime;
    int ended = 0;
    {
        TaskScope scope(runtime);
        scope.spawn(wait_for_stop(runtime, scope.token(), ended));
        runtime.run_for(1s);
        scope.spawn(wait_for_stop(runtime, scope.token(), ended));  // has not begun
        EXPECT_EQ(scope.size(), 2U);
        runtime.crash();
        EXPECT_EQ(scope.size(), 0U);
    }
    EXPECT_EQ(ended, 0);
}

TEST(TaskScopeDeathTest, DestroyingOneWithTasksEndsTheProgram) {
    EXPECT_DEATH(
        {
            SimRuntime runtime;
            int ended = 0;
            TaskScope scope(runtime);
            scope.spawn(wait_for_stop(runtime, scope.token(), ended));
            runtime.run_for(1s);
        },
        "");
}

}  // namespace
}  // namespace longhand
