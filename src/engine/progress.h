// How far a job is, in percent: a pure function of what has been done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "job/state.h"

namespace longhand::engine {

struct WorkDone {
    job::Stage stage = job::Stage::reading_sources;
    std::size_t sources_read = 0, sources = 0;
    std::int64_t words_done = 0;     ///< in finished steps
    std::int64_t words_live = 0;     ///< in steps that are being written
    std::int64_t words_planned = 0;  ///< 0: not known yet
    std::size_t page_counts = 0;     ///< times the whole was set to count its pages
};

/// 0 to 3 reading, 3 to 5 planning, 5 to 88 by words done against words planned, 88 to 98 assembling and setting. Never
/// below `before`, the job's progress so far, and never 100: that comes with completion alone.
double progress_of(const WorkDone& work, double before);

/// Words of `text`, as far as they are separated by spaces; characters of scripts without spaces count a half each.
std::int64_t count_words(std::string_view text);

}  // namespace longhand::engine
