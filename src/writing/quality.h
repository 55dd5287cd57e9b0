// The quality sheet: what can be measured of a finished document without a judge.
#pragma once

#include <string>
#include <vector>

#include "writing/assemble.h"

namespace longhand::writing {

/// Longer or shorter than what was asked.
bool words_off_target(const Work& work, const Assembled& assembled);

/// A JSON object; docs/prompts.md has its fields.
std::string quality_sheet(const job::Settings& settings, const std::vector<SourceInfo>& sources, const Work& work,
                          const Assembled& assembled);

}  // namespace longhand::writing
