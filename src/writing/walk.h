// The walk over all steps, and what becomes of a work that it has filled, whole or in part.
#pragma once

#include "writing/assemble.h"
#include "writing/writer.h"

namespace longhand::writing {

/// On an error the work holds what was finished before it.
awaitable<StepResult<void>> walk(StepContext* context, Work* work);

Finished finish(const job::Settings& settings, const std::vector<SourceInfo>& sources, const Work& work,
                const PassageLookup& lookup, Completeness completeness);

}  // namespace longhand::writing
