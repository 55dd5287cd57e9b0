// Files that a person names.
#pragma once

#include <string>

namespace longhand::cli {

/// Why `file` can't be read as one: "there is no such file", "it is a folder", ...; empty when it can. Does not wait
/// for a FIFO's writer.
std::string reason_not_to_read(const std::string& file);

}  // namespace longhand::cli
