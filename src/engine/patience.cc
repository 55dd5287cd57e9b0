#include "engine/patience.h"

#include <spdlog/logger.h>

#include <algorithm>

#include "job/transition.h"

namespace longhand::engine {
namespace {

using job::to_string;
using job::Transition;

bool ends_a_wait(std::string_view kind) {
    return kind == to_string(Transition::record_step) || kind == to_string(Transition::retry) ||
           kind == to_string(Transition::resume) || kind == to_string(Transition::enqueue);
}

}  // namespace

Milliseconds pause_before(unsigned attempt, Milliseconds first, Milliseconds longest, std::uint64_t random) {
    const unsigned doublings = std::min(attempt - 1, 20U);
    const std::int64_t whole = std::min(first.count() << doublings, longest.count());
    const std::int64_t half = whole / 2;
    return Milliseconds{whole - half + static_cast<std::int64_t>(random % static_cast<std::uint64_t>(half + 1))};
}

void tell_of_attempt(const Environment& environment, unsigned attempt, const store::StoreFailure& failure) {
    if (attempt != 1 && attempt % 10 != 0) return;
    environment.log->warn("the database did not take attempt {} of a job's work: {}", attempt, failure.message);
}

std::optional<ProviderWait> provider_wait(const std::vector<job::Event>& events) {
    std::optional<ProviderWait> wait;
    for (auto event = events.rbegin(); event != events.rend() && !ends_a_wait(event->kind); ++event) {
        if (event->kind != to_string(Transition::wait_for_provider)) continue;
        wait = ProviderWait{event->at, (wait ? wait->times : 0) + 1};
    }
    return wait;
}

}  // namespace longhand::engine
