// What writing a work would take, told before it is begun: arithmetic over its length and its sources, no model asked.
#pragma once

#include <cstdint>

#include "job/settings.h"
#include "writing/length.h"

namespace longhand::writing {

struct Range {
    std::int64_t low = 0;
    std::int64_t high = 0;
    bool operator==(const Range&) const = default;
};

/// Of the calls of one role.
struct CallsEstimate {
    Range calls;
    Range prompt_tokens;
    Range completion_tokens;
};

struct Estimate {
    Target target;
    std::uint32_t chapters = 1;
    std::uint32_t sections = 1;  ///< of the whole work
    CallsEstimate planning;      ///< plan and outline: the reasoning model's
    CallsEstimate writing;       ///< drafts, and what of them is written again: the writing model's
};

/// `source_bytes`: of all files together. The low end is a work whose drafts all do as they come; at the high end each
/// is revised twice, a quarter is cut short and continued, and a third is written again in each of three rounds that
/// fit the pages. An answer is between a little less than one and two and a half tokens a word, for models and
/// languages differ in that.
Estimate estimate(const job::Settings& settings, std::uint64_t source_bytes);

}  // namespace longhand::writing
