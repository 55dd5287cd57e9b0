// The two kinds of time. Wall time is for people and for the table; steady time is for deadlines.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace longhand {

using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

/// UTC, whole milliseconds since 1970: what is stored and shown.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Monotonic, of this process only: never stored, never sent.
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// `2025-07-17T10:55:32.134Z` (RFC 3339, always with three decimals and Z).
std::string format_wall_time(WallTime time);

/// The reverse, and nothing else than that form.
std::optional<WallTime> parse_wall_time(std::string_view text);

/// `250ms`, `2s`, `15m`, `24h`, `7d`: a whole number and a unit. Nothing for anything else, negative or past 10 years.
std::optional<Milliseconds> parse_duration(std::string_view text);

}  // namespace longhand
