// Amounts of money, in whole millionths of a US dollar: sums of them are exact.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace longhand {

struct UsdMicros {
    std::int64_t value = 0;

    auto operator<=>(const UsdMicros&) const = default;
    UsdMicros& operator+=(UsdMicros other) {
        value += other.value;
        return *this;
    }
    UsdMicros& operator-=(UsdMicros other) {
        value -= other.value;
        return *this;
    }
    friend UsdMicros operator+(UsdMicros a, UsdMicros b) { return {a.value + b.value}; }
    friend UsdMicros operator-(UsdMicros a, UsdMicros b) { return {a.value - b.value}; }

    double usd() const { return static_cast<double>(value) / 1e6; }
    /// Rounded to the nearest millionth. Nothing for what is no amount to pay: negative, not finite, or more than
    /// `kMostUsd`.
    static std::optional<UsdMicros> from_usd(double usd);
};

/// A bound far from where sums of amounts would overflow.
inline constexpr double kMostUsd = 1e9;

/// `$0.00`, `$12.50`, and all six places where two would hide something: `$0.001234`.
std::string format_usd(UsdMicros amount);

}  // namespace longhand
