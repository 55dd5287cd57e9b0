// A request and its answer without a connection. The request's body comes in pieces of a size of one's choice.
#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <utility>

#include "fuzz/target.h"
#include "net/http_head.h"
#include "net/http_server.h"

namespace longhand::fuzz {

/// Used by one coroutine.
class MemoryExchange final : public net::HttpExchange {
public:
    MemoryExchange(net::HttpRequest request, std::string body, std::size_t piece)
        : request_(std::move(request)), body_(std::move(body)), piece_(piece) {}

    const net::HttpRequest& request() const override { return request_; }
    awaitable<net::NetResult<std::string>> read_some() override {
        const std::size_t size = std::min({piece_, body_.size() - read_, std::size_t{64 * 1024}});
        read_ += size;
        co_return body_.substr(read_ - size, size);
    }
    awaitable<net::NetResult<std::string>> read_body(std::size_t limit) override {
        if (body_.size() - read_ > limit) co_return net::NetFailure{net::NetErrc::too_large, "the body is too long"};
        co_return body_.substr(std::exchange(read_, body_.size()));
    }
    awaitable<net::NetResult<void>> respond(net::HttpResponse response) override {
        begin(std::move(response));
        co_return net::NetResult<void>{};
    }
    awaitable<net::NetResult<void>> respond_file(net::HttpResponse response, std::string path) override {
        require(!path.empty(), "an answer's file has a name");
        begin(std::move(response));
        is_file_ = true;
        co_return net::NetResult<void>{};
    }
    awaitable<net::NetResult<void>> begin_stream(net::HttpResponse head) override {
        begin(std::move(head));
        is_stream_ = true;
        co_return net::NetResult<void>{};
    }
    awaitable<net::NetResult<void>> write(std::string data) override {
        require(is_stream_, "a stream is written once it has begun");
        if (request_.method_name == "HEAD")
            co_return net::NetFailure{net::NetErrc::closed, "there is nobody to read it"};
        response_->body += data;
        co_return net::NetResult<void>{};
    }
    std::optional<net::http::status> answered() const override {
        return response_ ? std::optional(response_->status) : std::nullopt;
    }
    StopToken gone() const override { return {}; }
    awaitable<void> turn(net::CallerId) override { co_return; }

    /// Of a stream with all that was written.
    const std::optional<net::HttpResponse>& response() const { return response_; }
    bool is_file() const { return is_file_; }
    bool is_stream() const { return is_stream_; }

private:
    void begin(net::HttpResponse response) {
        require(!response_, "a request is answered once");
        require(net::format_head(response, "id", {}).has_value(), "an answer's headers may go out");
        response_ = std::move(response);
    }

    const net::HttpRequest request_;
    const std::string body_;
    const std::size_t piece_;
    std::size_t read_ = 0;
    std::optional<net::HttpResponse> response_;
    bool is_file_ = false;
    bool is_stream_ = false;
};

}  // namespace longhand::fuzz
