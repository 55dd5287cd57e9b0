// Text as the index sees it: words, and pairs of characters where words have no spaces between them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace longhand::sources {

/// The text for the index's tokenizer: runs of Han, kana and Hangul become overlapping pairs, and their last character
/// by itself, with blanks between ("中文书" gives "中文 文书 书"); Greek loses its accents; all else stays as it is.
std::string text_for_index(std::string_view text);

/// The distinct terms of any text in the order in which they come, in lower case: words, pairs of CJK characters, and
/// single CJK characters where they stand alone.
std::vector<std::string> search_terms(std::string_view text);

/// A term as an FTS5 string; a single CJK character finds every pair that it starts.
std::string quoted_term(const std::string& term);

}  // namespace longhand::sources
