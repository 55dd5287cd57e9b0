#include "http/stream_id.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

#include "job/step_key.h"

namespace longhand::http {
namespace {

// More than a job writes side by side; a head's limit is not far above.
constexpr std::size_t kMostPlaces = 256;

/// The number up to the next colon or the end, which it takes away with it.
template <class T>
bool take_number(std::string_view& text, T& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) return true;
    if (text.front() != ':') return false;
    text.remove_prefix(1);
    return !text.empty();
}

std::optional<engine::TextPlace> parse_place(std::string_view text) {
    engine::TextPlace place;
    if (!take_number(text, place.attempt) || !take_number(text, place.offset) || !job::is_step_key(text))
        return std::nullopt;
    place.key = text;
    return place;
}

}  // namespace

std::string StreamId::to_string() const {
    std::string text = std::to_string(seq);
    char divider = ':';
    for (const engine::TextPlace& place : places) {
        fmt::format_to(std::back_inserter(text), "{}{}:{}:{}", divider, place.attempt, place.offset, place.key);
        divider = ',';
    }
    return text;
}

std::optional<StreamId> StreamId::parse(std::string_view text) {
    StreamId id;
    if (!take_number(text, id.seq) || id.seq < 0) return std::nullopt;
    for (bool more = !text.empty(); more;) {
        const auto comma = text.find(',');
        auto place = parse_place(text.substr(0, comma));
        if (!place || id.places.size() == kMostPlaces) return std::nullopt;
        id.places.push_back(std::move(*place));
        more = comma != text.npos;
        text.remove_prefix(more ? comma + 1 : text.size());
    }
    return id;
}

}  // namespace longhand::http
