#include "llm/retry.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>

namespace longhand::llm {
namespace {

constexpr Milliseconds kLongestPause{std::chrono::hours(24 * 30)};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

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

void RateGate::close_for(Milliseconds pause) {
    const SteadyTime until = runtime_.steady_now() + pause;
    if (until <= open_at_) return;
    open_at_ = until;
    spread_ = std::min(pause / 10, Milliseconds(2'000));
}

Milliseconds RateGate::remaining() const {
    const auto left = open_at_ - runtime_.steady_now();
    return std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(left));
}

awaitable<WaitResult> RateGate::pass(StopToken stop) {
    while (runtime_.steady_now() < open_at_) {
        const auto spread = std::chrono::nanoseconds(spread_) * (runtime_.random() % 1024) / 1024;
        const WaitResult result = co_await runtime_.sleep_until(open_at_ + spread, stop);
        if (result == WaitResult::stopped) co_return result;
    }
    co_return WaitResult::elapsed;
}

}  // namespace longhand::llm
