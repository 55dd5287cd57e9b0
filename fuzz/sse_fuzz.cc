// Event streams both ways: what a provider sends read in pieces of any size, and what the server writes read back.
#include <string>
#include <vector>

#include "fuzz/target.h"
#include "net/sse.h"

namespace longhand::fuzz {
namespace {

using net::SseEvent;

// Small, so that inputs reach it.
constexpr std::size_t kLimit = 64;

struct Heard {
    std::vector<SseEvent> events;
    bool whole = true;
};

bool same(const SseEvent& a, const SseEvent& b) {
    return a.id == b.id && a.event == b.event && a.data == b.data;
}

bool same(const Heard& a, const Heard& b) {
    if (a.whole != b.whole || a.events.size() != b.events.size()) return false;
    for (std::size_t i = 0; i < a.events.size(); ++i) {
        if (!same(a.events[i], b.events[i])) return false;
    }
    return true;
}

// Pieces of `size` bytes, the first one of `first`.
Heard hear(std::string_view stream, std::size_t first, std::size_t size, std::size_t limit) {
    Heard heard;
    net::SseParser parser([&heard](SseEvent event) { heard.events.push_back(std::move(event)); }, limit);
    bool has_failed = false;
    for (std::size_t wanted = first; !stream.empty(); wanted = size) {
        const std::string_view piece = stream.substr(0, wanted);
        stream.remove_prefix(piece.size());
        const std::size_t before = heard.events.size();
        heard.whole = parser.feed(piece);
        require(!(has_failed && heard.whole), "a stream that was refused stays refused");
        require(!has_failed || heard.events.size() == before, "a stream that was refused gives no event");
        has_failed = !heard.whole;
    }
    return heard;
}

void read_in_pieces(std::string_view stream) {
    const Heard at_once = hear(stream, stream.size(), 1, kLimit);
    for (const SseEvent& event : at_once.events) {
        require(event.data.size() <= kLimit, "no event is longer than the limit");
        require(event.id.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "an id is one line");
        require(event.event.find_first_of("\r\n") == std::string::npos, "an event's name is one line");
        require(event.data.find('\r') == std::string::npos, "lines of data are joined by LF alone");
    }
    require(same(at_once, hear(stream, 1, 1, kLimit)), "a stream in single bytes is the stream");
    // A long one at some places only, for the time that it takes.
    for (std::size_t cut = 1; cut < stream.size(); cut += stream.size() / 64 + 1)
        require(same(at_once, hear(stream, cut, stream.size(), kLimit)), "a stream in two pieces is the stream");
}

std::string without(std::string_view text, std::string_view dropped) {
    std::string kept;
    for (const char c : text) {
        if (dropped.find(c) == std::string_view::npos) kept += c;
    }
    return kept;
}

std::string with_line_feeds(std::string_view text) {
    std::string lines;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_cr = text[i] == '\r';
        lines += is_cr ? '\n' : text[i];
        if (is_cr && i + 1 < text.size() && text[i + 1] == '\n') ++i;
    }
    return lines;
}

void write_and_read(const SseEvent& event) {
    constexpr std::size_t kRoomy = 1 << 20;
    const std::string stream = net::format_sse_comment(event.data) + net::format_sse(event) + net::format_sse({});
    const Heard heard = hear(stream, stream.size(), 1, kRoomy);
    require(heard.whole && heard.events.size() == 2, "an event that is written is one event, and a comment is none");
    const SseEvent wanted{without(event.id, std::string_view("\r\n\0", 3)),
                          without(event.event, std::string_view("\r\n\0", 3)), with_line_feeds(event.data)};
    require(same(heard.events[0], wanted), "an event that is written is read as it was");
    require(heard.events[1].data.empty() && heard.events[1].event.empty(), "the next event has nothing of the last");
}

}  // namespace
}  // namespace longhand::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace longhand::fuzz;
    const std::string_view stream = as_text(data, size);
    read_in_pieces(stream);
    std::string_view rest = stream;
    longhand::net::SseEvent event;
    event.id = take_until(rest, "|");
    event.event = take_until(rest, "|");
    event.data = rest;
    write_and_read(event);
    return 0;
}
