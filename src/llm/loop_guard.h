// Notices, on the live stream, a model that repeats itself without end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace longhand::llm {

/// Watches the words of one answer. It trips when the last words are one cycle (of up to 100 words) again and again,
/// for at least 40 words and two to three whole repeats, or when one sentence has come five times: so within about 300
/// tokens of the first repeat. List numbers are passed over; table rows, list items and code repeat by nature: rows and
/// code count for a third, and a sentence of an item for a half.
class LoopGuard {
public:
    /// False once the text is a loop; it stays so.
    bool feed(std::string_view text);
    bool tripped() const { return tripped_; }

private:
    void take_character(char32_t c);
    void end_line();
    void end_word();
    void take_word(std::uint64_t hash);
    void end_sentence();
    bool repeats_by_nature() const { return in_code_ || in_table_; }

    static constexpr std::size_t kLongestCycle = 100;

    std::vector<std::uint64_t> recent_;  // ring of the last words
    std::vector<std::uint32_t> runs_;    // [p]: how many words in a row were the same as p words before
    std::size_t words_ = 0;
    std::string word_;
    std::string pending_;  // bytes of an unfinished character
    std::string line_start_;
    std::uint64_t sentence_ = 0;
    std::size_t sentence_words_ = 0;
    std::unordered_map<std::uint64_t, unsigned> sentences_;
    bool at_line_start_ = true;
    bool in_code_ = false;
    bool in_table_ = false;
    bool in_list_ = false;
    bool tripped_ = false;
};

}  // namespace longhand::llm
