#include "http/stream_id.h"

#include <fmt/format.h>

#include <charconv>

#include "job/step_key.h"

namespace longhand::http {
namespace {

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

}  // namespace

std::string StreamId::to_string() const {
    return key.empty() ? std::to_string(seq) : fmt::format("{}:{}:{}:{}", seq, attempt, offset, key);
}

std::optional<StreamId> StreamId::parse(std::string_view text) {
    StreamId id;
    if (!take_number(text, id.seq) || id.seq < 0) return std::nullopt;
    if (text.empty()) return id;
    if (!take_number(text, id.attempt) || !take_number(text, id.offset) || !job::is_step_key(text)) return std::nullopt;
    id.key = text;
    return id;
}

}  // namespace longhand::http
