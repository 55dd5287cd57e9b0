#include "sources/encoding.h"

#include <iconv.h>

#include <algorithm>
#include <array>

#include "sources/unicode.h"

namespace longhand::sources {
namespace {

/// Windows-1252's 0x80 to 0x9F; 0 where it has none.
constexpr std::array<char32_t, 32> kWindows1252 = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                                   0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

std::string from_windows_1252(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() + bytes.size() / 8);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        const bool high = byte >= 0x80 && byte < 0xA0;
        const char32_t value = high ? kWindows1252[byte - 0x80] : byte;
        append_utf8(out, value == 0 && high ? U'\uFFFD' : value);
    }
    return out;
}

/// UTF-16 or UTF-32 of `unit` bytes; bad units become U+FFFD.
std::string from_wide(std::string_view bytes, std::size_t unit, bool big_endian) {
    const auto unit_at = [&](std::size_t at) {
        char32_t value = 0;
        for (std::size_t i = 0; i < unit; ++i) {
            const auto byte = static_cast<unsigned char>(bytes[at + (big_endian ? i : unit - 1 - i)]);
            value = value << 8 | byte;
        }
        return value;
    };
    std::string out;
    for (std::size_t at = 0; at + unit <= bytes.size(); at += unit) {
        char32_t value = unit_at(at);
        if (unit == 2 && value >= 0xD800 && value < 0xDC00 && at + 4 <= bytes.size()) {
            const char32_t low = unit_at(at + 2);
            if (low >= 0xDC00 && low < 0xE000) {
                value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
                at += 2;
            }
        }
        const bool bad = value > 0x10FFFF || (value >= 0xD800 && value < 0xE000);
        append_utf8(out, bad ? U'\uFFFD' : value);
    }
    return out;
}

std::optional<std::string> by_iconv(std::string_view bytes, std::string_view charset) {
    const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_'; };
    if (charset.empty() || charset.size() > 30 || !std::all_of(charset.begin(), charset.end(), plain)) return {};
    const iconv_t converter = ::iconv_open("UTF-8", std::string(charset).c_str());
    if (converter == reinterpret_cast<iconv_t>(-1)) return {};
    std::string out(bytes.size() * 4 + 16, '\0'), in(bytes);
    char *from = in.data(), *to = out.data();
    std::size_t from_left = in.size(), to_left = out.size();
    while (from_left > 0 && ::iconv(converter, &from, &from_left, &to, &to_left) == static_cast<std::size_t>(-1)) {
        if (errno != EILSEQ || to_left == 0) break;
        *to++ = '?', --to_left;
        ++from, --from_left;
    }
    ::iconv_close(converter);
    out.resize(out.size() - to_left);
    return out;
}

/// UTF-8 with here and there a bad byte is UTF-8; text of single bytes above 127 is not.
bool mostly_utf8(std::string_view bytes) {
    std::size_t good = 0, bad = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        const auto c = decode_at(bytes, at);
        at += c.size;
        good += c.valid && c.size > 1;
        bad += !c.valid;
    }
    return bad == 0 || good > 8 * bad;
}

bool looks_binary(std::string_view bytes) {
    if (bytes.find('\0') != std::string_view::npos) return true;
    const auto control = std::count_if(bytes.begin(), bytes.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 32 && (byte < 8 || byte > 13) && byte != 27;
    });
    return static_cast<std::size_t>(control) * 100 > bytes.size() + 200;
}

/// What `to_utf8` promises of its result.
std::string clean(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto c = decode_at(text, at);
        if (c.value == '\r') {
            if (at + 1 >= text.size() || text[at + 1] != '\n') out.push_back('\n');
        } else if (c.value >= 32 ? c.value != 127 : c.value == '\n' || c.value == '\t' || c.value == '\f') {
            append_utf8(out, c.value);
        }
        at += c.size;
    }
    return out;
}

}  // namespace

std::optional<std::string> to_utf8(std::string_view bytes, std::string_view charset) {
    using namespace std::string_view_literals;
    if (bytes.starts_with("\xFF\xFE\0\0"sv)) return clean(from_wide(bytes.substr(4), 4, false));
    if (bytes.starts_with("\0\0\xFE\xFF"sv)) return clean(from_wide(bytes.substr(4), 4, true));
    if (bytes.starts_with("\xFF\xFE"sv)) return clean(from_wide(bytes.substr(2), 2, false));
    if (bytes.starts_with("\xFE\xFF"sv)) return clean(from_wide(bytes.substr(2), 2, true));
    if (bytes.starts_with("\xEF\xBB\xBF"sv)) bytes.remove_prefix(3);
    if (looks_binary(bytes)) return std::nullopt;
    if (mostly_utf8(bytes)) return clean(bytes);
    if (const auto converted = by_iconv(bytes, charset)) return clean(*converted);
    return clean(from_windows_1252(bytes));
}

std::string claimed_charset(std::string_view bytes) {
    const std::string head = lower_ascii(bytes.substr(0, 4096));
    for (const std::string_view mark : {"charset=", "encoding="}) {
        const auto found = head.find(mark);
        if (found == std::string::npos) continue;
        auto rest = std::string_view(head).substr(found + mark.size());
        if (!rest.empty() && (rest.front() == '"' || rest.front() == '\'')) rest.remove_prefix(1);
        return std::string(rest.substr(0, rest.find_first_of("\"' >;/?")));
    }
    return {};
}

}  // namespace longhand::sources
