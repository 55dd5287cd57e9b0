// What a store counts of its own work, since the process started.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "base/histogram.h"
#include "store/errors.h"

namespace longhand::store {

struct Figures {
    std::int64_t count = 0;
    std::chrono::nanoseconds time{};
};
/// By the names of verbs or queries: literals of the program, so that their number is bounded.
using FiguresByName = std::map<std::string_view, Figures>;

struct WriteStats {
    std::int64_t commits = 0;
    std::int64_t operations = 0;      ///< in those commits
    std::int64_t failed_commits = 0;  ///< transactions of which nothing was kept
    /// What the last commit that failed said, until one has written something again.
    std::optional<StoreFailure> problem;
    std::int64_t waiting = 0;    ///< operations that no transaction has taken yet, now
    FiguresByName by_operation;  ///< all that were run; the commit's time is not in it
    Histogram commit_operations{{1, 2, 4, 8, 16, 32, 64, 128, 256}};
    /// Seconds from the last write of a transaction to its being durable: what the disk takes.
    Histogram commit_seconds{{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}};
};

}  // namespace longhand::store
