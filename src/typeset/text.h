// Text as it comes, made fit for every output: valid UTF-8 without what no reader can see.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace longhand::typeset {

/// The code point at `position`, which moves behind it; U+FFFD, and one byte further, where there is none.
char32_t next_code_point(std::string_view text, std::size_t& position);
void append_utf8(std::string& text, char32_t code);

/// Valid UTF-8 with `\n` for every line end: no control characters but tab and newline, no byte order mark, no
/// bidirectional overrides (they show other words than they hold), no variation selectors (no font of ours has them).
/// What is no UTF-8 is U+FFFD.
std::string cleaned(std::string_view text);
/// The same in one line, white space at its ends removed.
std::string cleaned_line(std::string_view text);

}  // namespace longhand::typeset
