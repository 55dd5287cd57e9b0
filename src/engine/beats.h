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

    // Each goes on until stopped, and waits for no other: they also look after jobs while the database hangs.
    awaitable<void> run(StopToken stop);          ///< beats
    awaitable<void> watch(StopToken stop);        ///< stops jobs of which no beat was answered for too long
    awaitable<void> limit_steps(StopToken stop);  ///< rescues jobs with a step that takes too long

private:
    awaitable<void> beat();
    awaitable<void> extend(RunningJobs jobs);
    awaitable<void> store_texts(RunningJobs jobs);
    awaitable<void> rescue_hanging(RunningJobs jobs);
    void watch_once();

    Environment& environment_;
    std::function<RunningJobs()> running_;
    bool was_refused_ = false;  ///< by the database, and the log has it
};

}  // namespace longhand::engine
