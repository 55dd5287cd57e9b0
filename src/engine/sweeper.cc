#include "engine/sweeper.h"

#include <spdlog/logger.h>

#include <algorithm>

namespace longhand::engine {
namespace {

constexpr std::size_t kSweptAtOnce = 100;  // so that writes of users come between
constexpr Milliseconds kGrace{5'000};
constexpr std::chrono::hours kBetweenOrphans{24}, kYoungestOrphan{48};
constexpr Milliseconds kShortestSweepPause{200}, kLongestSweepPause{30'000};

bool remove_all(store::FileStore files, const std::vector<std::string>& paths) {
    for (const std::string& path : paths) files.remove(path);
    return true;
}

}  // namespace

Sweeper::Sweeper(Runtime& runtime, store::Store& store, store::FileStore& files, SweepOptions options)
    : runtime_(runtime),
      store_(store),
      files_(files),
      options_(std::move(options)),
      started_(runtime.steady_now()),
      tasks_(runtime) {
    tasks_.on_bug([log = options_.log](std::exception_ptr) {
        if (log) log->critical("an exception left the sweep of what has had its time");
    });
}

void Sweeper::start() {
    tasks_.spawn(run(tasks_.token()));
}

awaitable<void> Sweeper::stop() {
    tasks_.stop(StopReason::shutdown);
    co_await tasks_.join();
}

awaitable<void> Sweeper::run(StopToken stop) {
    // What is deleted stays for at most a quarter longer than it can be brought back.
    const Milliseconds pause = std::clamp(options_.undo_deletion / 4, kShortestSweepPause, kLongestSweepPause);
    while (!stop.stopped()) {
        co_await runtime_.sleep_for(pause, stop);
        if (!stop.stopped()) co_await sweep();
    }
}

awaitable<void> Sweeper::sweep() {
    co_await purge_jobs();
    co_await drop_answers();
    co_await drop_entries();
    co_await drop_orphans();
}

awaitable<void> Sweeper::purge_jobs() {
    while (true) {
        // An undeletion that was asked for in time may still be on its way.
        const Milliseconds kept = options_.undo_deletion + std::min(options_.undo_deletion, kGrace);
        const auto jobs = co_await store_.jobs_to_purge(runtime_.wall_now() - kept, kSweptAtOnce);
        if (!jobs || jobs->empty()) co_return;
        std::size_t purged = 0;
        for (const store::DeletedJob& deleted : *jobs) {
            // The files first: after a crash between the two the rows still name them, and nobody can bring them back.
            std::function<bool()> work = [files = files_, paths = deleted.paths] { return remove_all(files, paths); };
            co_await run_blocking<bool>(runtime_, std::move(work));
            const auto done = co_await store_.purge_job(deleted.job);
            purged += done ? 1 : 0;
        }
        if (options_.log) options_.log->info("purged {} deleted jobs", purged);
        // One that can't be read holds back no other.
        if (purged < jobs->size()) co_return;
    }
}

// A file is on the disk before its row is; a process that dies between the two leaves it alone.
awaitable<void> Sweeper::drop_orphans() {
    if (runtime_.steady_now() < orphans_due_) co_return;
    orphans_due_ = runtime_.steady_now() + kBetweenOrphans;
    // A request that is still under way is no older than this process, however slowly it comes.
    const auto age = std::chrono::ceil<std::chrono::hours>(runtime_.steady_now() - started_);
    std::function<std::vector<std::string>()> look = [files = files_, age = std::max(kYoungestOrphan, age)] {
        return files.uploads_older_than(age);
    };
    auto looking = run_blocking<std::vector<std::string>>(runtime_, std::move(look));
    const std::vector<std::string> paths = co_await std::move(looking);
    for (std::size_t begin = 0; begin < paths.size(); begin += kSweptAtOnce) {
        const auto first = paths.begin() + static_cast<std::ptrdiff_t>(begin);
        const auto left = static_cast<std::size_t>(paths.end() - first);
        std::vector<std::string> some(first, first + static_cast<std::ptrdiff_t>(std::min(kSweptAtOnce, left)));
        auto asking = store_.unnamed(std::move(some));
        auto orphans = co_await std::move(asking);
        if (!orphans || orphans->empty()) continue;
        if (options_.log) options_.log->info("removed {} uploads that no project has", orphans->size());
        std::function<bool()> work = [files = files_, orphans = std::move(*orphans)] {
            return remove_all(files, orphans);
        };
        co_await run_blocking<bool>(runtime_, std::move(work));
    }
}

awaitable<void> Sweeper::drop_answers() {
    while (true) {
        const auto dropped = co_await store_.drop_old_answers(kSweptAtOnce);
        if (!dropped || *dropped < kSweptAtOnce) co_return;
    }
}

awaitable<void> Sweeper::drop_entries() {
    while (true) {
        const auto dropped = co_await store_.drop_old_entries(kSweptAtOnce);
        if (!dropped || *dropped < kSweptAtOnce) co_return;
    }
}

}  // namespace longhand::engine
