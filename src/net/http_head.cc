#include "net/http_head.h"

#include <algorithm>
#include <array>
#include <boost/beast/core/string.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace longhand::net {

namespace {

using boost::beast::iequals;

Refusal refuse(std::string sentence) {
    return {http::status::bad_request, "bad_request", std::move(sentence)};
}

bool is_digits(std::string_view text) {
    return !text.empty() && text.size() <= 18 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_token_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), is_token_char);
}

bool is_control(char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

// Bytes that a head's lines are made of, where they stand is all the same.
constexpr std::array<bool, 256> plain_bytes() {
    std::array<bool, 256> plain{};
    for (std::size_t byte = 0x21; byte < plain.size(); ++byte) plain[byte] = byte != 0x7f;
    return plain;
}
constexpr std::array<bool, 256> kPlain = plain_bytes();

// What two readers could frame differently is the stuff of request smuggling: it never reaches a handler.
std::optional<Refusal> check_framing(const http::fields& headers, unsigned version) {
    const auto lengths = headers.count(http::field::content_length);
    const auto codings = headers.count(http::field::transfer_encoding);
    if (lengths > 1) return refuse("The request has more than one Content-Length header.");
    if (lengths == 1 && codings > 0) return refuse("The request has both Content-Length and Transfer-Encoding.");
    if (lengths == 1 && !is_digits(headers[http::field::content_length])) {
        return refuse("The request's Content-Length is not a number of bytes.");
    }
    if (codings > 1 || (codings == 1 && !iequals(headers[http::field::transfer_encoding], "chunked"))) {
        return refuse("The request's Transfer-Encoding is not `chunked`.");
    }
    if (codings == 1 && version < 11) return refuse("HTTP/1.0 has no Transfer-Encoding.");
    const auto hosts = headers.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && version == 11)) return refuse("The request must have exactly one Host header.");
    return std::nullopt;
}

std::optional<Refusal> refusal_of_parse(boost::system::error_code error) {
    if (error == http::error::bad_content_length) return refuse("The request's Content-Length is not valid.");
    if (error == http::error::bad_transfer_encoding) return refuse("The request's Transfer-Encoding is not valid.");
    if (error == http::error::bad_target) return refuse("The request's target holds a character that it may not.");
    if (error == http::error::bad_version) return refuse("The request's HTTP version is not 1.0 or 1.1.");
    return refuse("The request is not valid HTTP: " + error.message() + ".");
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> decode_query_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

bool parse_query(std::string_view text, std::vector<std::pair<std::string, std::string>>& query) {
    while (!text.empty()) {
        const auto end = text.find('&');
        const auto pair = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto name = decode_query_text(pair.substr(0, equals));
        auto value = decode_query_text(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1));
        if (!name || !value) return false;
        query.emplace_back(std::move(*name), std::move(*value));
    }
    return true;
}

struct TargetParts {
    std::optional<std::string_view> authority;  ///< of a target in absolute form
    std::string_view rest;                      ///< path and query
};

// `http://host/path?query`, `/path?query` or `*`.
std::optional<TargetParts> parts_of(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!iequals(target.substr(0, scheme.size()), scheme)) continue;
        target.remove_prefix(scheme.size());
        const auto end = std::min(target.find_first_of("/?#"), target.size());
        if (end == 0) return std::nullopt;
        return TargetParts{target.substr(0, end), target.substr(end)};
    }
    if (target == "*" || target.starts_with('/')) return TargetParts{{}, target};
    return std::nullopt;
}

// A name or an address, and a port. Empty is what a client says that has no name for its server.
bool is_host(std::string_view value) {
    return std::all_of(value.begin(), value.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-._~%:[]").find(c) != std::string_view::npos;
    });
}

// RFC 9112, section 3.2: whom the request is for.
std::optional<Refusal> settle_host(HttpRequest& request) {
    const auto parts = parts_of(request.target);
    // The target's authority counts, whatever the header says; so what checks the header checks it.
    if (parts && parts->authority) request.headers.set(http::field::host, *parts->authority);
    if (!is_host(request.headers[http::field::host])) return refuse("The request's host is not a name or an address.");
    if (request.target == "*" && request.method != http::verb::options) {
        return refuse("The target `*` is for OPTIONS alone.");
    }
    return std::nullopt;
}

bool is_framing_header(std::string_view name) {
    return iequals(name, "content-length") || iequals(name, "transfer-encoding") || iequals(name, "connection") ||
           iequals(name, "x-request-id");
}

bool append_header(std::string& out, std::string_view name, std::string_view value) {
    if (!is_token(name) || std::any_of(value.begin(), value.end(), is_control)) return false;
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
    return true;
}

