// The sources of a job, read as its first journaled steps, with their passages and their index.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/environment.h"
#include "engine/journal.h"
#include "engine/running_job.h"
#include "sources/index.h"
#include "sources/passage.h"
#include "writing/step_context.h"

namespace longhand::engine {

using Passages = std::map<std::string, sources::Passage, std::less<>>;  ///< by key

struct JobSources {
    std::vector<writing::SourceInfo> infos;  ///< in the order in which they were given
    Passages passages;
    std::unique_ptr<sources::PassageIndex> index;  ///< none when there are no passages
};

/// Reads what the journal does not say was read, files first, then links (job_links.h), keeps the passages in the
/// store, and opens the index. A source that can't be read is in `infos` with its problem; when none of them can, the
/// job fails.
awaitable<writing::StepResult<JobSources>> read_sources(Environment& environment, std::shared_ptr<RunningJob> job,
                                                        Journal& journal);

/// A source as its `read/...` step recorded it; nothing for any other entry.
std::optional<writing::SourceInfo> source_info(const store::JobSource& source, std::string_view journal_value);
std::string read_key(std::string_view sha256);

/// Whether what is stored is what a file gives that is read in this way: of PDFs and documents the bytes alone decide.
bool is_read_so(const store::StoredSource& stored, std::string_view reading);

store::StoredPassage to_stored(const sources::Passage& passage);
sources::Passage from_stored(const store::StoredPassage& passage);

}  // namespace longhand::engine
