// A section, made of the sentences of the passages.
#pragma once

#include <string>
#include <string_view>

#include "llm/offline/prompt.h"

namespace longhand::llm::offline {

/// How freely a draft takes what it is given.
struct DraftOptions {
    std::size_t words = 300;
    /// Lower-ranked sentences too, and ones that others are near to.
    bool take_all = false;
    /// Sentences near to these texts are left out, beside what `<said>` has.
    std::string avoid;
};

/// Markdown paragraphs of about that many words, each statement with its citation; ends with a whole sentence. Shorter
/// when the passages have no more to say. Empty when they have nothing that is a sentence.
std::string draft_from_passages(const Prompt& prompt, const DraftOptions& options);

/// Words without citations and marks.
std::size_t words_of_draft(std::string_view markdown);

}  // namespace longhand::llm::offline
