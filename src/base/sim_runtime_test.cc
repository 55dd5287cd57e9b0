#include "base/sim_runtime.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace longhand {
namespace {

using namespace std::chrono_literals;

awaitable<void> note_after(SimRuntime& runtime, std::chrono::nanoseconds delay, std::string name,
                           std::vector<std::string>& log) {
    co_await runtime.sleep_for(delay, StopToken{});
    log.push_back(name);
}

awaitable<int> answer(SimRuntime& runtime) {
    co_await runtime.sleep_for(24h, StopToken{});
    co_return 42;
}

awaitable<int> fail(SimRuntime& runtime) {
    co_await runtime.sleep_for(1s, StopToken{});
    throw std::runtime_error("broken");
}

awaitable<void> sleep_and_keep(SimRuntime& runtime, std::shared_ptr<int> held, StopToken stop, WaitResult& result) {
    result = co_await runtime.sleep_for(10s, std::move(stop));
    ++*held;
}

void spawn(SimRuntime& runtime, awaitable<void> task) {
    asio::co_spawn(runtime.executor(), std::move(task), [](std::exception_ptr) {});
}

std::vector<int> order_of_posts(std::uint64_t seed, SimOrder order) {
    SimRuntime runtime(seed, order);
    std::vector<int> seen;
    for (int i = 0; i < 8; ++i) asio::post(runtime.executor(), [&seen, i] { seen.push_back(i); });
    runtime.run_until_idle();
    return seen;
}

TEST(SimRuntime, TimeJumpsToTheNextTimer) {
    SimRuntime runtime;
    std::vector<std::string> log;
    spawn(runtime, note_after(runtime, 3h, "late", log));
    spawn(runtime, note_after(runtime, 1s, "early", log));
    const auto start = runtime.steady_now();
    runtime.run_for(2h);
    EXPECT_EQ(log, std::vector<std::string>{"early"});
    EXPECT_EQ(runtime.steady_now() - start, 2h);
    runtime.run_for(1h);
    EXPECT_EQ(log, (std::vector<std::string>{"early", "late"}));
}

TEST(SimRuntime, BothClocksMoveTogether) {
    SimRuntime runtime;
    const auto wall = runtime.wall_now();
    runtime.run_for(90s);
    EXPECT_EQ(runtime.wall_now() - wall, 90s);
    EXPECT_EQ(format_wall_time(wall), "2025-07-17T10:00:00.000Z");
}

TEST(SimRuntime, RunUntilIdleLeavesTimeAlone) {
    SimRuntime runtime;
    std::vector<std::string> log;
    spawn(runtime, note_after(runtime, 1ns, "later", log));
    const auto start = runtime.steady_now();
    runtime.run_until_idle();
    EXPECT_TRUE(log.empty());
    EXPECT_EQ(runtime.steady_now(), start);
}

TEST(SimRuntime, AdvanceMakesTimersDueWithoutRunningThem) {
    SimRuntime runtime;
    std::vector<std::string> log;
    spawn(runtime, note_after(runtime, 1s, "due", log));
    runtime.run_until_idle();
    runtime.advance(5s);
    EXPECT_TRUE(log.empty());
    runtime.run_until_idle();
    EXPECT_EQ(log, std::vector<std::string>{"due"});
}

TEST(SimRuntime, BlockOnGivesTheResultOrThrows) {
    SimRuntime runtime;
    EXPECT_EQ(runtime.block_on(answer(runtime)), 42);
    EXPECT_THROW(runtime.block_on(fail(runtime)), std::runtime_error);
}

awaitable<void> wait_for(Runtime& runtime, Notifier& notifier) {
    co_await notifier.wait_until(runtime, runtime.steady_now() + std::chrono::hours(24 * 36600), StopToken{});
}

TEST(SimRuntime, BlockOnSaysWhenACoroutineDoesNotEnd) {
    Notifier never;
    SimRuntime runtime;
    EXPECT_THROW(runtime.block_on(wait_for(runtime, never)), std::logic_error);
}

TEST(SimRuntime, OrderIsDrawnFromTheSeed) {
    EXPECT_EQ(order_of_posts(7, SimOrder::seeded), order_of_posts(7, SimOrder::seeded));
    EXPECT_NE(order_of_posts(7, SimOrder::seeded), order_of_posts(8, SimOrder::seeded));
    EXPECT_EQ(order_of_posts(7, SimOrder::fifo), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

std::uint64_t trace_of(std::uint64_t seed) {
    SimRuntime runtime(seed);
    std::vector<std::string> log;
    for (int i = 0; i < 10; ++i) spawn(runtime, note_after(runtime, Milliseconds(runtime.random() % 5), "x", log));
    runtime.run_for(1s);
    return runtime.trace();
}

TEST(SimRuntime, ASeedReplaysExactly) {
    EXPECT_EQ(trace_of(3), trace_of(3));
    EXPECT_NE(trace_of(3), trace_of(4));
}

TEST(SimRuntime, AStopEndsASleepAtOnce) {
    SimRuntime runtime;
    StopSource stop;
    auto held = std::make_shared<int>(0);
    auto result = WaitResult::elapsed;
    spawn(runtime, sleep_and_keep(runtime, held, stop.token(), result));
    runtime.run_for(1s);
    stop.stop(StopReason::cancelled);
    runtime.run_until_idle();
    EXPECT_EQ(result, WaitResult::stopped);
    EXPECT_EQ(*held, 1);
}

TEST(SimRuntime, ACrashDestroysFramesWithoutRunningThem) {
    SimRuntime runtime;
    auto held = std::make_shared<int>(0);
    auto result = WaitResult::notified;
    spawn(runtime, sleep_and_keep(runtime, held, StopToken{}, result));
    runtime.run_for(1s);
    spawn(runtime, sleep_and_keep(runtime, held, StopToken{}, result));  // has not begun
    EXPECT_EQ(held.use_count(), 3);
    runtime.crash();
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_EQ(*held, 0);
    EXPECT_EQ(result, WaitResult::notified);
}

TEST(SimRuntime, GoesOnAfterACrash) {
    SimRuntime runtime;
    runtime.run_for(1h);
    runtime.crash();
    EXPECT_EQ(runtime.block_on(answer(runtime)), 42);
}

awaitable<std::string> shout(Runtime& runtime) {
    std::function<std::string()> work = [] { return std::string("loud"); };
    co_return co_await run_blocking<std::string>(runtime, std::move(work));
}

awaitable<int> break_in_pool(Runtime& runtime) {
    std::function<int()> work = []() -> int { throw std::runtime_error("broken"); };
    co_return co_await run_blocking<int>(runtime, std::move(work));
}

TEST(SimRuntime, BlockingWorkRunsInTheQueue) {
    SimRuntime runtime;
    EXPECT_EQ(runtime.block_on(shout(runtime)), "loud");
    EXPECT_THROW(runtime.block_on(break_in_pool(runtime)), std::runtime_error);
}

TEST(SimRuntimeDeathTest, WorkFromAnotherThreadEndsTheProgram) {
    SimRuntime runtime;
    EXPECT_DEATH(std::thread([&] { asio::post(runtime.executor(), [] {}); }).join(), "another thread");
}

TEST(SimRuntime, IdsSortByTheirMakingThoughTheClockIsSetBack) {
    SimRuntime runtime;
    Uuid last = runtime.new_id();
    runtime.set_wall_clock(-std::chrono::hours(1));
    for (int i = 0; i < 100; ++i) {
        const Uuid next = runtime.new_id();
        EXPECT_LT(last, next);
        last = next;
    }
}

}  // namespace
}  // namespace longhand
