// Bytes of unknown encoding to UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace longhand::sources {

/// Valid UTF-8 without a byte order mark, without NULs and other control characters, line ends as \n (form feeds stay).
/// Reads UTF-16 and UTF-32 with their marks, UTF-8, and else `charset` where it names an encoding that is known here,
/// else Windows-1252 (Latin-1 and more). Nothing when the bytes are no text: NULs, or many control characters.
std::optional<std::string> to_utf8(std::string_view bytes, std::string_view charset = {});

/// The encoding that an HTML or XML page claims in its first kilobytes; empty when it claims none.
std::string claimed_charset(std::string_view bytes);

}  // namespace longhand::sources
