// The measures of a draft: no judge, only what can be counted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "writing/work.h"

namespace longhand::writing {

enum class Fault { empty, too_short, too_long, repetitive, uncited, wrong_script };

struct Finding {
    Fault fault = Fault::empty;
    std::string message;  ///< tells the model what to mend
};

/// What a section is held to.
struct Measure {
    std::int64_t budget = 0;
    bool has_passages = false;
    std::string language;
};

/// Shorter than 60 % or longer than 160 % of its budget, over a fifth of it repetition, no citation though there were
/// passages, another script than the language's. `text` is what is left of the draft beside the other sections.
std::vector<Finding> find_faults(const Draft& draft, const Blocks& text, const Measure& measure);

/// 0 is a draft without a fault; greater is worse.
double badness(const Draft& draft, const Measure& measure);

/// Picks each section's best version (the later of equals), then takes out what an earlier section has said in the same
/// words.
void settle(Work& work);
Measure measure_of(const Work& work, const SectionState& state);

}  // namespace longhand::writing
