// Text helpers that every room needs.
#pragma once

#include <string>
#include <string_view>

namespace longhand {

/// Without ASCII white space (space, tab, line ends) at both ends. A view of `text`.
std::string_view trimmed(std::string_view text);

/// Markdown, within a line, that shows `text` as it stands: what could be a mark is escaped, a line end is a space.
std::string escaped_for_markdown(std::string_view text);

}  // namespace longhand
