// How a command is wrapped: limits, death with its parent, and bubblewrap around it. Pure.
#pragma once

#include <string>
#include <vector>

#include "sandbox/run.h"

namespace longhand::sandbox {

/// The descriptor on which bubblewrap tells the sandbox's first process, and that the program was started and ended.
inline constexpr int kStatusDescriptor = 3;

/// The whole command line. `program` and `command.folder` are absolute.
std::vector<std::string> command_line(const Command& command, const std::string& program);

/// `NAME=value`, all that the child sees.
std::vector<std::string> environment_of(const Command& command);

}  // namespace longhand::sandbox
