// Web pages, and XML of any kind: what a reader of the page would read.
#pragma once

#include <string_view>

#include "sources/block.h"

namespace longhand::sources {

/// `text` must come from to_utf8. Navigation, scripts, forms, side notes and page feet are left out; where the page
/// marks its main part, that alone is read. Nothing comes back of a page that is built to blow up a parser.
ReadText read_html(std::string_view text);

}  // namespace longhand::sources
