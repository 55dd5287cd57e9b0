#include "http/text.h"

#include <algorithm>

namespace longhand::http {
namespace {

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

// Unicode 15, table 3-7.
std::size_t character_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(text[i])) return 0;
    }
    const unsigned second = byte(1);
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
    if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
    return length;
}

std::optional<std::size_t> invalid_utf8_at(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character_length(text.substr(at));
        if (length == 0) return at;
        at += length;
    }
    return std::nullopt;
}

std::size_t code_points(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

std::string clipped(std::string_view text) {
    std::string out;
    std::size_t at = 0, count = 0;
    while (at < text.size() && count < 40) {
        const std::size_t length = character_length(text.substr(at));
        const bool shown = length > 1 || (length == 1 && text[at] >= ' ' && text[at] != 0x7f);
        out += shown ? text.substr(at, length) : std::string_view("?");
        at += std::max<std::size_t>(length, 1);
        ++count;
    }
    if (at < text.size()) out += "…";
    return out;
}

std::string_view view(const boost::json::value& value) {
    const auto& text = value.get_string();
    return {text.data(), text.size()};
}

std::string_view kind_of(const boost::json::value& value) {
    using boost::json::kind;
    switch (value.kind()) {
        case kind::null:
            return "null";
        case kind::bool_:
            return "a boolean";
        case kind::int64:
        case kind::uint64:
        case kind::double_:
            return "a number";
        case kind::string:
            return "a string";
        case kind::array:
            return "an array";
        case kind::object:
            return "an object";
    }
    return "something else";
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), to_lower);
    return out;
}

}  // namespace longhand::http
