#include "engine/claims.h"

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
    if (free == 0 || !disk_has_room()) co_return false;
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
        if (claimed.error().code != store::StoreErrc::stopping) {
            environment_.log->warn("no job could be claimed: {}", claimed.error().message);
        }
        co_return false;
    }
    environment_.counters.claims += static_cast<std::int64_t>(claimed->size());
    for (auto& job : *claimed) {
        environment_.log->debug("job {}: claimed, lease {}", job.job.id.to_string(), job.job.lease);
        begin_(std::move(job));
    }
    co_return !claimed->empty() && free_slots_() > 0;
}

bool Claims::disk_has_room() {
    const bool full = environment_.files.free_bytes() < environment_.options.disk_reserve;
    if (full && !disk_was_full_)
        environment_.log->error("the disk is nearly full: no job is started until there is room");
    if (!full && disk_was_full_) environment_.log->info("the disk has room again");
    disk_was_full_ = full;
    return !full;
}

}  // namespace longhand::engine
