// Text helpers that every room needs.
#pragma once

#include <string_view>

namespace longhand {

/// Without ASCII white space (space, tab, line ends) at both ends. A view of `text`.
std::string_view trimmed(std::string_view text);

}  // namespace longhand
