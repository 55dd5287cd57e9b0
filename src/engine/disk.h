// What the engine does while the data folder's disk takes no files: nothing is lost, and nothing is begun.
#pragma once

#include <string>

#include "engine/environment.h"
#include "engine/running_job.h"

namespace longhand::engine {

/// The disk refused a file of this job, which is to go back to the queue: no job begins until `disk_takes_files`.
/// False when it has done so too often though the disk took files in between: the job has to fail.
bool disk_refused_job(Environment& environment, const RunningJob& job);

/// Whether jobs may begin: there is room, and after a refusal the folders take files again. Says each change in the
/// log.
awaitable<bool> disk_takes_files(Environment& environment);

}  // namespace longhand::engine
