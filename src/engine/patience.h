// How long to wait for what may come back: a database, a provider.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/runtime.h"
#include "engine/environment.h"
#include "job/job.h"
#include "store/errors.h"

namespace longhand::engine {

/// The pause before attempt `attempt` (from 1 on): doubled each time up to `longest`, of which a random half is jitter.
Milliseconds pause_before(unsigned attempt, Milliseconds first, Milliseconds longest, std::uint64_t random);

/// Says in the log that attempt `attempt` failed, for the first and every tenth.
void tell_of_attempt(const Environment& environment, unsigned attempt, const store::StoreFailure& failure);

/// Calls a verb of the store again while the database is unavailable, until `give_up` is raised: then the failure.
template <class T>
awaitable<store::StoreResult<T>> persistently(Environment& environment,
                                              std::function<awaitable<store::StoreResult<T>>()> verb,
                                              StopToken give_up) {
    Runtime& runtime = environment.runtime;
    for (unsigned attempt = 1;; ++attempt) {
        auto call = verb();
        store::StoreResult<T> result = co_await std::move(call);
        if (result.has_value() || result.error().code != store::StoreErrc::unavailable) co_return result;
        tell_of_attempt(environment, attempt, result.error());
        const Milliseconds pause = pause_before(attempt, Milliseconds{100}, Milliseconds{2'000}, runtime.random());
        if (co_await runtime.sleep_for(pause, give_up) == WaitResult::stopped) co_return result;
    }
}

/// The waits for its provider that a job has behind it with nothing finished since.
struct ProviderWait {
    WallTime since{};
    unsigned times = 0;
};
/// `events` end with the newest. Nothing when its last run went on without waiting, or it was retried since.
std::optional<ProviderWait> provider_wait(const std::vector<job::Event>& events);

}  // namespace longhand::engine
