#include "base/time.h"

#include <charconv>
#include <cstdint>

namespace longhand {
namespace {

using std::chrono::days;

// Parses exactly `width` digits at `at`; -1 for anything else.
int digits(std::string_view text, std::size_t at, std::size_t width) {
    int value = 0;
    for (std::size_t i = at; i < at + width; ++i) {
        if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

// The last `width` digits of a number.
void put_digits(std::string& text, std::size_t at, std::size_t width, std::int64_t value) {
    for (std::size_t i = at + width; i > at; value /= 10) text[--i] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::string format_wall_time(WallTime time) {
    const auto day = std::chrono::floor<days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    // Two of these are in each status of a job, of which many are read.
    std::string text = "0000-00-00T00:00:00.000Z";
    put_digits(text, 0, 4, static_cast<int>(date.year()));
    put_digits(text, 5, 2, static_cast<unsigned>(date.month()));
    put_digits(text, 8, 2, static_cast<unsigned>(date.day()));
    put_digits(text, 11, 2, clock.hours().count());
    put_digits(text, 14, 2, clock.minutes().count());
    put_digits(text, 17, 2, clock.seconds().count());
    put_digits(text, 20, 3, clock.subseconds().count());
    return text;
}

std::optional<WallTime> parse_wall_time(std::string_view text) {
    if (text.size() != 24 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
        text[16] != ':' || text[19] != '.' || text[23] != 'Z') {
        return std::nullopt;
    }
    const int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    const int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    const int millis = digits(text, 20, 3);
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (year < 0 || month < 0 || day < 0 || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59 || millis < 0) {
        return std::nullopt;
    }
    return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} + Seconds{second} +
           Milliseconds{millis};
}

std::optional<Milliseconds> parse_duration(std::string_view text) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || count < 0) return std::nullopt;
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    std::int64_t scale = 0;
    if (unit == "ms") scale = 1;
    if (unit == "s") scale = 1000;
    if (unit == "m") scale = 60'000;
    if (unit == "h") scale = 3'600'000;
    if (unit == "d") scale = 86'400'000;
    constexpr std::int64_t kTenYears = 10LL * 366 * 86'400'000;
    if (scale == 0 || count > kTenYears / scale) return std::nullopt;
    return Milliseconds{count * scale};
}

}  // namespace longhand
