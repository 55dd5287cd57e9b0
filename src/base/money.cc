#include "base/money.h"

#include <fmt/format.h>

#include <cmath>

namespace longhand {

std::optional<UsdMicros> UsdMicros::from_usd(double usd) {
    if (!std::isfinite(usd) || usd < 0 || usd > kMostUsd) return std::nullopt;
    return UsdMicros{std::llround(usd * 1e6)};
}

std::string format_usd(UsdMicros amount) {
    constexpr std::int64_t kCent = 10'000;
    const int places = amount.value % kCent == 0 ? 2 : 6;
    return fmt::format("${:.{}f}", amount.usd(), places);
}

}  // namespace longhand
