// Web pages, and XML of any kind: what a reader of the page would read.
#pragma once

#include <optional>
#include <string_view>

#include "sources/block.h"

namespace longhand::sources {

/// `text` must come from to_utf8. Navigation, scripts, forms, side notes and page feet are left out; where the page
/// marks its main part, that alone is read. Nothing for a page that nests deeper than a parser can follow.
std::optional<ReadText> read_html(std::string_view text);

}  // namespace longhand::sources
