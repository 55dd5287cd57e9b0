// For the tests of this room: a server on a free port, and a client that says exactly what it is told to.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/http_server.h"

namespace longhand::net::testing {

/// Resumes when the token is raised.
inline awaitable<void> until_stopped(StopToken token) {
    auto executor = co_await asio::this_coro::executor;
    auto timer = std::make_shared<asio::steady_timer>(executor, std::chrono::steady_clock::time_point::max());
    StopCallback on_stop(token, [timer, executor] { asio::post(executor, [timer] { timer->cancel(); }); });
    boost::system::error_code ignored;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

/// Serves on loopback until it is destroyed.
class TestServer {
public:
    explicit TestServer(HttpHandler handler, HttpServerOptions options = {}) {
        options.log_error = [this](std::string_view message) {
            std::lock_guard lock(mutex_);
            log_.emplace_back(message);
        };
        auto counting = [this, handler = std::move(handler)](HttpExchange& exchange) {
            ++requests_;
            return handler(exchange);
        };
        server_ = std::make_unique<HttpServer>(std::move(options), std::move(counting));
        const auto address = server_->listen("127.0.0.1", 0);
        if (!address) throw std::runtime_error(address.error().message);
        port_ = address->port;
    }
    ~TestServer() { server_.reset(); }

    HttpServer& server() { return *server_; }
    std::uint16_t port() const { return port_; }
    std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
    /// That have reached the handler.
    int requests() const { return requests_; }
    std::vector<std::string> log() {
        std::lock_guard lock(mutex_);
        return log_;
    }

private:
    std::atomic<int> requests_ = 0;
    std::mutex mutex_;
    std::vector<std::string> log_;
    std::unique_ptr<HttpServer> server_;
    std::uint16_t port_ = 0;
};

struct RawReply {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;                            ///< without its chunks' lines
    bool is_whole = false;
};

/// A blocking socket. Whatever it waits for comes within ten seconds, or the test fails.
class RawClient {
public:
    explicit RawClient(std::uint16_t port);

    void send(std::string_view bytes);
    /// The next reply; `has_body` is false for the answer to HEAD.
    RawReply receive(bool has_body = true);
    /// Bytes up to and with `end`.
    std::string read_until(std::string_view end);
    /// What comes until the server closes.
    std::string read_to_end();
    void shut_down_sending() { socket_.shutdown(asio::ip::tcp::socket::shutdown_send); }
    /// With a reset.
    void reset();
    asio::ip::tcp::socket& socket() { return socket_; }

private:
    bool read_more();
    std::string take(std::size_t size);
    std::string take_chunks(bool& is_whole);

    asio::io_context context_;
    asio::ip::tcp::socket socket_{context_};
    std::string input_;
};

/// One connection, one request, one reply.
RawReply ask(std::uint16_t port, std::string_view request);

/// How many descriptors this process has open.
std::size_t open_descriptors();

}  // namespace longhand::net::testing
