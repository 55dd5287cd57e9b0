// What the journal of a job says so far: its finished sections as a document, and its outline.
#pragma once

#include "engine/documents.h"
#include "job/job.h"
#include "store/job_store.h"
#include "writing/outline_progress.h"
#include "writing/writer.h"

namespace longhand::engine {

/// `nothing_yet` when no section is finished; the message says what state the job is in.
awaitable<DocumentResult<writing::Finished>> load_partial(store::JobStore& store, job::Job job);

/// Which of `files` and of its links a job has read as sources, and how, as its journal has them; none of them has a
/// problem.
awaitable<DocumentResult<std::vector<writing::SourceInfo>>> load_sources(store::JobStore& store, Uuid owner, Uuid job,
                                                                         std::vector<store::JobSource> files);

/// Nothing: the outline is not whole yet.
awaitable<DocumentResult<std::optional<writing::OutlineProgress>>> load_outline(store::JobStore& store, job::Job job);

}  // namespace longhand::engine
