// UTF-8, as far as text from a provider needs it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace longhand::llm {

inline constexpr char32_t kReplacement = 0xFFFD;

/// The code point at `position`, which moves past it. Broken sequences (overlong ones, surrogates and those past
/// U+10FFFF too) give U+FFFD, one for each maximal broken part. `position` must be inside `text`.
char32_t next_code_point(std::string_view text, std::size_t& position);
void append_utf8(std::string& out, char32_t code_point);

/// The same text with U+FFFD for each broken sequence.
std::string repair_utf8(std::string_view text);

/// The first `limit` code points, and `…` where more follow.
std::string shortened(std::string_view text, std::size_t limit);

/// Ideographs, kana, Hangul, Thai and their like: written without spaces, so that each character counts as a word.
bool is_unspaced_script(char32_t code_point);

}  // namespace longhand::llm
