// Word-for-word text: found by its 12-word sequences, and cited where the model forgot.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "sources/passage.h"
#include "writing/blocks.h"

namespace longhand::writing {

class QuoteIndex {
public:
    static constexpr std::size_t kWords = 12;

    void add(const sources::Passage& passage);

    struct Found {
        std::int64_t added = 0;                      ///< citations that were missing
        std::map<std::string, std::int64_t> quoted;  ///< words taken word for word, by the file's SHA-256
    };
    /// After it, each quotation of 12 words or more is followed by a citation of its passage within its paragraph, list
    /// item or row; code by one next to it.
    Found cite(Blocks& blocks) const;

private:
    struct Units;
    void find(Units& units, Found& found) const;
    std::vector<std::uint32_t> code_owners(const Block& block, Found& found) const;

    std::vector<std::string> keys_, files_;
    std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> owners_;  ///< of a hash of 12 words: passages
};

}  // namespace longhand::writing
