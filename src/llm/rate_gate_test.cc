#include "llm/rate_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <vector>

#include "base/sim_runtime.h"
#include "llm/retry.h"

namespace longhand::llm {
namespace {

using std::chrono::seconds;

Fault too_many(Milliseconds wait) {
    Fault fault{{LlmErrc::unavailable, "too many."}};
    fault.transient = true;
    fault.rate_limited = true;
    fault.wait = wait;
    return fault;
}

/// Takes so many calls in a minute and tells the others when to come again.
struct LimitedProvider {
    enum class Minute { fixed, sliding };

    SimRuntime runtime{11};
    RateGate gate{runtime};
    RetryPolicy policy{5, Milliseconds(500), Milliseconds(30'000), Milliseconds(60'000), std::chrono::hours(5)};
    std::size_t limit = 7;
    Minute minute = Minute::fixed;

    std::vector<SteadyTime> taken;
    std::vector<SteadyTime> refused;
    SteadyTime told;  // when the last refused call is to be sent again
    unsigned too_early = 0;
    std::size_t answered = 0;
    std::vector<LlmErrc> failed;

    SteadyTime window_begin(SteadyTime now) const {
        if (minute == Minute::sliding) return now - seconds(60) + std::chrono::nanoseconds(1);
        return SteadyTime(std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()));
    }
    std::vector<SteadyTime> taken_since(SteadyTime begin) const {
        std::vector<SteadyTime> found;
        for (const SteadyTime at : taken) {
            if (at >= begin) found.push_back(at);
        }
        return found;
    }
    awaitable<Attempt<int>> attempt() {
        const SteadyTime now = runtime.steady_now();
        if (now < told) ++too_early;
        const auto used = taken_since(window_begin(now));
        const bool takes = used.size() < limit;
        (takes ? taken : refused).push_back(now);
        co_await runtime.sleep_for(Milliseconds(300), {});
        if (takes) co_return 42;
        const SteadyTime free = (minute == Minute::sliding ? used.front() : window_begin(now)) + seconds(60);
        const auto wait = std::chrono::ceil<seconds>(free - runtime.steady_now());
        told = std::max(told, runtime.steady_now() + wait);
        co_return too_many(wait);
    }
    static awaitable<void> call(LimitedProvider* self) {
        std::function<awaitable<Attempt<int>>()> once = [self] { return self->attempt(); };
        std::function<void(std::string_view)> no_watcher;
        StopToken never;
        auto result = co_await with_retries<int>(self->runtime, self->gate, self->policy, std::move(once),
                                                 std::move(no_watcher), never);
        if (result)
            ++self->answered;
        else
            self->failed.push_back(result.error().code);
    }
    void ask(std::size_t calls) {
        for (std::size_t i = 0; i < calls; ++i) asio::co_spawn(runtime.executor(), call(this), asio::detached);
    }
    std::size_t refused_after(SteadyTime begin) const {
        return static_cast<std::size_t>(
            std::count_if(refused.begin(), refused.end(), [&](SteadyTime at) { return at >= begin; }));
    }
};

TEST(RateGate, LetsNoCallFailAndNoneLeaveTooEarlyUnderALimitAMinute) {
    for (const auto minute : {LimitedProvider::Minute::fixed, LimitedProvider::Minute::sliding}) {
        for (const auto start : {0, 20, 57}) {
            LimitedProvider provider;
            provider.minute = minute;
            provider.runtime.advance(
                std::chrono::ceil<std::chrono::minutes>(provider.runtime.steady_now().time_since_epoch()) -
                provider.runtime.steady_now().time_since_epoch() + seconds(start));
            const SteadyTime begin = provider.runtime.steady_now();
            provider.ask(35);
            // Five minutes' worth; the shifted spans may cost one more, and the first one was cut short.
            provider.runtime.run_for(seconds(60) * 7);
            EXPECT_EQ(provider.answered, 35u) << start;
            EXPECT_TRUE(provider.failed.empty()) << start;
            EXPECT_EQ(provider.too_early, 0u) << start;
            // The first burst is what teaches it; a burst at a minute's end, the one after that.
            EXPECT_EQ(provider.refused_after(begin + seconds(75)), 0u) << start;
        }
    }
}

TEST(RateGate, LetsCallsThatKeepComingThroughAtTheLimit) {
    LimitedProvider provider;
    const SteadyTime begin = provider.runtime.steady_now();
    for (int second = 0; second < 300; second += 5) {
        provider.ask(1);  // 12 a minute, where 7 are allowed
        provider.runtime.run_for(seconds(5));
    }
    provider.runtime.run_for(seconds(60) * 5);
    EXPECT_EQ(provider.answered, 60u);
    EXPECT_TRUE(provider.failed.empty());
    EXPECT_EQ(provider.too_early, 0u);
    EXPECT_LT(provider.refused.size(), 8u);
    EXPECT_LT(provider.taken.back() - begin, seconds(60) * 10);
}

TEST(RateGate, FindsOutThatALimitIsHigherThanItWas) {
    LimitedProvider provider;
    provider.ask(300);  // 43 minutes' worth
    provider.runtime.run_for(seconds(60) * 3);
    provider.limit = 1000;
    provider.runtime.run_for(seconds(60) * 15);
    EXPECT_EQ(provider.answered, 300u);
    EXPECT_TRUE(provider.failed.empty());
}

TEST(RateGate, AsksLessAndLessOftenWhetherALimitStillHolds) {
    LimitedProvider provider;
    provider.ask(7 * 120);
    provider.runtime.run_for(seconds(60) * 60);
    const std::size_t first_hour = provider.refused.size() - (7 * 120 - 7);
    const SteadyTime hour = provider.runtime.steady_now();
    provider.runtime.run_for(seconds(60) * 60);
    EXPECT_LE(provider.refused_after(hour), first_hour);
    EXPECT_LE(first_hour, 20u);
    EXPECT_GT(provider.answered, 7 * 95u);
    EXPECT_TRUE(provider.failed.empty());
    EXPECT_EQ(provider.too_early, 0u);
}

TEST(RateGate, RecoversSoonFromABriefRefusal) {
    LimitedProvider provider;
    provider.limit = 1000;
    provider.ask(4);
    provider.runtime.run_for(Milliseconds(500));
    provider.gate.refused(provider.runtime.steady_now(), seconds(1));
    provider.ask(60);
    provider.runtime.run_for(Milliseconds(2500));
    EXPECT_LT(provider.answered, 20u);
    provider.runtime.run_for(seconds(20));
    EXPECT_EQ(provider.answered, 64u);
}

awaitable<Attempt<int>> slow_failure(Runtime* runtime) {
    co_await runtime->sleep_for(Milliseconds(200'000), StopToken{});
    Fault fault{{LlmErrc::unavailable, "It failed."}};
    fault.transient = true;
    co_return fault;
}

TEST(RateGate, SlowAttemptsAreNotHeldAgainstACall) {
    SimRuntime runtime{3};
    RateGate gate{runtime};
    std::function<awaitable<Attempt<int>>()> attempt = [&runtime] { return slow_failure(&runtime); };
    const auto result = runtime.block_on(with_retries<int>(runtime, gate, RetryPolicy{}, attempt, {}, StopToken{}));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "It failed. Given up after 5 attempts.");
}

TEST(RateGate, GivesItsPlaceUpWhenStopped) {
    LimitedProvider provider;
    provider.ask(8);  // one of them waits for a minute
    provider.runtime.run_for(seconds(5));
    StopSource stop;
    bool left = false;
    asio::co_spawn(
        provider.runtime.executor(),
        [](LimitedProvider* world, StopToken token, bool* done) -> awaitable<void> {
            const auto slot = co_await world->gate.pass(token);
            *done = !slot;
        }(&provider, stop.token(), &left),
        asio::detached);
    provider.ask(5);  // they wait behind it
    provider.runtime.run_for(seconds(5));
    const Milliseconds before = provider.gate.expected_wait();
    stop.stop(StopReason::cancelled);
    provider.runtime.run_for(Milliseconds(1));
    EXPECT_TRUE(left);
    EXPECT_LT(provider.gate.expected_wait(), before - seconds(30));
}

}  // namespace
}  // namespace longhand::llm
