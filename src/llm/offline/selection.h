// Which units a draft takes, and in which order they stand.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "llm/offline/draft.h"
#include "llm/offline/material.h"

namespace longhand::llm::offline {

/// Numbers of units, best first: fitting, unlike each other and unlike what was said, drawn from several sources where
/// there are several, up to the words asked for.
std::vector<std::size_t> select_units(const Material& material, const Prompt& prompt, const DraftOptions& options);

/// The chosen units as paragraphs, each about one thing; sources alternate within a paragraph where that makes sense.
std::vector<std::vector<std::size_t>> arrange(const Material& material, const Prompt& prompt,
                                              std::vector<std::size_t> chosen);

}  // namespace longhand::llm::offline
