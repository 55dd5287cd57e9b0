// Whole files, read and written at once.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace longhand::typeset {

/// False when the file can't be written whole.
bool write_file(const std::filesystem::path& path, std::string_view text);
/// Nothing when it can't be read.
std::optional<std::string> read_file(const std::filesystem::path& path);

}  // namespace longhand::typeset
