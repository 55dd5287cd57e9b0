#include "engine/disk.h"

#include <algorithm>
#include <functional>

#include "engine/patience.h"

namespace longhand::engine {
namespace {

// Of one job, with a disk that took files each time after it: some two minutes.
constexpr unsigned kRefusalsForgiven = 6;
constexpr std::size_t kMostRemembered = 4096;  // some were cancelled in the queue, and never end here
constexpr Milliseconds kFirstPause{2'000}, kLongestPause{60'000};

void tell_change(Environment& environment, std::string problem) {
    DiskState& disk = environment.disk;
    if (problem.empty() != disk.problem.empty()) {
        if (problem.empty())
            environment.log->info("the data folder takes files again: jobs go on");
        else
            environment.log->error("no job is begun until the data folder takes files: {}", problem);
    }
    disk.problem = std::move(problem);
}

}  // namespace

bool disk_refused_job(Environment& environment, const RunningJob& job) {
    DiskState& disk = environment.disk;
    if (disk.refusals.size() >= kMostRemembered && !disk.refusals.contains(job.id())) disk.refusals.clear();
    const unsigned refusals = ++disk.refusals[job.id()];
    if (refusals > kRefusalsForgiven) {
        disk.refusals.erase(job.id());
        return false;
    }
    disk.in_doubt = true;
    const SteadyTime look_again = environment.runtime.steady_now() +
                                  pause_before(refusals, kFirstPause, kLongestPause, environment.runtime.random());
    disk.look_again = std::max(disk.look_again, look_again);
    environment.log->error("job {}: goes back to the queue, for its files can't be kept: {}", job.id().to_string(),
                           job.problem ? job.problem->message : std::string());
    return true;
}

awaitable<bool> disk_takes_files(Environment& environment) {
    DiskState& disk = environment.disk;
    if (environment.files.free_bytes() < environment.options.disk_reserve) {
        tell_change(environment, "the disk is nearly full; free some space there");
        co_return false;
    }
    if (disk.in_doubt) {
        if (environment.runtime.steady_now() < disk.look_again) co_return false;
        disk.in_doubt = false;  // what is refused while this looks puts it back
        std::function<store::StoreResult<void>()> check = [files = environment.files] { return files.check(); };
        const auto checked = co_await run_blocking<store::StoreResult<void>>(environment.runtime, std::move(check));
        if (!checked.has_value()) {
            disk.in_doubt = true;
            tell_change(environment, checked.error().message);
            co_return false;
        }
        if (disk.in_doubt) co_return false;
    }
    tell_change(environment, "");
    co_return true;
}

}  // namespace longhand::engine
