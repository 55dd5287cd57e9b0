#include "engine/signals.h"

#include <vector>

namespace longhand::engine {

void Signals::committed(const job::Job& job, job::WorkerId worker) {
    const bool is_ours = job.state == job::State::in_progress && job.worker == worker;
    std::vector<RunSignals> ended;
    {
        std::lock_guard lock(mutex_);
        // A run under an older lease is over, whoever ended it.
        for (auto run = runs_.lower_bound({job.id, 0}); run != runs_.end() && run->first.first == job.id; ++run) {
            if (run->first.second != job.lease) ended.push_back(run->second);
        }
        if (is_ours) runs_.try_emplace({job.id, job.lease});
    }
    // Outside the lock: callbacks run here.
    const bool is_cancelled = job.state == job::State::cancelled;
    for (auto& run : ended) run.lose(is_cancelled ? StopReason::cancelled : StopReason::lost_lease);
}

RunSignals Signals::of(Uuid job, job::Lease lease) {
    std::lock_guard lock(mutex_);
    return runs_[{job, lease}];
}

void Signals::forget(Uuid job, job::Lease lease) {
    std::lock_guard lock(mutex_);
    runs_.erase({job, lease});
}

}  // namespace longhand::engine
