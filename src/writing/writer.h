// From settings and sources to a manuscript: plan, outline, research, drafts in waves, review, assembly, fitting the
// pages.
#pragma once

#include <string>

#include "writing/step_context.h"

namespace longhand::writing {

struct Finished {
    typeset::Manuscript manuscript;
    std::string quality;  ///< the quality sheet, a JSON object
    std::int64_t words = 0;
    std::int64_t citations = 0;
    std::uint32_t pages = 0;  ///< of the last count
};

/// The whole work. Walking it again over the same journal costs nothing and gives the same, byte for byte.
awaitable<StepResult<Finished>> write_document(StepContext& context);

/// What a journal holds so far, as a document marked partial; nothing when no section is finished. Pure.
/// `entries`: key and text of the recorded steps, of `run` steps too: without `research/…` the citations are dropped.
std::optional<Finished> partial_document(
    const job::Settings& settings, const job::Guidance& guidance, const std::vector<SourceInfo>& sources,
    const std::vector<std::pair<std::string, std::string>>& entries,
    const std::function<std::optional<sources::Passage>(std::string_view)>& passage);

}  // namespace longhand::writing
