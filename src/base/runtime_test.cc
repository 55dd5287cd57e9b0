#include "base/runtime.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "base/sim_runtime.h"

namespace longhand {
namespace {

using namespace std::chrono_literals;

awaitable<void> wait_on(Notifier& notifier, Runtime& runtime, StopToken stop, WaitResult& result) {
    result = co_await notifier.wait_until(runtime, runtime.steady_now() + 10s, std::move(stop));
}

WaitResult wait_now(SimRuntime& runtime, Notifier& notifier, StopToken stop) {
    auto result = WaitResult::elapsed;
    runtime.block_on(wait_on(notifier, runtime, std::move(stop), result));
    return result;
}

TEST(Notifier, KeepsANotificationForTheNextWait) {
    SimRuntime runtime;
    Notifier notifier;
    notifier.notify();
    notifier.notify();
    EXPECT_EQ(wait_now(runtime, notifier, StopToken{}), WaitResult::notified);
    EXPECT_EQ(wait_now(runtime, notifier, StopToken{}), WaitResult::elapsed);
}

TEST(Notifier, WakesAllWhoWait) {
    SimRuntime runtime;
    Notifier notifier;
    WaitResult results[2] = {WaitResult::elapsed, WaitResult::elapsed};
    for (auto& result : results) {
        asio::co_spawn(runtime.executor(), wait_on(notifier, runtime, StopToken{}, result), [](std::exception_ptr) {});
    }
    runtime.run_for(1s);
    notifier.notify();
    runtime.run_until_idle();
    EXPECT_EQ(results[0], WaitResult::notified);
    EXPECT_EQ(results[1], WaitResult::notified);
}

TEST(Notifier, AStopEndsTheWait) {
    SimRuntime runtime;
    Notifier notifier;
    StopSource stop;
    auto result = WaitResult::elapsed;
    asio::co_spawn(runtime.executor(), wait_on(notifier, runtime, stop.token(), result), [](std::exception_ptr) {});
    runtime.run_for(1s);
    stop.stop(StopReason::shutdown);
    runtime.run_until_idle();
    EXPECT_EQ(result, WaitResult::stopped);
    EXPECT_EQ(wait_now(runtime, notifier, stop.token()), WaitResult::stopped);
}

TEST(Notifier, AWaiterThatWasDroppedTakesNoNotification) {
    SimRuntime runtime;
    Notifier notifier;
    auto result = WaitResult::elapsed;
    asio::co_spawn(runtime.executor(), wait_on(notifier, runtime, StopToken{}, result), [](std::exception_ptr) {});
    runtime.run_for(1s);
    runtime.crash();
    notifier.notify();
    EXPECT_EQ(wait_now(runtime, notifier, StopToken{}), WaitResult::notified);
}

// The real runtime: a loop that another thread stops, and a pool.

template <class T>
T run_on_asio(std::function<awaitable<T>(AsioRuntime&)> make) {
    asio::io_context loop;
    AsioRuntime runtime(loop, 2);
    auto future = asio::co_spawn(loop, make(runtime), asio::use_future);
    loop.run();
    return future.get();
}

awaitable<WaitResult> sleep_long(AsioRuntime& runtime, StopToken stop) {
    const WaitResult result = co_await runtime.sleep_for(1h, std::move(stop));
    co_return result;
}

awaitable<WaitResult> sleep_short(AsioRuntime& runtime) {
    const WaitResult result = co_await runtime.sleep_for(1ms, StopToken{});
    co_return result;
}

TEST(AsioRuntime, AStopFromAnotherThreadEndsASleep) {
    StopSource stop;
    std::jthread stopper;
    const auto result = run_on_asio<WaitResult>([&](AsioRuntime& runtime) {
        stopper = std::jthread([&] { stop.stop(StopReason::cancelled); });
        return sleep_long(runtime, stop.token());
    });
    EXPECT_EQ(result, WaitResult::stopped);
}

TEST(AsioRuntime, ASleepElapses) {
    EXPECT_EQ(run_on_asio<WaitResult>([](AsioRuntime& runtime) { return sleep_short(runtime); }), WaitResult::elapsed);
}

awaitable<bool> runs_elsewhere_and_comes_back(AsioRuntime& runtime) {
    const auto here = std::this_thread::get_id();
    std::function<std::thread::id()> work = [] { return std::this_thread::get_id(); };
    const auto there = co_await run_blocking<std::thread::id>(runtime, std::move(work));
    co_return there != here&& std::this_thread::get_id() == here;
}

TEST(AsioRuntime, BlockingWorkRunsInThePoolAndTheCallerResumesAtHome) {
    EXPECT_TRUE(run_on_asio<bool>([](AsioRuntime& runtime) { return runs_elsewhere_and_comes_back(runtime); }));
}

TEST(AsioRuntime, IdsAreDifferentAndOfVersionSeven) {
    asio::io_context loop;
    AsioRuntime runtime(loop, 1);
    const Uuid a = runtime.new_id(), b = runtime.new_id();
    EXPECT_NE(a, b);
    EXPECT_EQ(a.to_string()[14], '7');
}

}  // namespace
}  // namespace longhand
