// One request and its answer over a wire: what handlers see, and the end of it that they don't.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

#include "net/http_head.h"
#include "net/http_range.h"
#include "net/http_server.h"
#include "net/http_wire.h"
#include "net/open_file.h"

namespace longhand::net {

/// Lives on the connection's loop, for one request. The wire, the options and the parser outlive it.
class WireExchange final : public HttpExchange {
public:
    /// `parser` has the head and waits for the body.
    WireExchange(HttpWire& wire, const HttpServerOptions& options, RequestParser& parser, HttpRequest request,
                 FairTurns& turns);

    const HttpRequest& request() const override { return request_; }
    awaitable<NetResult<std::string>> read_some() override;
    awaitable<NetResult<std::string>> read_body(std::size_t limit) override;
    awaitable<NetResult<void>> respond(HttpResponse response) override;
    awaitable<NetResult<void>> respond_file(HttpResponse response, std::string path) override;
    awaitable<NetResult<void>> begin_stream(HttpResponse head) override;
    awaitable<NetResult<void>> write(std::string data) override;
    std::optional<http::status> answered() const override { return answered_; }
    StopToken gone() const override;
    awaitable<void> turn(CallerId caller) override;

    /// Runs the handler, answers for it where it did not, and ends the answer. The connection may carry another request
    /// when it is true. Nothing escapes.
    awaitable<bool> run(const HttpHandler& handler);

    /// The server goes down: streams end, and the answer is the connection's last.
    void begin_shutdown();

private:
    enum class Phase { unanswered, streaming, answered };

    awaitable<void> finish(std::exception_ptr error);
    awaitable<void> answer_for_handler(std::exception_ptr error);
    awaitable<bool> drain();
    awaitable<NetResult<std::string>> read_piece(HttpWire::Duration patience);
    HttpWire::Duration body_time_left() const;
    awaitable<NetResult<void>> send_continue();
    awaitable<NetResult<void>> send_head(HttpResponse head, Framing framing);
    awaitable<NetResult<void>> send_range(OpenFile file, ByteRange range);
    NetResult<std::string> take_body();
    NetFailure remember(NetFailure failure);
    Framing framing() const;
    RangeAnswer wanted_range(const HttpResponse& response, std::uint64_t size) const;
    std::string_view request_header(http::field name) const;
    bool is_head() const { return request_.method == http::verb::head; }
    void begin_answer(Phase next);
    void raise_gone(StopReason reason);
    void report(std::string_view what) const;

    HttpWire& wire_;
    const HttpServerOptions& options_;
    RequestParser& parser_;
    HttpRequest request_;
    FairTurns& turns_;
    Phase phase_ = Phase::unanswered;
    std::optional<http::status> answered_;
    bool expects_continue_ = false;
    bool keep_alive_ = false;
    bool is_chunked_ = false;
    std::optional<NetFailure> read_failure_;
    std::uint64_t body_bytes_ = 0;
    HttpWire::Duration waited_for_body_{};
    StopReason gone_reason_ = StopReason::none;
    mutable std::optional<StopSource> gone_;
};

}  // namespace longhand::net
