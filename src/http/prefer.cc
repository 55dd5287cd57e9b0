#include "http/prefer.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "http/text.h"

namespace longhand::http {
namespace {

/// Cuts off and gives the part of `text` before the first `mark` that is not in quotes.
std::string_view part_before(std::string_view& text, char mark) {
    bool is_quoted = false;
    std::size_t at = 0;
    for (; at < text.size(); ++at) {
        if (is_quoted && text[at] == '\\' && at + 1 < text.size())
            ++at;
        else if (text[at] == '"')
            is_quoted = !is_quoted;
        else if (text[at] == mark && !is_quoted)
            break;
    }
    const std::string_view part = text.substr(0, at);
    text.remove_prefix(std::min(text.size(), at + 1));
    return part;
}

std::optional<Seconds> wait_of(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    const bool is_number = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
    if (!is_number) return std::nullopt;
    std::int64_t seconds = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
    // More digits than a number can hold is longer than the longest, too.
    return parsed.ec == std::errc() ? std::min(Seconds(seconds), kLongestWait) : kLongestWait;
}

}  // namespace

std::optional<Seconds> preferred_wait(const boost::beast::http::fields& headers) {
    const auto [first, last] = headers.equal_range("Prefer");
    for (auto header = first; header != last; ++header) {
        std::string_view list = header->value();
        while (!list.empty()) {
            std::string_view preference = part_before(list, ',');
            // What follows a semicolon are the preference's parameters; `wait` has none.
            std::string_view value = part_before(preference, ';');
            const std::string_view name = trimmed(part_before(value, '='));
            if (equal_ignoring_case(name, "wait")) return wait_of(trimmed(value));
        }
    }
    return std::nullopt;
}

}  // namespace longhand::http
