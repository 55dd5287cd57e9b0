// One connection of the server, from its first request to its last.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/http_exchange.h"
#include "net/http_head.h"
#include "net/http_wire.h"

namespace longhand::net {

enum class Admission {
    welcome,
    /// The first request is answered with 503 `too_many_connections`, if it comes at once.
    turned_away,
};

/// Lives on its loop; the options, the handler and the source of ids outlive it.
class HttpConnection {
public:
    HttpConnection(asio::ip::tcp::socket socket, const HttpServerOptions& options, const HttpHandler& handler,
                   std::function<std::string()> new_request_id, FairTurns& turns,
                   Admission admission = Admission::welcome);

    /// Answers requests until either end has had enough, then closes. Once.
    awaitable<void> serve();

    /// Ends after the request under way, or whose first bytes are there.
    void begin_shutdown();
    /// After `begin_shutdown`, in a turn of its own: what the system has read by then is known as input. Ends when
    /// there is no request.
    void close_if_idle();
    void close() { wire_->close(); }

private:
    enum class HeadRead { whole, closed, refused };

    awaitable<HeadRead> read_head();
    bool answer_repeated();
    awaitable<NetResult<void>> send_repeated();
    awaitable<void> wait_for_turn();
    awaitable<bool> serve_one();
    awaitable<void> turn_away();
    awaitable<void> refuse(Refusal refusal);
    bool is_head_too_large(HeadScanner::State state);
    bool skip_blank_lines();
    HeadRead end_of_input(const NetFailure& failure, bool has_begun);
    HeadRead refused(http::status status, std::string code, std::string sentence);

    std::shared_ptr<HttpWire> wire_;
    const HttpServerOptions& options_;
    const HttpHandler& handler_;
    std::function<std::string()> new_request_id_;
    FairTurns& turns_;
    const Admission admission_;
    std::string remote_address_;
    HeadScanner scanner_;
    std::string answers_;            ///< to repeated requests, not sent yet
    std::optional<CallerId> waits_;  ///< who is to wait before the input's first request is answered
    bool has_turn_ = false;          ///< that request has waited
    Refusal refusal_;
    WireExchange* exchange_ = nullptr;
    bool is_idle_ = true;
    bool is_stopping_ = false;
};

}  // namespace longhand::net
