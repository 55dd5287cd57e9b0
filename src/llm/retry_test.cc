#include "llm/retry.h"

#include <gtest/gtest.h>

#include "base/sim_runtime.h"

namespace longhand::llm {
namespace {

using std::chrono::seconds;

Fault busy(std::optional<Milliseconds> wait = {}) {
    Fault fault{{LlmErrc::unavailable, "busy."}};
    fault.transient = true;
    fault.rate_limited = wait.has_value();
    fault.wait = wait;
    return fault;
}

/// Attempts that fail with these faults in turn, then succeed; notes when each began.
struct Script {
    SimRuntime runtime{7};
    RateGate gate{runtime};
    RetryPolicy policy;
    StopSource stop;
    std::vector<Fault> faults;
    std::vector<SteadyTime> begun;
    std::vector<std::string> restarts;

    awaitable<Attempt<int>> attempt() {
        begun.push_back(runtime.steady_now());
        if (begun.size() <= faults.size()) co_return faults[begun.size() - 1];
        co_return 42;
    }
    LlmResult<int> run() {
        return runtime.block_on(with_retries<int>(
            runtime, gate, policy, [this] { return attempt(); },
            [this](std::string_view reason) { restarts.emplace_back(reason); }, stop.token()));
    }
};

TEST(Backoff, IsEvenlySpreadBelowADoublingBoundWithACap) {
    RetryPolicy policy;
    policy.backoff_base = Milliseconds(100);
    policy.backoff_cap = Milliseconds(1000);
    EXPECT_EQ(backoff_delay(policy, 1, 0), Milliseconds(0));
    EXPECT_EQ(backoff_delay(policy, 1, ~0ull), Milliseconds(99));
    EXPECT_EQ(backoff_delay(policy, 3, 1ull << 63), Milliseconds(200));
    EXPECT_EQ(backoff_delay(policy, 5, ~0ull), Milliseconds(999));
    EXPECT_EQ(backoff_delay(policy, 4'000'000'000u, ~0ull), Milliseconds(999));
}

TEST(RetryAfter, TakesSecondsAndHttpDates) {
    const WallTime now = *parse_wall_time("2025-07-17T10:00:00.000Z");
    EXPECT_EQ(parse_retry_after("3", now), Milliseconds(3000));
    EXPECT_EQ(parse_retry_after(" 1.5 ", now), Milliseconds(1500));
    EXPECT_EQ(parse_retry_after("Thu, 17 Jul 2025 10:00:07 GMT", now), Milliseconds(7000));
    EXPECT_EQ(parse_retry_after("Thursday, 17-Jul-25 10:00:07 GMT", now), Milliseconds(7000));
    EXPECT_EQ(parse_retry_after("Thu, 17 Jul 2025 09:00:00 GMT", now), Milliseconds(0));
    EXPECT_EQ(parse_retry_after("-5", now), Milliseconds(0));
}

TEST(RetryAfter, RefusesWhatIsNeither) {
    for (const char* value : {"", "soon", "3s", "NaN", "Thu, 99 Foo 2025 10:00:07 GMT"})
        EXPECT_EQ(parse_retry_after(value, WallTime{}), std::nullopt) << value;
    EXPECT_LE(*parse_retry_after("1" + std::string(300, '0'), WallTime{}), std::chrono::hours(24 * 30));
}

TEST(Retries, GoOnUntilAnAttemptSucceeds) {
    Script script;
    script.faults = {busy(), busy()};
    EXPECT_EQ(*script.run(), 42);
    EXPECT_EQ(script.begun.size(), 3u);
    EXPECT_EQ(script.restarts, (std::vector<std::string>{"busy.", "busy."}));
}

TEST(Retries, EndAfterTheAttemptsOfOneCall) {
    Script script;
    script.policy.attempts = 3;
    script.faults.assign(10, busy());
    const auto result = script.run();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, LlmErrc::unavailable);
    EXPECT_EQ(result.error().message, "busy. Given up after 3 attempts.");
    EXPECT_EQ(script.begun.size(), 3u);
    EXPECT_EQ(script.restarts.size(), 2u);
}

TEST(Retries, ObeyRetryAfter) {
    Script script;
    script.faults = {busy(seconds(20))};
    EXPECT_EQ(*script.run(), 42);
    EXPECT_GE(script.begun[1] - script.begun[0], seconds(20));
    EXPECT_LE(script.begun[1] - script.begun[0], seconds(23));
}

TEST(Retries, PauseEvenWhenTheProviderAsksForNone) {
    Script script;
    script.faults = {busy(seconds(0)), busy(seconds(0)), busy(seconds(0))};
    EXPECT_EQ(*script.run(), 42);
    EXPECT_GT(script.begun[3] - script.begun[0], Milliseconds(100));
}

TEST(Retries, GiveUpAtOnceWhenTheProviderAsksForALongPause) {
    Script script;
    script.faults = {busy(seconds(3600))};
    EXPECT_EQ(script.run().error().code, LlmErrc::unavailable);
    EXPECT_EQ(script.begun.size(), 1u);
    // And the calls that follow do not even ask.
    EXPECT_EQ(script.run().error().code, LlmErrc::unavailable);
    EXPECT_EQ(script.begun.size(), 1u);
    script.runtime.run_for(seconds(3700));
    EXPECT_EQ(*script.run(), 42);
}

TEST(Retries, StopWhatWillNotPass) {
    Script script;
    script.faults = {{{LlmErrc::refused_key, "no."}}};
    EXPECT_EQ(script.run().error().code, LlmErrc::refused_key);
    EXPECT_EQ(script.begun.size(), 1u);
}

TEST(Retries, AreLeftAtOnceWhenStopped) {
    Script script;
    script.faults = {busy(seconds(30))};
    asio::co_spawn(
        script.runtime.executor(),
        [](Script* s) -> awaitable<void> {
            co_await s->runtime.sleep_for(seconds(5), {});
            s->stop.stop(StopReason::cancelled);
        }(&script),
        [](std::exception_ptr) {});
    const auto begin = script.runtime.steady_now();
    EXPECT_EQ(script.run().error().code, LlmErrc::stopped);
    EXPECT_EQ(script.runtime.steady_now() - begin, seconds(5));
}

TEST(RateGate, HoldsBackAllCallsOfAKey) {
    Script limited;
    limited.gate.close_for(seconds(10));
    EXPECT_EQ(limited.gate.remaining(), seconds(10));
    limited.gate.close_for(seconds(2));  // changes nothing
    const auto begin = limited.runtime.steady_now();
    EXPECT_EQ(*limited.run(), 42);
    EXPECT_GE(limited.begun[0] - begin, seconds(10));
    EXPECT_EQ(limited.gate.remaining(), seconds(0));
}

TEST(Retries, DoNotWaitForEverForARateLimit) {
    Script script;
    script.faults.assign(10'000, busy(seconds(30)));
    const auto begin = script.runtime.steady_now();
    const auto result = script.run();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, LlmErrc::unavailable);
    EXPECT_NE(result.error().message.find("rate limit would hold this call back"), std::string::npos)
        << result.error().message;
    EXPECT_LE(script.runtime.steady_now() - begin, script.policy.longest_held);
    EXPECT_LT(script.begun.size(), 25u);
}

TEST(Retries, DoNotCountRefusalsThatNameAPauseAsAttempts) {
    Script script;
    script.policy.attempts = 2;
    script.faults = {busy(seconds(20)), busy(seconds(20)), busy(seconds(20)), busy()};
    EXPECT_EQ(*script.run(), 42);
    EXPECT_EQ(script.begun.size(), 5u);
}

}  // namespace
}  // namespace longhand::llm
