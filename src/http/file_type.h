// What an upload is, by its first bytes, and a name for it that is safe to show and to store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace longhand::http {

/// How much of a file's start `media_type_of` wants to see.
inline constexpr std::size_t kSniffBytes = 8 * 1024;

/// A media type for what a source may be: PDF, Word, OpenDocument text, EPUB, and text of any kind (told apart by the
/// name's ending). Nothing for other binary content.
std::optional<std::string> media_type_of(std::string_view first_bytes, std::string_view file_name);

/// The last part of a path, without control characters, well-formed UTF-8, at most 200 code points; "file" when nothing
/// is left.
std::string safe_file_name(std::string_view name);

}  // namespace longhand::http
