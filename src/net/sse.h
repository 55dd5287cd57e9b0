// Server-sent events, both ways (WHATWG HTML, "Server-sent events").
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace longhand::net {

struct SseEvent {
    std::string id;
    std::string event;  ///< empty: "message"
    std::string data;   ///< lines joined by \n
};

/// One event as it goes over the wire, with its empty line. `data` may hold newlines.
std::string format_sse(const SseEvent& event);
/// A comment line, which keeps a silent connection alive.
std::string format_sse_comment(std::string_view text);

/// Pieces in, events out. Takes CR, LF and CRLF, a BOM, comments; an event longer than `limit` bytes makes `feed`
/// false, for good. An event's id is the last one that came, as the standard has it; `retry` is not looked at.
class SseParser {
public:
    explicit SseParser(std::function<void(SseEvent)> sink, std::size_t limit = 4 * 1024 * 1024);
    [[nodiscard]] bool feed(std::string_view piece);

private:
    bool take_line(std::string_view line);
    void take_break(std::string_view& piece, std::size_t at);
    void dispatch();

    std::function<void(SseEvent)> sink_;
    std::size_t limit_;
    std::string line_;
    SseEvent event_;
    std::string last_id_;
    bool has_data_ = false;
    bool after_cr_ = false;
    bool at_start_ = true;
    bool failed_ = false;
};

}  // namespace longhand::net
