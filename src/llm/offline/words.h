// Words: what the offline model counts. Lower-casing for Latin, Greek and Cyrillic; English endings cut off; the words
// that say nothing left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace longhand::llm::offline {

bool is_letter(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
char32_t to_lower(char32_t c);
std::string lower(std::string_view text);

/// Words as they stand. A character of a script without spaces is a word of its own; `_`, `'` and inner `-` belong to
/// words.
std::vector<std::string> words_of(std::string_view text);
std::size_t count_words(std::string_view text);

/// Without plural and verb endings, lower-case: good enough to see that `leases` and `lease` are one.
std::string stem(std::string_view word);

/// Articles, pronouns, prepositions, auxiliary verbs: of English, German, French, Spanish, Russian and Greek.
bool is_common(std::string_view lower_word);

/// `en`, `de`, `fr`, `es`, `ru`, `el`, `zh`, or empty where the text does not tell.
std::string guess_language(std::string_view text);

/// Stable over machines and versions (FNV-1a, 64 bit).
std::uint64_t stable_hash(std::string_view text, std::uint64_t seed = 0);

}  // namespace longhand::llm::offline
