// Walks one claimed job from its journal to its end.
#pragma once

#include <memory>

#include "engine/environment.h"
#include "engine/running_job.h"

namespace longhand::engine {

/// Runs the job and writes how the run ended: completed, failed, moderated, paused, waiting for its provider,
/// handed back. Writes nothing of a job that is abandoned, but how its calls ended. An exception from the work fails
/// the job with `internal_error`.
awaitable<void> run_job(Environment& environment, std::shared_ptr<RunningJob> job);

}  // namespace longhand::engine
