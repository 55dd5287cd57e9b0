// What an upload is, by its first bytes, and a name for it that is safe to show and to store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sources/kind.h"

namespace longhand::http {

/// How much of a file's start `media_type_of` wants to see.
inline constexpr std::size_t kSniffBytes = sources::kStartBytes;

/// Of a file's name; what file systems take.
inline constexpr std::size_t kMostNameCharacters = 255;

/// A media type for what a source may be: PDF, Word, OpenDocument text, EPUB, RTF, HTML, and text of any kind (what
/// kind, the name's ending says). Nothing for what can't be read as a source, whatever it is called.
std::optional<std::string> media_type_of(std::string_view first_bytes, std::string_view file_name);
/// Completes "'NAME' …" for a file that has no type.
std::string unreadable_because(std::string_view first_bytes);

/// What is wrong with a name as a client sent it: leads up out of a folder, is too long, holds a NUL or marks of the
/// direction of writing. Completes "A file's name …".
std::optional<std::string> file_name_problem(std::string_view name);

/// The last part of a path, without control characters, well-formed UTF-8, at most `kMostNameCharacters` code points;
/// "file" when nothing is left.
std::string safe_file_name(std::string_view name);

}  // namespace longhand::http
