// A provider on the loopback that answers by a script, for tests of the client.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http_server.h"

namespace longhand::llm::testing {

/// How a fake provider answers one request.
struct Answer {
    int status = 200;
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string type = "text/event-stream";
    enum class End {
        whole,
        cut,
        silent,   ///< not even a head, until the client leaves
        stall,    ///< nothing more, until the client leaves
        forever,  ///< the body again and again, until the client leaves
    } end = End::whole;
    /// Bytes a write, of a whole stream; 0: all at once.
    std::size_t piece = 0;
};

/// Gives the answers of a script in turn, the last one for ever, and keeps what it was asked.
class FakeProvider {
public:
    explicit FakeProvider(std::vector<Answer> script)
        : FakeProvider([script = std::move(script)](std::size_t number) {
              return script[std::min(number, script.size() - 1)];
          }) {}
    /// `answer` is called for each request, with its number from 0, one at a time.
    explicit FakeProvider(std::function<Answer(std::size_t number)> answer)
        : answer_(std::move(answer)),
          server_({}, [this](net::HttpExchange& exchange) { return handle(this, &exchange); }) {
        address_ = *server_.listen("127.0.0.1", 0);
    }
    ~FakeProvider() { server_.stop(Milliseconds(0)); }
    std::string base_url() const { return "http://127.0.0.1:" + std::to_string(address_.port) + "/api/v1"; }
    std::vector<std::string> bodies() const {
        std::lock_guard lock(mutex_);
        return bodies_;
    }
    /// Bytes of bodies that it could hand on.
    std::size_t written() const { return written_; }
    std::string path() const {
        std::lock_guard lock(mutex_);
        return path_;
    }
    /// Method and path of each request, with its Authorization behind it where it had one.
    std::vector<std::string> requests() const {
        std::lock_guard lock(mutex_);
        return requests_;
    }
    std::string authorization() const {
        std::lock_guard lock(mutex_);
        return authorization_;
    }

private:
    static awaitable<void> handle(FakeProvider* self, net::HttpExchange* exchange) {
        const auto body = co_await exchange->read_body(1'000'000);
        if (!body) co_return;
        const Answer answer = self->next(*exchange, *body);
        if (answer.end == Answer::End::silent) {
            co_await wait_for_client(exchange);
            throw std::runtime_error("no answer");
        }
        net::HttpResponse head;
        head.status = static_cast<net::http::status>(answer.status);
        head.content_type = answer.type;
        head.headers = answer.headers;
        if (answer.end == Answer::End::whole && answer.piece == 0) {
            head.body = answer.body;
            const auto sent = co_await exchange->respond(std::move(head));
            ignore_result(sent, "the client may be gone");
            co_return;
        }
        const auto begun = co_await exchange->begin_stream(std::move(head));
        if (!begun) co_return;
        co_await write_body(self, exchange, &answer);
        if (answer.end == Answer::End::cut) throw std::runtime_error("cut");
        if (answer.end == Answer::End::stall) co_await wait_for_client(exchange);
    }
    static awaitable<void> write_body(FakeProvider* self, net::HttpExchange* exchange, const Answer* answer) {
        const std::size_t piece = answer->piece == 0 ? answer->body.size() : answer->piece;
        do {
            for (std::size_t at = 0; at < answer->body.size(); at += piece) {
                std::string part = answer->body.substr(at, piece);
                const std::size_t size = part.size();
                const auto sent = co_await exchange->write(std::move(part));
                if (!sent || exchange->gone().stopped()) co_return;
                self->written_ += size;
            }
        } while (answer->end == Answer::End::forever);
    }
    static awaitable<void> wait_for_client(net::HttpExchange* exchange) {
        asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::seconds(20));
        StopCallback wake(exchange->gone(), [&timer] { timer.cancel(); });
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    Answer next(net::HttpExchange& exchange, const std::string& body) {
        std::lock_guard lock(mutex_);
        bodies_.push_back(body);
        path_ = exchange.request().target;
        authorization_ = std::string(exchange.request().headers["authorization"]);
        const std::string key = authorization_.empty() ? "" : " " + authorization_;
        requests_.push_back(exchange.request().method_name + " " + path_ + key);
        return answer_(bodies_.size() - 1);
    }

    std::function<Answer(std::size_t)> answer_;
    mutable std::mutex mutex_;
    std::vector<std::string> bodies_, requests_;
    std::string path_, authorization_;
    std::atomic<std::size_t> written_{0};
    net::HttpServer::Address address_;
    net::HttpServer server_;
};

inline std::string event(std::string_view data) {
    return "data: " + std::string(data) + "\n\n";
}
inline std::string delta(std::string_view text) {
    return event(R"({"id":"gen-9","choices":[{"delta":{"content":")" + std::string(text) + R"("}}]})");
}
/// A stream's end, with a finish reason.
inline std::string finish(std::string_view reason = "stop") {
    return event(R"({"choices":[{"delta":{},"finish_reason":")" + std::string(reason) + R"("}]})") + event("[DONE]");
}
inline Answer good(std::string text = "Good.") {
    return {200, delta(text) + finish(), {{"X-Generation-Id", "gen-1"}}};
}
inline Answer refusal(int status, std::string message, std::vector<std::pair<std::string, std::string>> headers = {}) {
    return {status, R"({"error":{"message":")" + message + "\"}}", std::move(headers), "application/json"};
}

}  // namespace longhand::llm::testing
