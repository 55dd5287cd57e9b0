// Tasks of one job that run beside each other.
#pragma once

#include <vector>

#include "base/runtime.h"

namespace longhand::engine {

/// Runs the tasks on the runtime's executor and resumes when all have ended; throws what the first of them threw.
awaitable<void> side_by_side(Runtime& runtime, std::vector<awaitable<void>> tasks);

}  // namespace longhand::engine
