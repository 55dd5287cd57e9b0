// Bash completion.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace longhand::cli {

/// A script for Bash 4 and later that completes the names of `commands`, their options, the words that an option takes,
/// and files and folders where FILE and DIR stand. It asks nothing of the program as it runs.
std::string bash_completion(const std::vector<Command>& commands);

}  // namespace longhand::cli