void append_framing(std::string& out, http::status status, const Framing& framing) {
    if (!is_bodiless(status)) {
        if (framing.chunked) out += "transfer-encoding: chunked\r\n";
        if (framing.content_length) out += "content-length: " + std::to_string(*framing.content_length) + "\r\n";
    }
    if (!framing.keep_alive) out += "connection: close\r\n";
    if (framing.keep_alive && framing.version == 10) out += "connection: keep-alive\r\n";
}

}  // namespace

HttpResponse refusal_response(const Refusal& refusal) {
    HttpResponse response;
    response.status = refusal.status;
    const boost::json::object body{{"error", refusal.sentence}, {"message", refusal.sentence}, {"code", refusal.code}};
    response.body = boost::json::serialize(body);
    if (refusal.status == http::status::service_unavailable) response.headers.emplace_back("Retry-After", "2");
    if (refusal.status == http::status::unauthorized) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
}

HeadScanner::State HeadScanner::bad(const char* problem) {
    problem_ = problem;
    return State::bad;
}

HeadScanner::State HeadScanner::scan(std::string_view buffer) {
    while (position_ < buffer.size()) {
        if (!after_cr_) {
            const auto special = std::find_if(buffer.begin() + static_cast<std::ptrdiff_t>(position_), buffer.end(),
                                              [](char c) { return !kPlain[static_cast<unsigned char>(c)]; });
            position_ = static_cast<std::size_t>(special - buffer.begin());
            if (special == buffer.end()) break;
        }
        const std::size_t at = position_++;
        const char c = buffer[at];
        if (after_cr_) {
            if (c != '\n') return bad("The request's head has a carriage return that ends no line.");
            after_cr_ = false;
            if (at - 1 == line_start_) return State::whole;
            if (lines_++ == 0) first_line_size_ = at - 1;
            line_start_ = position_;
        } else if (c == '\r') {
            after_cr_ = true;
        } else if (c == '\n') {
            return bad("A line of the request's head ends without a carriage return.");
        } else if (is_control(c)) {
            return bad("The request's head has a control character.");
        } else if ((c == ' ' || c == '\t') && at == line_start_) {
            return bad("A line of the request's head begins with white space.");
        }
    }
    return State::more;
}

std::optional<Refusal> parse_head(std::string_view head, std::size_t target_limit, RequestParser& parser,
                                  HttpRequest& request) {
    // The scanner's caller bounds the head; bodies are bounded by those who read them.
    parser.header_limit(static_cast<std::uint32_t>(head.size()) + 1);
    parser.body_limit(boost::none);
    parser.eager(false);
    boost::system::error_code error;
    parser.put(asio::buffer(head), error);
    if (error && error != http::error::need_more) return refusal_of_parse(error);
    if (!parser.is_header_done()) return refuse("The request is not valid HTTP.");

    auto& message = parser.get();
    if (message.version() != 10 && message.version() != 11) return refusal_of_parse(http::error::bad_version);
    request.method = message.method();
    request.method_name = message.method_string();
    request.target = message.target();
    if (request.target.size() > target_limit) {
        return Refusal{http::status::uri_too_long, "uri_too_long",
                       "The request's target is longer than " + std::to_string(target_limit) + " bytes."};
    }
    if (auto refusal = check_framing(message, message.version())) return refusal;
    if (!split_target(request.target, request)) {
        return refuse("The request's target is not a path, or has a broken escape in its query.");
    }
    request.headers = std::move(static_cast<http::fields&>(message.base()));
    return settle_host(request);
}

bool split_target(std::string_view target, HttpRequest& request) {
    const auto parts = parts_of(target);
    if (!parts) return false;
    const auto local = parts->rest.substr(0, parts->rest.find('#'));
    const auto question = local.find('?');
    request.path = local.substr(0, question);
    if (request.path.empty()) request.path = "/";
    request.query.clear();
    return question == std::string_view::npos || parse_query(local.substr(question + 1), request.query);
}

bool is_request_id(std::string_view text) {
    return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    });
}

bool is_bodiless(http::status status) {
    return http::to_status_class(status) == http::status_class::informational || status == http::status::no_content ||
           status == http::status::not_modified;
}

std::optional<std::string> format_head(const HttpResponse& response, std::string_view request_id,
                                       const Framing& framing) {
    std::string out;
    out.reserve(256);
    out += "HTTP/1.1 ";
    out += std::to_string(static_cast<unsigned>(response.status));
    out += ' ';
    out += http::obsolete_reason(response.status);
    out += "\r\n";
    if (!response.content_type.empty() && !is_bodiless(response.status)) {
        if (!append_header(out, "content-type", response.content_type)) return std::nullopt;
    }
    for (const auto& [name, value] : response.headers) {
        if (!is_framing_header(name) && !append_header(out, name, value)) return std::nullopt;
    }
    if (!append_header(out, "x-request-id", request_id)) return std::nullopt;
    append_framing(out, response.status, framing);
    out += "\r\n";
    return out;
}

}  // namespace longhand::net
