#include "net/http_connection.h"

namespace longhand::net {

namespace {

using boost::beast::iequals;

constexpr std::chrono::seconds kLinger{2};
constexpr Milliseconds kTurnedAwayPatience{2'000};
// What answers to repeated requests may grow to before they are sent.
constexpr std::size_t kMostAnswers = 64 * 1024;
// Method, version and spaces, beside the target.
constexpr std::size_t kRequestLineRest = 64;

/// The second word of the first line, which may not be whole.
std::string_view target_of(std::string_view input) {
    const auto line = input.substr(0, input.find_first_of("\r\n"));
    const auto space = line.find(' ');
    if (space == line.npos) return {};
    const auto rest = line.substr(space + 1);
    return rest.substr(0, rest.find(' '));
}

/// Whether the line that reaches past `limit` holds a credential.
bool is_credential_past(std::string_view head, std::size_t limit) {
    const auto before = head.rfind("\r\n", limit);
    const auto line = before == head.npos ? head : head.substr(before + 2);
    const auto name = line.substr(0, line.find(':'));
    return iequals(name, "authorization") || iequals(name, "x-api-key");
}

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, const HttpServerOptions& options,
                               const HttpHandler& handler, std::function<std::string()> new_request_id,
                               FairTurns& turns, Admission admission)
    : wire_(std::make_shared<HttpWire>(std::move(socket), options.certificate.get())),
      options_(options),
      handler_(handler),
      new_request_id_(std::move(new_request_id)),
      turns_(turns),
      admission_(admission),
      remote_address_(wire_->remote_address()) {}

void HttpConnection::begin_shutdown() {
    is_stopping_ = true;
    if (exchange_ != nullptr) exchange_->begin_shutdown();
}

void HttpConnection::close_if_idle() {
    // A request that was sent before its client could know of the end is still answered.
    if (is_idle_ && !wire_->has_input()) wire_->close();
}

awaitable<void> HttpConnection::serve() {
    const auto secured = co_await wire_->secure(options_.header_timeout);
    if (!secured && secured.error().code == NetErrc::malformed) {
        Refusal refusal;
        refusal.sentence = "This address speaks TLS: use https://.";
        co_await refuse(std::move(refusal));
    }
    bool goes_on = secured.has_value();
    if (goes_on && admission_ == Admission::turned_away) {
        co_await turn_away();
        goes_on = false;
    }
    while (goes_on && !is_stopping_) {
        is_idle_ = true;
        const auto read = co_await read_head();
        is_idle_ = false;
        if (read == HeadRead::closed) break;
        if (read == HeadRead::refused) {
            co_await refuse(refusal_);
            break;
        }
        goes_on = co_await serve_one();
    }
    wire_->close();
}

awaitable<void> HttpConnection::turn_away() {
    const auto read = co_await read_head();
    if (read == HeadRead::closed) co_return;
    Refusal refusal{http::status::service_unavailable, "too_many_connections",
                    "The server has as many connections as it can hold; try again soon."};
    if (read == HeadRead::refused) refusal = refusal_;
    co_await refuse(std::move(refusal));
}

// True when another request may follow.
awaitable<bool> HttpConnection::serve_one() {
    RequestParser parser;
    HttpRequest request;
    const auto head = wire_->input().substr(0, scanner_.size());
    auto refusal = parse_head(head, options_.target_limit, parser, request);
    if (refusal) {
        co_await refuse(std::move(*refusal));
        co_return false;
    }
    if (options_.repeated) request.head = head;
    wire_->consume(scanner_.size());
    const std::string_view id = request.headers["x-request-id"];
    request.request_id = is_request_id(id) ? std::string(id) : new_request_id_();
    request.remote_address = remote_address_;

    WireExchange exchange(*wire_, options_, parser, std::move(request), turns_);
    exchange_ = &exchange;
    if (is_stopping_) exchange.begin_shutdown();
    const bool goes_on = co_await exchange.run(handler_);
    exchange_ = nullptr;
    // A body that still comes, or the next requests, would turn the close into a reset that eats the answer.
    if (!goes_on && (!parser.is_done() || !wire_->input().empty())) co_await wire_->linger(kLinger);
    co_return goes_on;
}

// Answers what the input begins with, as far as it is known to the byte: what comes in one batch leaves in one. True
// when there is something to send, or a turn to wait for.
bool HttpConnection::answer_repeated() {
    if (!options_.repeated || is_stopping_ || scanner_.has_begun() || admission_ != Admission::welcome) return false;
    while (answers_.size() < kMostAnswers) {
        const auto end = wire_->input().find("\r\n\r\n");
        if (end == std::string_view::npos) break;
        const auto head = wire_->input().substr(0, end + 4);
        CallerId caller = 0;
        FairTurns* const turns = std::exchange(has_turn_, false) ? nullptr : &turns_;
        const auto answer = options_.repeated({head, remote_address_, new_request_id_, turns}, answers_, caller);
        if (answer == RepeatedAnswer::waits) waits_ = caller;
        if (answer != RepeatedAnswer::appended) break;
        wire_->consume(head.size());
    }
    return !answers_.empty() || waits_;
}

awaitable<NetResult<void>> HttpConnection::send_repeated() {
    is_idle_ = false;
    const auto sent = co_await wire_->write(answers_, {}, options_.transfer_timeout);
    is_idle_ = true;
    answers_.clear();
    co_return sent;
}

awaitable<void> HttpConnection::wait_for_turn() {
    is_idle_ = false;
    wire_->clear_deadline();
    co_await turns_.wait(*waits_);
    waits_.reset();
    has_turn_ = true;
    is_idle_ = true;
    wire_->set_read_deadline(options_.idle_timeout);
}

// Reads until the input begins with a whole head.
awaitable<HttpConnection::HeadRead> HttpConnection::read_head() {
    scanner_ = HeadScanner();
    has_turn_ = false;
    bool has_begun = false;
    const bool is_welcome = admission_ == Admission::welcome;
    wire_->set_read_deadline(is_welcome ? options_.idle_timeout : kTurnedAwayPatience);
    while (true) {
        if (answer_repeated()) {
            if (!answers_.empty()) {
                const auto sent = co_await send_repeated();
                // What was sent before its client could know of the end is still answered.
                if (!sent || (is_stopping_ && !wire_->has_input())) co_return HeadRead::closed;
                has_begun = false;
                wire_->set_read_deadline(options_.idle_timeout);
            }
            if (waits_) {
                co_await wait_for_turn();
                continue;
            }
        }
        if (skip_blank_lines()) {
            const auto state = scanner_.scan(wire_->input());
            if (is_head_too_large(state)) co_return HeadRead::refused;
            if (state == HeadScanner::State::bad) {
                co_return refused(http::status::bad_request, "bad_request", scanner_.problem());
            }
            if (state == HeadScanner::State::whole) break;
        }
        if (!has_begun && !wire_->input().empty()) {
            has_begun = true;
            if (is_welcome) wire_->set_read_deadline(options_.header_timeout);
        }
        const auto filled = co_await wire_->fill(HttpWire::ReadSize::head);
        if (!filled) co_return end_of_input(filled.error(), has_begun);
    }
    wire_->clear_deadline();
    co_return HeadRead::whole;
}

// RFC 9112, section 2.2: blank lines before a request are passed over. False while a half one is all there is.
bool HttpConnection::skip_blank_lines() {
    if (scanner_.has_begun()) return true;
    while (wire_->input().starts_with("\r\n")) wire_->consume(2);
    return !wire_->input().empty() && wire_->input() != "\r";
}

bool HttpConnection::is_head_too_large(HeadScanner::State state) {
    if (state == HeadScanner::State::bad) return false;
    if (scanner_.first_line_size() > options_.target_limit + kRequestLineRest) {
        refused(http::status::uri_too_long, "uri_too_long",
                "The request's target is longer than " + std::to_string(options_.target_limit) + " bytes.");
        return true;
    }
    if (scanner_.size() <= options_.header_limit) return false;
    // A client that sends a broken credential is told to send another, however long it is.
    if (is_credential_past(wire_->input().substr(0, scanner_.size()), options_.header_limit)) {
        refused(http::status::unauthorized, "unauthorized", "The request's credential is longer than any valid one.");
        return true;
    }
    refused(http::status::request_header_fields_too_large, "headers_too_large",
            "The request's headers are longer than " + std::to_string(options_.header_limit) + " bytes.");
    return true;
}

HttpConnection::HeadRead HttpConnection::end_of_input(const NetFailure& failure, bool has_begun) {
    if (failure.code != NetErrc::timeout || !has_begun) return HeadRead::closed;
    return refused(http::status::request_timeout, "request_timeout", "The request's head did not come in time.");
}

HttpConnection::HeadRead HttpConnection::refused(http::status status, std::string code, std::string sentence) {
    refusal_ = Refusal{status, std::move(code), std::move(sentence)};
    return HeadRead::refused;
}

awaitable<void> HttpConnection::refuse(Refusal refusal) {
    const auto response = refusal_response(refusal);
    const std::string id = new_request_id_();
    if (options_.on_refusal)
        options_.on_refusal({refusal.status, std::string(target_of(wire_->input())), id, remote_address_});
    Framing framing;
    framing.keep_alive = false;
    framing.content_length = response.body.size();
    const auto head = format_head(response, id, framing);
    const auto sent = co_await wire_->write(*head, response.body, options_.transfer_timeout);
    if (sent) co_await wire_->linger(kLinger);
}

}  // namespace longhand::net
