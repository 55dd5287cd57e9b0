#include "net/sse.h"

#include <utility>

namespace longhand::net {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// A line break or a NUL inside a field would end it or void it at the other end.
void append_field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    for (const char c : value) {
        if (c != '\r' && c != '\n' && c != '\0') out += c;
    }
    out += '\n';
}

// Calls `take` for each line of `text`, split at LF, CR and CRLF as the receiving parser splits.
template <class Take>
void for_each_line(std::string_view text, Take take) {
    while (true) {
        const auto end = text.find_first_of("\r\n");
        take(text.substr(0, end));
        if (end == std::string_view::npos) return;
        text.remove_prefix(text.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
    }
}

}  // namespace

std::string format_sse(const SseEvent& event) {
    std::string out;
    out.reserve(event.data.size() + event.id.size() + event.event.size() + 32);
    if (!event.id.empty()) append_field(out, "id", event.id);
    if (!event.event.empty()) append_field(out, "event", event.event);
    for_each_line(event.data, [&out](std::string_view line) {
        out += "data: ";
        out += line;
        out += '\n';
    });
    out += '\n';
    return out;
}

std::string format_sse_comment(std::string_view text) {
    std::string out;
    for_each_line(text, [&out](std::string_view line) {
        out += ": ";
        out += line;
        out += '\n';
    });
    out += '\n';
    return out;
}

SseParser::SseParser(std::function<void(SseEvent)> sink, std::size_t limit) : sink_(std::move(sink)), limit_(limit) {}

bool SseParser::feed(std::string_view piece) {
    if (after_cr_ && !piece.empty()) {
        after_cr_ = false;
        if (piece.front() == '\n') piece.remove_prefix(1);
    }
    while (!failed_ && !piece.empty()) {
        const auto end = piece.find_first_of("\r\n");
        const auto part = piece.substr(0, end);
        // The first part of the sum is bounded by earlier rounds, so it does not wrap.
        failed_ = line_.size() + event_.data.size() + part.size() > limit_;
        if (failed_) break;
        line_ += part;
        if (end == std::string_view::npos) break;
        take_break(piece, end);
        const std::string line = std::exchange(line_, {});
        failed_ = !take_line(line);
    }
    return !failed_;
}

void SseParser::take_break(std::string_view& piece, std::size_t at) {
    const bool is_cr = piece[at] == '\r';
    piece.remove_prefix(at + 1);
    if (!is_cr) return;
    // The LF of a CRLF may come with the next piece; the line ends now all the same.
    if (piece.empty()) {
        after_cr_ = true;
    } else if (piece.front() == '\n') {
        piece.remove_prefix(1);
    }
}

bool SseParser::take_line(std::string_view line) {
    if (std::exchange(at_start_, false) && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
    if (line.empty()) {
        dispatch();
        return true;
    }
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "data") {
        if (std::exchange(has_data_, true)) event_.data += '\n';
        event_.data += value;
    } else if (name == "event") {
        event_.event = value;
    } else if (name == "id" && value.find('\0') == std::string_view::npos) {
        last_id_ = value;
    }
    return event_.data.size() <= limit_;
}

void SseParser::dispatch() {
    SseEvent event = std::exchange(event_, {});
    if (!std::exchange(has_data_, false)) return;
    event.id = last_id_;
    sink_(std::move(event));
}

}  // namespace longhand::net
