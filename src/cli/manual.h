// The manual page.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace longhand::cli {

/// longhand(1), in the man macros of groff: every command with its options, its example, and where options come from.
std::string manual_page(const std::vector<Command>& commands);

}  // namespace longhand::cli
