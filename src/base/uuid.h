// Ids of jobs, projects, users and files: UUIDs of version 7 (RFC 9562), so that keys grow with time.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace longhand {

struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    auto operator<=>(const Uuid&) const = default;
    bool is_nil() const { return *this == Uuid{}; }

    /// `0190a2f4-5b1c-7d3e-8f00-0123456789ab`, lower case.
    std::string to_string() const;
    /// The form above in either case, and no other (no braces, no missing hyphens).
    static std::optional<Uuid> parse(std::string_view text);
    /// Version 7: 48 bits of Unix milliseconds, then 74 of the random bits given.
    static Uuid v7(WallTime now, std::uint64_t random_high, std::uint64_t random_low);
};

}  // namespace longhand

template <>
struct std::hash<longhand::Uuid> {
    std::size_t operator()(const longhand::Uuid& id) const noexcept {
        // The last eight bytes are random in every id of ours.
        std::size_t value = 0;
        for (std::size_t i = 8; i < 16; ++i) value = value << 8 | id.bytes[i];
        return value;
    }
};
