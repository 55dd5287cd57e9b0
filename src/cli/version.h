#pragma once

#include <string>

namespace longhand::cli {

/// `0.1.0 (1a2b3c4)`: the version, and the commit it was built from where that is known.
std::string version_text();

}  // namespace longhand::cli
