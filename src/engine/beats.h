// The beat: one call to the store for all jobs of this process keeps their leases, brings their progress, and learns
// what was cancelled or lost. With it: streamed text to the store, the watchdog, and the limit on a step's time.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/environment.h"
#include "engine/running_job.h"

namespace longhand::engine {

using RunningJobs = std::vector<std::shared_ptr<RunningJob>>;

class Beats {
public:
    /// `running` gives the jobs of the moment.
    Beats(Environment& environment, std::function<RunningJobs()> running)
        : environment_(environment), running_(std::move(running)) {}

    /// Beats until stopped.
    awaitable<void> run(StopToken stop);

private:
    awaitable<void> beat();
    awaitable<void> extend(RunningJobs jobs);
    awaitable<void> store_texts(RunningJobs jobs);
    awaitable<void> rescue_hanging(RunningJobs jobs);
    void watch(const RunningJobs& jobs);

    Environment& environment_;
    std::function<RunningJobs()> running_;
};

}  // namespace longhand::engine
