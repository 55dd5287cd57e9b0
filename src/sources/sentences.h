// Where sentences end, in scripts that end them with a dot and in those that don't.
#pragma once

#include <string_view>
#include <vector>

namespace longhand::sources {

/// The sentences of `text` (valid UTF-8) in order, without the blanks around them; together they are the whole text but
/// for blanks. A line end ends a sentence. Abbreviations, initials, decimals, numbers of list items and dots inside
/// names do not; of Latin, Greek, Cyrillic, Chinese and Japanese text.
std::vector<std::string_view> split_sentences(std::string_view text);

/// Whether `text` ends as a sentence does, closing quotes and brackets aside.
bool ends_sentence(std::string_view text);

}  // namespace longhand::sources
