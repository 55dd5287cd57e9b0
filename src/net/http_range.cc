#include "net/http_range.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace longhand::net {

namespace {

// Nothing for what is no plain decimal number; one too large to hold is past every end.
std::optional<std::uint64_t> parse_number(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    std::uint64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    return result.ec == std::errc() ? value : UINT64_MAX;
}

std::string_view strong_part(std::string_view etag) {
    etag = trimmed(etag);
    return etag.starts_with("W/") ? etag.substr(2) : etag;
}

RangeAnswer last_bytes(std::uint64_t count, std::uint64_t size) {
    if (count == 0 || size == 0) return {RangeKind::unsatisfiable, {}};
    count = std::min(count, size);
    return {RangeKind::partial, {size - count, count}};
}

}  // namespace

RangeAnswer parse_range(std::string_view header, std::uint64_t size) {
    header = trimmed(header);
    if (!header.starts_with("bytes=")) return {};
    header.remove_prefix(6);
    const auto dash = header.find('-');
    if (dash == std::string_view::npos || header.find(',') != std::string_view::npos) return {};
    const auto first_text = trimmed(header.substr(0, dash)), last_text = trimmed(header.substr(dash + 1));
    const auto first = parse_number(first_text), last = parse_number(last_text);
    if (first_text.empty()) return last ? last_bytes(*last, size) : RangeAnswer{};
    if (!first || (!last && !last_text.empty()) || (last && *last < *first)) return {};
    if (*first >= size) return {RangeKind::unsatisfiable, {}};
    const auto end = last && *last < size - 1 ? *last + 1 : size;
    return {RangeKind::partial, {*first, end - *first}};
}

bool matches_etag(std::string_view if_none_match, std::string_view etag) {
    if (trimmed(if_none_match) == "*") return true;
    while (!if_none_match.empty()) {
        // Entity tags are quoted, and may hold commas.
        const auto open = if_none_match.find('"');
        const auto close = open == std::string_view::npos ? open : if_none_match.find('"', open + 1);
        if (close == std::string_view::npos) return false;
        if (if_none_match.substr(open, close - open + 1) == strong_part(etag)) return true;
        if_none_match.remove_prefix(close + 1);
    }
    return false;
}

}  // namespace longhand::net
