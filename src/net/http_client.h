// HTTP as a client: libcurl's multi interface on an Asio loop. HTTP/2 where offered, proxies and TLS as libcurl has
// them.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
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
#include "net/errors.h"

namespace longhand::net {

struct HttpReply {
    int status = 0;
    /// Names in lower case, in order.
    std::vector<std::pair<std::string, std::string>> headers;
    /// Empty where `on_data` took it.
    std::string body;

    /// The first of that (lower-case) name.
    std::optional<std::string_view> header(std::string_view name) const;
};

/// The only addresses that a call may connect to. What its URL's host is called there, `host`, is not looked up.
struct Reachable {
    std::string host;  ///< an IPv6 address without brackets
    std::uint16_t port = 0;
    std::vector<asio::ip::address> addresses;  ///< none: any
};

struct HttpCall {
    std::string method = "GET";
    std::string url;
    /// `Name: value`. Never logged.
    std::vector<std::string> headers;
    std::string body;
    Milliseconds connect_timeout{10'000};
    Milliseconds first_byte_timeout{120'000};  ///< from the sent request to the answer's first body byte (or its end)
    Milliseconds idle_timeout{60'000};         ///< between two pieces of the body
    Milliseconds total_timeout{0};             ///< of all of it; 0: none
    std::size_t max_bytes = 64 * 1024 * 1024;  ///< of the body; past it too_large
    std::size_t max_head_bytes = 256 * 1024;   ///< past it malformed
    /// With addresses: no proxy, and a connection of the call's own.
    Reachable only_to = {};
    /// Called on the loop when the answer's head is whole (body empty); optional.
    std::function<void(const HttpReply& head)> on_head;
    /// Called on the loop for each piece of a 2xx answer's body; false ends the call as `stopped`. Optional; without
    /// it, and for other statuses, the body is kept in the reply.
    std::function<bool(std::string_view piece)> on_data;
    /// Streams this file as the body instead of `body`; optional.
    std::string body_file;
};

/// Its handles never cross threads: use it from `loop`'s thread only. Connections are kept and shared by host.
class HttpClient {
public:
    struct Options {
        std::string user_agent = "longhand";
        /// No proxy from the environment, when false.
        bool use_environment_proxy = true;
        /// TlsCertificate::public_key_pin of the one server that is spoken to under TLS, whatever names its certificate
        /// has and whoever signed it. Empty: certificates are checked as usual.
        std::string public_key_pin = {};
    };
    HttpClient(asio::io_context& loop, Options options);
    /// No call may be under way.
    ~HttpClient();

    /// Any HTTP status is a value; failures are of the connection. When `stop` is raised the connection is closed
    /// (HTTP/2: the stream is reset) before the coroutine resumes with `stopped`. Redirects are not followed.
    awaitable<NetResult<HttpReply>> perform(HttpCall call, StopToken stop);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace longhand::net
