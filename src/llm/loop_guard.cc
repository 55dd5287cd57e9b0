#include "llm/loop_guard.h"

#include <algorithm>
#include <functional>

#include "llm/utf8.h"

namespace longhand::llm {
namespace {

constexpr std::size_t kFewestRepeatedWords = 40;
constexpr unsigned kSameSentence = 5;
constexpr std::size_t kFewestSentenceWords = 6;
constexpr std::uint32_t kByNature = 3;  // how much more of it is needed in tables and code

bool is_word_character(char32_t c) {
    if (c >= 0x80) return c != 0xA0 && !(c >= 0x2010 && c <= 0x206F) && !(c >= 0x3000 && c <= 0x303F);
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '\'';
}

bool ends_sentence(char32_t c) {
    return c == '.' || c == '!' || c == '?' || c == 0x3002 || c == 0xFF01 || c == 0xFF1F;
}

bool is_number(std::string_view word) {
    return std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
    return (a ^ b) * 0x9E3779B97F4A7C15ull + (a << 7);
}

}  // namespace

bool LoopGuard::feed(std::string_view text) {
    pending_ += text;
    std::size_t at = 0;
    while (at < pending_.size() && !tripped_) {
        const auto lead = static_cast<unsigned char>(pending_[at]);
        const std::size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (at + length > pending_.size()) break;
        take_character(next_code_point(pending_, at));
    }
    pending_.erase(0, at);
    return !tripped_;
}

void LoopGuard::take_character(char32_t c) {
    if (at_line_start_ && c != ' ' && c != '\n') {
        at_line_start_ = false;
        in_table_ = c == '|';
        in_list_ = c == '-' || c == '*' || c == '+' || (c >= '0' && c <= '9');
    }
    if (!at_line_start_ && line_start_.size() < 3 && c < 0x80 && c != '\n') line_start_ += static_cast<char>(c);
    if (is_unspaced_script(c)) {
        end_word();
        append_utf8(word_, c);
        end_word();
    } else if (is_word_character(c)) {
        append_utf8(word_, c >= 'A' && c <= 'Z' ? c + 32 : c);
    } else {
        end_word();
        if (ends_sentence(c) || c == '\n') end_sentence();
        if (c == '\n') end_line();
    }
}

void LoopGuard::end_line() {
    if (line_start_ == "```") in_code_ = !in_code_;
    line_start_.clear();
    at_line_start_ = true;
    in_table_ = false;
    in_list_ = false;
}

void LoopGuard::end_word() {
    if (word_.empty()) return;
    // A number that starts a line is a list's: `1. Same. 2. Same.` is a loop all the same.
    const bool list_number =
        is_number(word_) && line_start_.size() <= word_.size() + 1 && line_start_.starts_with(word_);
    if (!list_number) take_word(std::hash<std::string>{}(word_));
    word_.clear();
}

void LoopGuard::take_word(std::uint64_t hash) {
    if (recent_.empty()) {
        recent_.resize(kLongestCycle + 1);
        runs_.resize(kLongestCycle + 1);
    }
    const std::uint32_t factor = repeats_by_nature() ? kByNature : 1;
    const std::size_t longest = std::min(kLongestCycle, words_);
    for (std::size_t p = 1; p <= longest; ++p) {
        if (recent_[(words_ - p) % recent_.size()] != hash) {
            runs_[p] = 0;
            continue;
        }
        const std::size_t needed = std::max(kFewestRepeatedWords, p <= 60 ? 3 * p : 2 * p);
        if (++runs_[p] >= needed * factor) tripped_ = true;
    }
    recent_[words_ % recent_.size()] = hash;
    ++words_;
    sentence_ = mixed(sentence_, hash);
    ++sentence_words_;
}

void LoopGuard::end_sentence() {
    const unsigned allowed = in_list_ ? 2 * kSameSentence : kSameSentence;
    if (sentence_words_ >= kFewestSentenceWords && !repeats_by_nature() && ++sentences_[sentence_] >= allowed)
        tripped_ = true;
    sentence_ = 0;
    sentence_words_ = 0;
}

}  // namespace longhand::llm
