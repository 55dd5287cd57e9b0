// A model's draft, made safe and plain: what it may hold is kept, what gives a model away is taken out and counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "writing/blocks.h"

namespace longhand::writing {

/// The names a prompt gave to its passages (`p1`), and the keys they stand for.
using Aliases = std::map<std::string, std::string, std::less<>>;

/// What was done to a draft.
struct CleanCounts {
    std::int64_t leftovers =
        0;  ///< "As an AI …", "Here is the section", marks, placeholders, headings' doubles, fences, images, links
    std::int64_t dropped_citations = 0;  ///< ids that no passage has
    std::int64_t repeats = 0;            ///< paragraphs and sentences that were there already
    std::int64_t truncated = 0;          ///< ends cut back to a full sentence
    CleanCounts& operator+=(const CleanCounts& other);
    bool operator==(const CleanCounts&) const = default;
};

struct Draft {
    Blocks blocks;  ///< no headings; citations as `[@KEY]`, or `[@KEY; @KEY]`; cross-references as `[#3.2]`
    CleanCounts counts;
    double repetition = 0;  ///< share of its 5-word sequences that came before, measured before repeats are taken out
};

/// Raw HTML, TeX, images, links and foreign citations become text or go; headings go when they repeat `titles`, else
/// become bold lines. The last block ends with a full sentence.
Draft clean_draft(std::string_view raw, const Aliases& aliases, const std::vector<std::string>& titles);

/// Inline Markdown of a paragraph, made safe. Exposed for its tests.
std::string clean_inline(std::string_view text, const Aliases& aliases, CleanCounts& counts);

/// Cuts a text that ends in mid-sentence back to its last full one; true when there was something to cut.
bool end_with_sentence(Blocks& blocks);

/// Share of `n`-word sequences that occurred before in the same text.
double repetition_share(const std::vector<std::string>& words, std::size_t n);

/// Keys cited in a text, in order, doubles included.
std::vector<std::string> cited_keys(std::string_view text);
std::vector<std::string> cited_keys(const Blocks& blocks);

}  // namespace longhand::writing
