// The outline of a work and how far its sections are, as the journal has it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "writing/outline.h"
#include "writing/step_context.h"

namespace longhand::writing {

struct SectionProgress {
    unsigned versions = 0;   ///< drafts that are recorded
    std::int64_t words = 0;  ///< of the latest, as the model gave it
};

struct OutlineProgress {
    Plan plan;
    Outline outline;
    std::vector<SectionProgress> sections;  ///< as `leaves(outline)`
};

/// Nothing: the outline is not whole yet. `entries`: the journal's keys, and the texts of the model's answers.
std::optional<OutlineProgress> outline_progress(const job::Settings& settings, const job::Guidance& guidance,
                                                const std::vector<SourceInfo>& sources,
                                                const std::vector<std::pair<std::string, std::string>>& entries);

/// The number of the section that a step writes at (`section/3.2/draft#2`, `fit/1/section/3.2`); empty for other steps.
std::string section_of_step(std::string_view key);

}  // namespace longhand::writing
