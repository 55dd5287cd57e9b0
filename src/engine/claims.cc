#include "engine/claims.h"

#include <utility>

#include "engine/disk.h"

namespace longhand::engine {

awaitable<void> Claims::run(StopToken stop) {
    while (!stop.stopped()) {
        auto claiming = claim();
        if (co_await std::move(claiming)) continue;
        // Jitter, so that processes that started together do not ask together.
        const std::int64_t poll = environment_.options.poll.count();
        const auto jitter =
            static_cast<std::int64_t>(environment_.runtime.random() % static_cast<std::uint64_t>(poll / 2 + 1));
        const SteadyTime look_again = environment_.runtime.steady_now() + Milliseconds{poll * 3 / 4 + jitter};
        co_await wake_.wait_until(environment_.runtime, look_again, stop);
    }
}

awaitable<bool> Claims::claim() {
    const std::size_t free = free_slots_();
    if (free == 0) co_return false;
    auto looking = disk_takes_files(environment_);
    if (!co_await std::move(looking)) co_return false;
    store::ClaimRequest request;
    request.worker = environment_.worker;
    request.limit = free;
    request.lease = environment_.options.lease;
    request.provider = environment_.model.provider();
    request.pipeline_version = environment_.options.pipeline_version;
    request.only_job = environment_.options.only_job;
    auto claiming = environment_.store.claim(std::move(request));
    store::StoreResult<std::vector<store::ClaimedJob>> claimed = co_await std::move(claiming);
    if (!claimed.has_value()) {
        if (claimed.error().code != store::StoreErrc::stopping && !std::exchange(was_refused_, true)) {
            environment_.log->error("no job can be claimed: {}", claimed.error().message);
        }
        co_return false;
    }
    if (std::exchange(was_refused_, false)) environment_.log->info("jobs can be claimed again");
    environment_.counters.claims += static_cast<std::int64_t>(claimed->size());
    for (auto& job : *claimed) {
        environment_.log->debug("job {}: claimed, lease {}", job.job.id.to_string(), job.job.lease);
        begin_(std::move(job));
    }
    co_return !claimed->empty() && free_slots_() > 0;
}

}  // namespace longhand::engine
