#include "llm/retry.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>

#include "base/text.h"

namespace longhand::llm {
namespace {

constexpr Milliseconds kLongestPause{std::chrono::hours(24 * 30)};

std::optional<WallTime> parse_http_date(std::string_view text) {
    for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
        std::istringstream in{std::string(text)};
        in.imbue(std::locale::classic());
        std::tm fields{};
        in >> std::get_time(&fields, form);
        if (in.fail()) continue;
        return WallTime(std::chrono::duration_cast<Milliseconds>(Seconds(timegm(&fields))));
    }
    return std::nullopt;
}

}  // namespace

Milliseconds backoff_delay(const RetryPolicy& policy, unsigned failures, std::uint64_t random) {
    const unsigned doublings = std::min(failures > 0 ? failures - 1 : 0, 30u);
    const double bound = std::min<double>(policy.backoff_cap.count(),
                                          static_cast<double>(policy.backoff_base.count()) * (1u << doublings));
    const double fraction = static_cast<double>(random >> 11) / static_cast<double>(1ull << 53);
    return Milliseconds(static_cast<std::int64_t>(bound * fraction));
}

std::optional<Milliseconds> parse_retry_after(std::string_view value, WallTime now) {
    value = trimmed(value);
    double seconds = 0;
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), seconds, std::chars_format::fixed);
    if (error == std::errc() && end == value.data() + value.size() && std::isfinite(seconds)) {
        const double bounded = std::clamp(seconds * 1000, 0.0, static_cast<double>(kLongestPause.count()));
        return Milliseconds(static_cast<std::int64_t>(bounded));
    }
    const auto date = parse_http_date(value);
    if (!date) return std::nullopt;
    return std::clamp(*date - now, Milliseconds(0), kLongestPause);
}

std::optional<Failure<LlmErrc>> held_for_too_long(const RateGate& gate, const RetryPolicy& policy,
                                                  std::chrono::nanoseconds held) {
    const auto seconds = [](Milliseconds wait) { return std::to_string(wait.count() / 1000) + " seconds"; };
    if (gate.remaining() > policy.longest_wait) {
        return Failure<LlmErrc>{LlmErrc::unavailable, "The provider allows no request for the next " +
                                                          seconds(gate.remaining()) + " (rate limit)."};
    }
    const Milliseconds wait = gate.expected_wait();
    if (wait <= Milliseconds(0) || held + wait <= policy.longest_held) return std::nullopt;
    return Failure<LlmErrc>{LlmErrc::unavailable,
                            "The provider's rate limit would hold this call back for another " + seconds(wait) +
                                ": run fewer jobs at once, or ask the provider for a higher limit."};
}

}  // namespace longhand::llm
