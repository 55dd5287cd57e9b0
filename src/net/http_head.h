// The heads of HTTP/1.1 messages as a server sees them: pure functions from bytes to a request, and from an answer to
// bytes. What RFC 9112 lets a server refuse because two readers could understand it differently is refused here.
#pragma once

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_server.h"

namespace longhand::net {

/// Why a request is turned down before any handler sees it.
struct Refusal {
    http::status status = http::status::bad_request;
    std::string code = "bad_request";
    std::string sentence;
};

/// The answer with the JSON error body `{"error", "message", "code"}`.
HttpResponse refusal_response(const Refusal& refusal);

/// Finds the end of a head in a growing buffer, and refuses bytes that no head may hold (bare CR or LF, folded lines,
/// control characters) before anything interprets them.
class HeadScanner {
public:
    enum class State { more, whole, bad };

    /// `buffer` begins with the head and is that of the last call, grown.
    State scan(std::string_view buffer);
    bool has_begun() const { return position_ > 0; }
    /// Of what was scanned, in bytes; once `whole` that is the head, its empty line included.
    std::size_t size() const { return position_; }
    /// Of the request line, or of what has come of it.
    std::size_t first_line_size() const { return lines_ > 0 ? first_line_size_ : position_; }
    /// Once `bad`.
    const std::string& problem() const { return problem_; }

private:
    State bad(const char* problem);

    std::size_t position_ = 0;
    std::size_t line_start_ = 0;
    std::size_t lines_ = 0;
    std::size_t first_line_size_ = 0;
    bool after_cr_ = false;
    std::string problem_;
};

using RequestParser = http::request_parser<http::buffer_body>;

/// Puts a scanned head into a fresh `parser`, which then waits for the body, and fills `request` but for its remote
/// address and id.
std::optional<Refusal> parse_head(std::string_view head, std::size_t target_limit, RequestParser& parser,
                                  HttpRequest& request);

/// Splits `target` (origin, absolute or `*` form) into the request's path and query; false when it is none of them or
/// an escape in its query is broken.
bool split_target(std::string_view target, HttpRequest& request);

/// 1 to 128 of [A-Za-z0-9._-].
bool is_request_id(std::string_view text);

/// How an answer's end is known, and what becomes of the connection.
struct Framing {
    unsigned version = 11;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = true;
};

/// The head's bytes, its empty line included; nothing when a header's name or value may not go out (CR, LF, NUL,
/// another control character, a name that is no token). Framing headers among the response's own are left out.
std::optional<std::string> format_head(const HttpResponse& response, std::string_view request_id,
                                       const Framing& framing);

/// True for answers that have no body whatever the method: 1xx, 204, 304.
bool is_bodiless(http::status status);

}  // namespace longhand::net
