// The HTTP/1.1 connection loop: what a handler sees of a request, and how it answers.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/runtime.h"
#include "base/stop.h"
#include "net/descriptors.h"
#include "net/errors.h"
#include "net/fair_turns.h"

namespace longhand::net {

class TlsCertificate;

namespace http = boost::beast::http;

/// The head of a request. The target is as sent; `path` is its undecoded path, `query` its pairs, decoded, in order
/// (a pair twice is there twice).
struct HttpRequest {
    http::verb method = http::verb::unknown;
    std::string method_name;
    std::string target;
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;
    http::fields headers;
    std::string remote_address;
    /// What `x-request-id` says in the answer: the client's, if it is 1 to 128 of [A-Za-z0-9._-], else a new one.
    std::string request_id;
    /// Its bytes, the empty line included, where HttpServerOptions::repeated is set.
    std::string head;
};

/// A request about whose head nothing is known but its bytes, which end in an empty line.
struct UnparsedRequest {
    std::string_view head;
    const std::string& remote_address;
    const std::function<std::string()>& new_request_id;
    /// Where its caller takes a turn before it is answered; none when the request has had it.
    FairTurns* turns = nullptr;
};

enum class RepeatedAnswer {
    unknown,   ///< it is the handler's
    appended,  ///< to `out`
    waits,     ///< its caller has to wait for a turn; then it is asked again
};

struct HttpResponse {
    http::status status = http::status::ok;
    std::string content_type = "application/json; charset=utf-8";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/// One request and its answer, on the connection's own loop. A handler answers exactly once: `respond`, `respond_file`,
/// or `begin_stream` and `write`s; a second answer throws std::logic_error. One that returns without an answer, or
/// throws before it, gives 500 `internal_error`; but after a failed read 408 `request_timeout` or 400 `bad_request`,
/// and when the server stops 503 `shutting_down`. A stream ends well when the handler returns, and is cut off when it
/// throws. `x-request-id` and what frames the message are the server's: a response's own are left out. A response with
/// a header that holds CR, LF, NUL or another control character becomes a 500.
class HttpExchange {
public:
    virtual ~HttpExchange() = default;
    virtual const HttpRequest& request() const = 0;

    /// The next piece of the body, empty at its end; at most 64 KiB. Errors: closed, timeout, malformed.
    virtual awaitable<NetResult<std::string>> read_some() = 0;
    /// The whole body. Errors as above, and too_large past `limit` bytes.
    virtual awaitable<NetResult<std::string>> read_body(std::size_t limit) = 0;

    virtual awaitable<NetResult<void>> respond(HttpResponse response) = 0;
    /// Streams a file; the response's own body is not used. A status of 200 becomes 206 for a satisfiable Range, 416
    /// for one past the end, and 304 where the response has an `etag` that the request's If-None-Match names. Errors:
    /// unreachable when the file cannot be opened, and then nothing is answered yet; closed, timeout.
    virtual awaitable<NetResult<void>> respond_file(HttpResponse response, std::string path) = 0;

    /// Starts an answer without a known length (chunked; no buffering hints are added).
    virtual awaitable<NetResult<void>> begin_stream(HttpResponse head) = 0;
    /// Resumes when the socket took the bytes, so a slow client holds back only its own handler. Errors: closed,
    /// timeout. For HEAD every write fails with closed: there is nobody to read it.
    virtual awaitable<NetResult<void>> write(std::string data) = 0;

    /// The status that went out, as far as it could: respond_file may send another than it was given. Nothing before
    /// the answer has begun.
    virtual std::optional<http::status> answered() const = 0;

    /// Raised when the client has gone or the server stops (`shutdown`). Streams watch it.
    /// A client that closes only its sending half counts as gone; an answer still reaches it.
    virtual StopToken gone() const = 0;

    /// Waits where the caller has sent so much that others would have to (FairTurns). Once for a request, as soon as it
    /// is known whose it is.
    virtual awaitable<void> turn(CallerId caller) = 0;
};

using HttpHandler = std::function<awaitable<void>(HttpExchange&)>;

/// A request that no handler saw, for its head was too large, too slow or not HTTP.
struct HttpRefusal {
    http::status status = http::status::bad_request;
    std::string target;  ///< raw bytes, as far as they came; may be empty
    std::string request_id;
    std::string remote_address;
};

/// Past what connections may have of the process's descriptors (net/descriptors.h) a connection is answered 503
/// `too_many_connections`; past half of the reserve it waits until others end.
struct HttpServerOptions {
    unsigned threads = 1;                  ///< loops; each connection stays on one
    std::size_t header_limit = 16 * 1024;  ///< bytes; past it 431, or 401 where a credential reaches past it
    std::size_t target_limit = 8 * 1024;   ///< bytes; past it 414
    Milliseconds idle_timeout{75'000};     ///< between requests
    Milliseconds header_timeout{15'000};   ///< for a request's head, from its first byte
    /// Without a byte of body read, or of answer taken; and what a body may take beside a second for each KiB.
    Milliseconds transfer_timeout{30'000};
    /// Open at once from one address (in IPv6: from the 64 bits of a network); one past it is closed before anything of
    /// it is read. 0 is no bound.
    std::size_t connections_per_address = 256;
    /// Whether there are descriptors for one more connection, which has the number `newest`. None: descriptor_room.
    std::function<DescriptorRoom(int newest)> room;
    /// Peers that stand for many clients, a proxy say, and are not bound so. None: those of loopback.
    std::function<bool(const asio::ip::address& peer)> is_shared_peer;
    /// TLS on each connection, where it is set; read again (`reload`), new connections have the new one.
    std::shared_ptr<TlsCertificate> certificate;
    /// Told of a handler's bugs and of connections that could not be accepted, in a sentence. On any loop's thread.
    /// Optional.
    std::function<void(std::string_view message)> log_error;
    /// Asked before a head is parsed: for requests that come again and again. Where the same bytes were given to the
    /// handler before (`HttpRequest::head`), and were a request without a body that keeps its connection, it may append
    /// the whole answer that the handler would give now to `out`. Says by `caller` who has to wait. Must not wait
    /// itself. On any loop's thread. Optional.
    std::function<RepeatedAnswer(const UnparsedRequest& request, std::string& out, CallerId& caller)> repeated;
    /// Told of each refusal, before the client is. On any loop's thread. Optional.
    std::function<void(const HttpRefusal& refusal)> on_refusal;
};

/// A server with loops (threads) of its own. Handlers of different connections run at the same time on different
/// threads; those of one connection one after another. Thread-safe.
class HttpServer {
public:
    HttpServer(HttpServerOptions options, HttpHandler handler);
    /// Stops, and joins its threads.
    ~HttpServer();

    struct Address {
        std::string host;
        std::uint16_t port = 0;
    };
    /// Binds and starts answering; may be called for more than one address. Before `stop`.
    /// `host` is an address or a name, port 0 takes a free port. The address is the bound one. Errors: unreachable,
    /// with the reason (port taken, no such address, not allowed).
    NetResult<Address> listen(std::string host, std::uint16_t port);

    /// No new connections; requests under way may finish for `grace`, all see `gone`; then all is closed. Blocks until
    /// every handler has returned, so a handler must end soon after `gone`. Not from a handler.
    void stop(Milliseconds grace);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace longhand::net
