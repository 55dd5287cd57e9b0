// Text helpers that every room needs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace longhand {

/// Without the characters of `blanks`, white space, at both ends. A view of `text`.
std::string_view trimmed(std::string_view text, std::string_view blanks = " \t\r\n");

/// The words between commas, trimmed; those of which nothing is left are passed over. Views of `text`.
std::vector<std::string_view> comma_separated(std::string_view text);

/// Markdown, within a line, that shows `text` as it stands: what could be a mark is escaped, a line end is a space.
std::string escaped_for_markdown(std::string_view text);

}  // namespace longhand
