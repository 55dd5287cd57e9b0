// The stop signals of the jobs that run here, to be raised from any thread the moment a commit ends a run.
#pragma once

#include <map>
#include <mutex>
#include <utility>

#include "engine/running_job.h"
#include "job/job.h"

namespace longhand::engine {

/// Thread-safe.
class Signals {
public:
    /// Told of every commit, in their order. A claim by `worker` makes its signals before the claim's caller knows of
    /// it, so that a cancel that is committed right behind it finds them.
    void committed(const job::Job& job, job::WorkerId worker);

    /// The signals of a run, made by its claim's commit or else now.
    RunSignals of(Uuid job, job::Lease lease);
    void forget(Uuid job, job::Lease lease);

private:
    using Key = std::pair<Uuid, job::Lease>;
    std::mutex mutex_;
    std::map<Key, RunSignals> runs_;
};

}  // namespace longhand::engine
