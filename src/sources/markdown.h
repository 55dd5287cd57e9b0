// Markdown, as GitHub reads it: headings, tables and lists become plain text with its places.
#pragma once

#include <string_view>

#include "sources/block.h"

namespace longhand::sources {

/// `text` must come from to_utf8. YAML and TOML front matter is skipped but for its title. A text that is built to blow
/// up a parser (nesting, tables, endless lines) is read as plain text.
ReadText read_markdown(std::string_view text);

}  // namespace longhand::sources
