// Citations and cross-references of a text, made into links; and the chapter of sources that citations lead to.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "writing/work.h"

namespace longhand::writing {

/// Text as Markdown that shows it as it is.
std::string literal_markdown(std::string_view text);

/// What a source gave to the document.
struct SourceUse {
    std::string sha256;
    std::uint32_t number = 0;                                  ///< `[n]`, by first use
    std::map<std::uint32_t, std::vector<std::string>> places;  ///< position of a passage -> the sections that cite it
    std::map<std::uint32_t, sources::Place> where;
    std::map<std::uint32_t, std::string> ids;  ///< of these passages, by position
    std::int64_t citations = 0;
    double words = 0;  ///< of the sentences that cite it; shared out where a sentence cites several
};

/// Resolves references against the store and the final numbers. Used section after section, in the order of the text.
class References {
public:
    /// `targets`: numbers as drafts know them -> final number and anchor.
    struct Target {
        std::string number;
        std::string anchor;
    };
    References(PassageLookup lookup, std::map<std::string, Target> targets)
        : lookup_(std::move(lookup)), targets_(std::move(targets)) {}

    /// A block's text with links in place of its marks; code spans stay as they are. `sentence_wise`: equal citations
    /// of sentences in a row are given once, at the last.
    std::string resolve(const Block& block, std::string_view section);

    const std::vector<SourceUse>& uses() const { return uses_; }
    std::int64_t citations() const { return citations_; }
    std::int64_t dropped() const { return dropped_; }
    std::int64_t dangling() const { return dangling_; }

private:
    std::string links(const std::vector<std::string>& keys, std::string_view section);
    std::string cross_reference(std::string_view number);
    std::string resolve_line(std::string_view text, std::string_view section);
    SourceUse& use_of(const sources::Passage& passage);
    void share_words(const Block& block);

    PassageLookup lookup_;
    std::map<std::string, Target> targets_;
    std::vector<SourceUse> uses_;
    std::int64_t citations_ = 0, dropped_ = 0, dangling_ = 0;
};

/// The chapter of sources; empty when nothing is cited.
std::string bibliography(const std::vector<SourceUse>& uses, const std::vector<SourceInfo>& sources,
                         std::string_view language);

}  // namespace longhand::writing
