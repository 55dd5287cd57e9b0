// The finished sections of a job that is not complete, as a document.
#pragma once

#include "engine/documents.h"
#include "job/job.h"
#include "store/job_store.h"
#include "writing/writer.h"

namespace longhand::engine {

/// `nothing_yet` when no section is finished; the message says what state the job is in.
awaitable<DocumentResult<writing::Finished>> load_partial(store::JobStore& store, job::Job job);

}  // namespace longhand::engine
