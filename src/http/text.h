// Small questions about text from outside.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"

namespace longhand::http {

/// The first byte that is not part of well-formed UTF-8 (no surrogates, no overlong forms); nothing when all is well.
std::optional<std::size_t> invalid_utf8_at(std::string_view text);
/// Bytes of the well-formed character at the start of `text`, which is not empty; 0 when there is none.
std::size_t character_length(std::string_view text);
/// Of well-formed UTF-8.
std::size_t code_points(std::string_view text);
/// At most 40 code points, control characters as `?`: for a sentence that repeats what was sent.
std::string clipped(std::string_view text);
/// "a string", "an array", ...
std::string_view kind_of(const boost::json::value& value);
/// Of a value that is a string.
std::string_view view(const boost::json::value& value);
/// ASCII, without case.
bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string lower_case(std::string_view text);

}  // namespace longhand::http
