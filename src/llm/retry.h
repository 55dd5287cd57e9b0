// When a call to a provider is worth another attempt, and how long to wait before it.
#pragma once

#include <boost/system/result.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/runtime.h"
#include "llm/chat.h"

namespace longhand::llm {

struct RetryPolicy {
    unsigned attempts = 5;              ///< of one call, the first included; at least 1
    Milliseconds backoff_base{500};     ///< the bound of the first wait; it doubles with each failure
    Milliseconds backoff_cap{30'000};   ///< the bound of every wait
    Milliseconds longest_wait{60'000};  ///< a provider that asks for a longer pause ends the call as `unavailable`
};

/// Why an attempt failed, and whether another may do better.
struct Fault : Failure<LlmErrc> {
    bool transient = false;
    bool rate_limited = false;         ///< concerns the key, so all calls wait
    std::optional<Milliseconds> wait;  ///< as the provider asked (`Retry-After`)
};
template <class T>
using Attempt = boost::system::result<T, Fault>;

/// Full jitter: evenly from 0 to min(cap, base * 2^(failures - 1)); `failures` counts from 1.
/// (M. Brooker, "Exponential Backoff And Jitter", 2015.)
Milliseconds backoff_delay(const RetryPolicy& policy, unsigned failures, std::uint64_t random);

/// `Retry-After` of RFC 9110: seconds (a fraction is taken too), or an HTTP date. Never negative; nothing when it is
/// neither.
std::optional<Milliseconds> parse_retry_after(std::string_view value, WallTime now);

/// The limiter of one key on one host: while it is closed no call leaves. Used from the runtime's executor only.
class RateGate {
public:
    explicit RateGate(Runtime& runtime) : runtime_(runtime) {}

    /// A shorter pause than the one that runs already changes nothing.
    void close_for(Milliseconds pause);
    /// 0 when open.
    Milliseconds remaining() const;
    /// Resumes when the gate is open (`elapsed`), or with `stopped`. Waiting calls leave spread over a tenth of the
    /// pause.
    awaitable<WaitResult> pass(StopToken stop);

private:
    Runtime& runtime_;
    SteadyTime open_at_{};
    Milliseconds spread_{0};
};

/// Runs `attempt` until it succeeds, fails for good, `stop` is raised or the policy's attempts are used up. A failure
/// that may pass is told to `on_restart`, if another attempt follows.
template <class T>
awaitable<LlmResult<T>> with_retries(Runtime& runtime, RateGate& gate, RetryPolicy policy,
                                     std::function<awaitable<Attempt<T>>()> attempt,
                                     std::function<void(std::string_view reason)> on_restart, StopToken stop) {
    for (unsigned failures = 0;;) {
        if (gate.remaining() > policy.longest_wait) {
            co_return Failure<LlmErrc>{LlmErrc::unavailable, "The provider allows no request for the next " +
                                                                 std::to_string(gate.remaining().count() / 1000) +
                                                                 " seconds (rate limit)."};
        }
        const WaitResult opened = co_await gate.pass(stop);
        if (opened == WaitResult::stopped || stop.stopped()) co_return Failure<LlmErrc>{LlmErrc::stopped, "stopped"};

        Attempt<T> result = co_await attempt();
        if (result) co_return std::move(*result);
        const Fault fault = result.error();
        if (fault.rate_limited && fault.wait) gate.close_for(*fault.wait);
        if (!fault.transient) co_return Failure<LlmErrc>{fault.code, fault.message};
        if (++failures >= policy.attempts || fault.wait.value_or(Milliseconds(0)) > policy.longest_wait) {
            co_return Failure<LlmErrc>{fault.code, fault.message + " Given up after " + std::to_string(failures) +
                                                       (failures == 1 ? " attempt." : " attempts.")};
        }
        if (on_restart) on_restart(fault.message);
        Milliseconds delay = backoff_delay(policy, failures, runtime.random());
        const Milliseconds asked = fault.wait.value_or(Milliseconds(0));
        if (fault.rate_limited && asked > Milliseconds(0)) continue;  // the gate holds this call back too
        delay += asked;
        const WaitResult waited = co_await runtime.sleep_for(delay, stop);
        if (waited == WaitResult::stopped) co_return Failure<LlmErrc>{LlmErrc::stopped, "stopped"};
    }
}

}  // namespace longhand::llm
