// When a call to a provider is worth another attempt, and how long to wait before it.
#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/runtime.h"
#include "llm/chat.h"
#include "llm/rate_gate.h"

namespace longhand::llm {

struct RetryPolicy {
    unsigned attempts = 5;               ///< of one call, the first included; at least 1
    Milliseconds backoff_base{500};      ///< the bound of the first wait; it doubles with each failure
    Milliseconds backoff_cap{30'000};    ///< the bound of every wait
    Milliseconds longest_wait{60'000};   ///< a provider that asks for a longer pause ends the call as `unavailable`
    Milliseconds longest_held{600'000};  ///< so does a rate limit that holds the call back for so long in all
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

/// Why a call that has waited at the gate for so long already is not to wait there any more; nothing when it may.
std::optional<Failure<LlmErrc>> held_for_too_long(const RateGate& gate, const RetryPolicy& policy,
                                                  std::chrono::nanoseconds held);

/// Runs `attempt` until it succeeds, fails for good, `stop` is raised or the policy's attempts are used up. A refusal
/// for too many calls that names a pause is none of them: the gate sees to it. A failure that may pass is told to
/// `on_restart`, if another attempt follows.
template <class T>
awaitable<LlmResult<T>> with_retries(Runtime& runtime, RateGate& gate, RetryPolicy policy,
                                     std::function<awaitable<Attempt<T>>()> attempt,
                                     std::function<void(std::string_view reason)> on_restart, StopToken stop) {
    std::chrono::nanoseconds held{};
    unsigned failures = 0;
    for (unsigned tries = 1;; ++tries) {
        if (auto too_long = held_for_too_long(gate, policy, held)) co_return std::move(*too_long);
        const SteadyTime came = runtime.steady_now();
        const auto left = co_await gate.pass(stop);
        held += runtime.steady_now() - came;
        if (!left || stop.stopped()) co_return Failure<LlmErrc>{LlmErrc::stopped, "stopped"};

        Attempt<T> result = co_await attempt();
        if (result) co_return std::move(*result);
        const Fault fault = result.error();
        const Milliseconds asked = fault.wait.value_or(Milliseconds(0));
        const bool gated = fault.rate_limited && asked > Milliseconds(0);
        if (gated) gate.refused(*left, asked);
        if (!fault.transient) co_return Failure<LlmErrc>{fault.code, fault.message};
        if (!gated) ++failures;
        if (failures >= policy.attempts || asked > policy.longest_wait) {
            co_return Failure<LlmErrc>{fault.code, fault.message + " Given up after " + std::to_string(tries) +
                                                       (tries == 1 ? " attempt." : " attempts.")};
        }
        if (on_restart) on_restart(fault.message);
        if (gated) continue;
        const Milliseconds delay = asked + backoff_delay(policy, failures, runtime.random());
        const WaitResult waited = co_await runtime.sleep_for(delay, stop);
        if (waited == WaitResult::stopped) co_return Failure<LlmErrc>{LlmErrc::stopped, "stopped"};
    }
}

}  // namespace longhand::llm
