// The log of a process: text or JSON lines on standard error.
#pragma once

#include <spdlog/logger.h>

#include <memory>

#include "cli/values.h"

namespace longhand::cli {

/// By --log-level and --log-format. Errors: wrong.
Value<std::shared_ptr<spdlog::logger>> make_logger(const Options& options);
/// Gives a logger that is in use the same. Errors: wrong, and then it is as it was.
Value<void> set_logger(spdlog::logger& logger, const Options& options);

}  // namespace longhand::cli
