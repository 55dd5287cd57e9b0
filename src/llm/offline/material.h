// The sentences of a prompt's passages, measured against what is asked.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "llm/offline/bag.h"
#include "llm/offline/prompt.h"
#include "llm/offline/sentences.h"

namespace longhand::llm::offline {

/// What stays together: a sentence with those that lean on it, or a list or table with the sentence that opens it.
struct Unit {
    enum class Kind { prose, list, table };
    Kind kind = Kind::prose;
    std::vector<std::string> sentences;  ///< as Markdown
    std::vector<std::string> items;      ///< of a list or table, as Markdown
    std::size_t passage = 0;             ///< its place in the prompt
    std::size_t position = 0;            ///< in its passage: neighbours are one apart
    std::size_t words = 0;
    Bag counts;
    Bag bag;          ///< weighted
    float score = 0;  ///< how well it fits what is asked
};

struct Material {
    Vocabulary vocabulary;
    std::vector<Unit> units;
};

/// Reads the passages; scores are against the section's title and purpose, its terms and the request, less what the
/// sections beside it are for.
Material gather(const Prompt& prompt);

}  // namespace longhand::llm::offline
