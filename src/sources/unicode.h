// Code points, and the few facts about them that cutting and indexing text need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace longhand::sources {

struct CodePoint {
    char32_t value = 0;
    std::size_t size = 1;  ///< bytes
    bool valid = false;    ///< false: `value` is U+FFFD and `size` is 1
};

/// The code point at `at`, which must be inside `text`. Strict: no overlong forms, no surrogates.
CodePoint decode_at(std::string_view text, std::size_t at);
/// The last code point of `text`, U+0000 when it is empty. `text` must be valid UTF-8.
char32_t last_code_point(std::string_view text);
char32_t first_code_point(std::string_view text);
void append_utf8(std::string& text, char32_t code_point);

/// Of scripts that are written without spaces or that are searched by pairs of characters: Han, kana, Hangul.
bool is_cjk(char32_t c);
/// Letters and digits of any script; what is not known to be space, punctuation or a symbol counts as a letter.
bool is_word(char32_t c);
/// The same of a byte of UTF-8, where what is no ASCII counts as a letter.
bool is_word_byte(char c);
bool is_space(char32_t c);
/// Small letters of Latin, Greek and Cyrillic.
bool is_lower(char32_t c);
bool is_upper(char32_t c);
bool is_greek(char32_t c);
/// Simple lower case of Latin-1, Greek and Cyrillic; others as they are.
char32_t fold_case(char32_t c);

/// Runs of letters and digits; two CJK characters count as one.
std::size_t count_words(std::string_view text);
/// Spaces, tabs, line ends and no-break spaces in a row become one space; none at the ends. Soft hyphens and zero-width
/// marks go.
std::string squeeze(std::string_view text);
std::string_view trim(std::string_view text);
std::string lower_ascii(std::string_view text);
/// The longest beginning of at most `bytes` that ends with a whole code point.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes);

}  // namespace longhand::sources
