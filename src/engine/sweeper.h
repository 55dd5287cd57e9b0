// Takes away what has had its time: jobs that were deleted and are not wanted back, answers and entries of streams that
// nobody asks for, and uploads whose request ended before it could name them.
#pragma once

#include <memory>

#include "base/runtime.h"
#include "base/task_scope.h"
#include "store/file_store.h"
#include "store/store.h"

namespace spdlog {
class logger;
}

namespace longhand::engine {

struct SweepOptions {
    Milliseconds undo_deletion{600'000};  ///< how long a deleted job can be brought back
    std::shared_ptr<spdlog::logger> log;  ///< optional
};

/// Used from the runtime's executor. All that it is given outlives it.
class Sweeper {
public:
    Sweeper(Runtime& runtime, store::Store& store, store::FileStore& files, SweepOptions options);

    /// Begins to sweep, now and then. Once.
    void start();
    /// Resumes when nothing of it is left.
    awaitable<void> stop();
    /// All that is due now.
    awaitable<void> sweep();

private:
    awaitable<void> run(StopToken stop);
    awaitable<void> purge_jobs();
    awaitable<void> drop_answers();
    awaitable<void> drop_entries();
    awaitable<void> drop_orphans();

    Runtime& runtime_;
    store::Store& store_;
    store::FileStore& files_;
    const SweepOptions options_;
    const SteadyTime started_;
    SteadyTime orphans_due_;
    TaskScope tasks_;
};

}  // namespace longhand::engine
