#include "llm/offline/words.h"

#include <array>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include "llm/embedded.h"
#include "llm/utf8.h"

namespace longhand::llm::offline {
namespace {

/// `common.txt`: one language a line, `en: the a an ...`.
struct CommonWords {
    std::unordered_map<std::string, std::unordered_set<std::string>> by_language;
    std::unordered_set<std::string> all;
};

const CommonWords& common_words() {
    static const CommonWords words = [] {
        CommonWords read;
        std::istringstream lines{std::string(embedded("common.txt").value_or(""))};
        for (std::string line; std::getline(lines, line);) {
            std::istringstream fields(line);
            std::string language, word;
            fields >> language;
            if (!language.ends_with(':')) continue;
            language.pop_back();
            while (fields >> word) {
                read.by_language[language].insert(word);
                read.all.insert(word);
            }
        }
        return read;
    }();
    return words;
}

bool is_inner(char32_t c) {
    return c == '-' || c == '\'' || c == 0x2019 || c == 0x2011;
}

bool is_word_character(char32_t c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

bool ends_with_any(std::string_view word, std::initializer_list<std::string_view> endings) {
    for (const auto ending : endings) {
        if (word.ends_with(ending)) return true;
    }
    return false;
}

}  // namespace

bool is_letter(char32_t c) {
    if (c < 0x80) return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (c == 0xD7 || c == 0xF7 || c < 0xAA) return false;
    return (c >= 0xC0 && c <= 0x24F) || (c >= 0x370 && c <= 0x52F && c != 0x37E && c != 0x387) ||
           (c >= 0x1E00 && c <= 0x1FFF) || (c >= 0x5D0 && c <= 0x6FF) || (c >= 0x900 && c <= 0xDFF) ||
           is_unspaced_script(c);
}

char32_t to_lower(char32_t c) {
    if (c >= 'A' && c <= 'Z') return c + 32;
    if (c < 0xC0) return c;
    if (c <= 0xDE && c != 0xD7) return c + 32;
    if (c >= 0x100 && c <= 0x177 && c != 0x130 && c != 0x138) {
        const bool odd_pairs = c >= 0x139 && c <= 0x148;  // here the capital is the odd one
        return (c % 2 == 1) == odd_pairs ? c + 1 : c;
    }
    if (c >= 0x391 && c <= 0x3AB) return c + 32;
    if (c == 0x386) return 0x3AC;
    if (c >= 0x388 && c <= 0x38A) return c + 37;
    if (c == 0x38C) return 0x3CC;
    if (c == 0x38E || c == 0x38F) return c + 63;
    if (c >= 0x410 && c <= 0x42F) return c + 32;
    if (c >= 0x400 && c <= 0x40F) return c + 80;
    return c;
}

bool is_upper(char32_t c) {
    return to_lower(c) != c;
}

bool is_lower(char32_t c) {
    if (c < 0x80) return c >= 'a' && c <= 'z';
    return is_letter(c) && !is_upper(c) && c <= 0x52F;
}

std::string lower(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) append_utf8(out, to_lower(next_code_point(text, at)));
    return out;
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    std::string word, held;  // held: inner marks that belong to the word only if it goes on
    const auto end_word = [&] {
        if (!word.empty()) words.push_back(std::move(word));
        word.clear();
        held.clear();
    };
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next_code_point(text, at);
        if (is_unspaced_script(c)) {
            end_word();
            append_utf8(word, c);
            end_word();
        } else if (is_word_character(c)) {
            word += held;
            held.clear();
            append_utf8(word, c);
        } else if (is_inner(c) && !word.empty() && held.empty()) {
            append_utf8(held, c);
        } else {
            end_word();
        }
    }
    end_word();
    return words;
}

std::size_t count_words(std::string_view text) {
    return words_of(text).size();
}

std::string stem(std::string_view original) {
    std::string word = lower(original);
    if (word.ends_with("'s")) word.resize(word.size() - 2);
    if (word.size() > 5 && word.ends_with("ies")) return word.substr(0, word.size() - 3) + "y";
    if (word.size() > 3 && word.ends_with('s') && !ends_with_any(word, {"ss", "us", "is"})) word.pop_back();
    if (word.size() > 6 && word.ends_with("ing"))
        word.resize(word.size() - 3);
    else if (word.size() > 5 && word.ends_with("ed"))
        word.resize(word.size() - 2);
    else if (word.size() > 4 && word.ends_with('e'))
        word.pop_back();
    const std::size_t n = word.size();
    if (n > 4 && word[n - 1] == word[n - 2] && !ends_with_any(word, {"ll", "ss"})) word.pop_back();
    return word;
}

bool is_common(std::string_view word) {
    return common_words().all.contains(std::string(word));
}

std::string guess_language(std::string_view text) {
    std::size_t unspaced = 0, words = 0;
    std::unordered_map<std::string, std::size_t> hits;
    for (const std::string& word : words_of(text)) {
        ++words;
        std::size_t at = 0;
        if (is_unspaced_script(next_code_point(word, at))) ++unspaced;
        const std::string key = lower(word);
        for (const auto& [language, common] : common_words().by_language) hits[language] += common.contains(key);
    }
    if (words > 0 && unspaced * 2 > words) return "zh";
    std::string best;
    for (const char* language : {"en", "de", "fr", "es", "ru", "el"}) {
        if (hits[language] > (best.empty() ? words / 10 : hits[best])) best = language;
    }
    return best;
}

std::uint64_t stable_hash(std::string_view text, std::uint64_t seed) {
    std::uint64_t hash = 14695981039346656037ull ^ (seed * 0x9E3779B97F4A7C15ull);
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    return hash ^ hash >> 29;
}

}  // namespace longhand::llm::offline
