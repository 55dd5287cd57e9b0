// Words, sentences and scripts of UTF-8 text: what the measures, the digest and the assembly count and cut by.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace longhand::writing {

/// Valid UTF-8 without control characters but newline and tab; CRLF is newline, what is no UTF-8 is U+FFFD.
std::string sanitized(std::string_view text);

/// Words as pages hold them: what stands between spaces and has a letter or digit; in scripts without spaces two
/// characters are one word. Citations (`[@key]`) and cross-references (`[#3.2]`) are none.
std::int64_t count_words(std::string_view text);

/// Lower-case letters and digits, without markup and citations: for comparing texts. A character of a script without
/// spaces is a word of its own.
std::vector<std::string> folded_words(std::string_view text);

/// The sentences of one paragraph, in order, each with the citations that follow its full stop. Joined by one space
/// they give the paragraph, but for spacing.
std::vector<std::string_view> sentences(std::string_view paragraph);
/// Whether a paragraph ends as a sentence does: a full stop or its like, then closing marks and citations at most.
bool ends_as_sentence(std::string_view paragraph);
/// Where the marks begin that end `sentence`, a full stop or its like or a colon, then closing marks at most: what
/// belongs to the sentence goes before them. Its size when it ends without them, or in a link or in code.
std::size_t end_marks(std::string_view sentence);

enum class Script { latin, cyrillic, greek, han, kana, hangul, arabic, hebrew, devanagari, other, none };
/// The script of most of its letters; kana wins over Han.
Script main_script(std::string_view text);
/// Of a BCP 47 tag; Latin for those it does not know.
Script script_of_language(std::string_view language);
/// A likely BCP 47 tag for text in that script.
std::string_view language_of_script(Script script);
/// Han and kana are written together.
bool same_script(Script a, Script b);

std::vector<std::string_view> lines_of(std::string_view text);
bool starts_with_folded(std::string_view text, std::string_view lower_case_prefix);
std::string lower_ascii(std::string_view text);
/// At most `bytes` of it, cut between words, with an ellipsis when something is missing.
std::string shortened(std::string_view text, std::size_t bytes);
std::string without_citations(std::string_view text);

/// About how many tokens a text is, for bounding prompts: a third of its ASCII bytes, one for any other character.
std::size_t estimate_tokens(std::string_view text);

/// The code point at `at`, which moves past it. The text is valid UTF-8.
char32_t next_code_point(std::string_view text, std::size_t& at);
void append_utf8(std::string& out, char32_t code_point);
bool is_word_char(char32_t c);
bool is_unspaced(char32_t c);  ///< of a script that does not put spaces between words

}  // namespace longhand::writing
