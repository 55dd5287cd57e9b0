#include "net/http_exchange.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <stdexcept>

namespace longhand::net {

namespace {

using boost::beast::iequals;

constexpr std::size_t kPiece = 64 * 1024;
// What of a body that no handler wanted is read, to keep the connection; past either bound it is closed.
constexpr std::uint64_t kDrainBytes = 256 * 1024;
constexpr std::chrono::seconds kDrainTime{2};
// A body that comes more slowly for long is no transfer but a held connection.
constexpr std::uint64_t kSlowestBody = 1024;  // bytes a second
// A line between chunks, with its extensions, and the trailers.
constexpr std::size_t kChunkLineLimit = 8 * 1024;

Refusal internal_error() {
    return {http::status::internal_server_error, "internal_error",
            "The server failed to answer this request; its log says why, under the request's id."};
}

Refusal refusal_of_read(const NetFailure& failure) {
    if (failure.code == NetErrc::timeout) {
        return {http::status::request_timeout, "request_timeout", "The request's body did not come in time."};
    }
    return {http::status::bad_request, "bad_request", "The request's body is not valid HTTP: " + failure.message + "."};
}

std::string what_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& exception) {
        return exception.what();
    } catch (...) {
        return "an exception of an unknown type";
    }
}

std::string_view find_header(const HttpResponse& response, std::string_view name) {
    for (const auto& [own, value] : response.headers) {
        if (iequals(own, name)) return value;
    }
    return {};
}

// The line of the last chunk, where it is the body's first, without the end behind it. Beast's parser, once it has read
// such a line, asserts that two more bytes come at once (Boost 1.81, basic_parser::parse_chunk_header).
bool is_last_chunk_begun(std::string_view input) {
    constexpr std::string_view kLine = "0\r\n", kEnd = "\r\n";
    return input.starts_with(kLine) && input.size() < kLine.size() + kEnd.size();
}

std::string chunk_line(std::size_t size) {
    char line[24];
    const int length = std::snprintf(line, sizeof line, "%zx\r\n", size);
    return std::string(line, static_cast<std::size_t>(length));
}

}  // namespace

WireExchange::WireExchange(HttpWire& wire, const HttpServerOptions& options, RequestParser& parser, HttpRequest request,
                           FairTurns& turns)
    : wire_(wire), options_(options), parser_(parser), request_(std::move(request)), turns_(turns) {
    keep_alive_ = parser_.keep_alive();
    expects_continue_ = parser_.get().version() == 11 && !parser_.is_done() &&
                        iequals(request_header(http::field::expect), "100-continue");
}

std::string_view WireExchange::request_header(http::field name) const {
    return request_.headers[name];
}

void WireExchange::report(std::string_view what) const {
    if (!options_.log_error) return;
    std::string message = request_.method_name + " " + request_.path + " (" + request_.request_id + "): ";
    options_.log_error(message.append(what));
}

// ---- The request's body

NetFailure WireExchange::remember(NetFailure failure) {
    read_failure_ = failure;
    return failure;
}

// What of the body lies in the wire's input; empty when that is none, or only a part of a line between chunks.
NetResult<std::string> WireExchange::take_body() {
    std::string piece(std::min(wire_.input().size(), kPiece), '\0');
    auto& body = parser_.get().body();
    body.data = piece.data();
    body.size = piece.size();
    body.more = true;
    while (!parser_.is_done() && !wire_.input().empty() && body.size > 0) {
        if (parser_.chunked() && is_last_chunk_begun(wire_.input())) break;
        boost::system::error_code error;
        const auto used = parser_.put(asio::buffer(wire_.input()), error);
        wire_.consume(used);
        if (error == http::error::need_buffer) break;
        if (error && error != http::error::need_more) return NetFailure{NetErrc::malformed, error.message()};
        if (used == 0 && wire_.input().size() > kChunkLineLimit) {
            return NetFailure{NetErrc::malformed, "a line between its chunks is too long"};
        }
        if (used == 0) break;
    }
    piece.resize(piece.size() - body.size);
    return piece;
}

awaitable<NetResult<void>> WireExchange::send_continue() {
    if (!std::exchange(expects_continue_, false) || !wire_.input().empty()) co_return NetResult<void>{};
    co_return co_await wire_.write("HTTP/1.1 100 Continue\r\n\r\n", {}, options_.transfer_timeout);
}

// Of the time that the client has for what came so far; what its handler takes does not count.
HttpWire::Duration WireExchange::body_time_left() const {
    const std::chrono::seconds earned(body_bytes_ / kSlowestBody);
    return std::max(HttpWire::Duration{}, options_.transfer_timeout + earned - waited_for_body_);
}

awaitable<NetResult<std::string>> WireExchange::read_piece(HttpWire::Duration patience) {
    if (read_failure_) co_return *read_failure_;
    while (!parser_.is_done()) {
        auto piece = take_body();
        if (!piece) co_return remember(piece.error());
        body_bytes_ += piece->size();
        if (!piece->empty()) co_return piece;
        if (parser_.is_done()) break;
        const auto sent = co_await send_continue();
        if (!sent) co_return remember(sent.error());
        const auto began = std::chrono::steady_clock::now();
        wire_.set_read_deadline(std::min(patience, body_time_left()));
        const auto filled = co_await wire_.fill(HttpWire::ReadSize::body);
        wire_.clear_deadline();
        waited_for_body_ += std::chrono::steady_clock::now() - began;
        if (!filled) co_return remember(filled.error());
    }
    wire_.rewatch();
    co_return std::string();
}

awaitable<NetResult<std::string>> WireExchange::read_some() {
    return read_piece(options_.transfer_timeout);
}

awaitable<NetResult<std::string>> WireExchange::read_body(std::size_t limit) {
    const NetFailure too_large{NetErrc::too_large,
                               "the request's body is longer than " + std::to_string(limit) + " bytes"};
    // Before a byte of it is asked for or read.
    if (parser_.content_length().value_or(0) > limit) co_return too_large;
    std::string body;
    while (true) {
        auto piece = co_await read_some();
        if (!piece) co_return piece.error();
        if (piece->empty()) co_return body;
        if (body.size() + piece->size() > limit) co_return too_large;
        body += *piece;
    }
}

// Reads what the handler left, so that the next request can be found. False when that would take too much.
awaitable<bool> WireExchange::drain() {
    const auto end = std::chrono::steady_clock::now() + kDrainTime;
    std::uint64_t drained = 0;
    while (!parser_.is_done()) {
        const auto left = end - std::chrono::steady_clock::now();
        if (left.count() <= 0 || drained > kDrainBytes) co_return false;
        const auto piece = co_await read_piece(left);
        if (!piece) co_return false;
        drained += piece->size();
    }
    co_return true;
}

// ---- The answer

void WireExchange::begin_answer(Phase next) {
    if (phase_ != Phase::unanswered) throw std::logic_error("a second answer to one request");
    phase_ = next;
}

Framing WireExchange::framing() const {
    Framing framing;
    framing.version = parser_.get().version();
    // A client that waits for its 100 may or may not send the body now; a large one is cheaper to cut off.
    const bool is_drainable =
        parser_.is_done() || (!expects_continue_ && parser_.content_length_remaining().value_or(0) <= kDrainBytes);
    framing.keep_alive = keep_alive_ && is_drainable && !read_failure_;
    return framing;
}

awaitable<NetResult<void>> WireExchange::send_head(HttpResponse head, Framing framing) {
    auto text = format_head(head, request_.request_id, framing);
    const bool is_sendable = text.has_value();
    if (!is_sendable) {
        report("the answer has a header that may not go out");
        head = refusal_response(internal_error());
        phase_ = Phase::answered;
        framing.chunked = false;
        framing.content_length = head.body.size();
        text = format_head(head, request_.request_id, framing);
    }
    keep_alive_ = framing.keep_alive;
    answered_ = head.status;
    const bool sends_body = !is_head() && !is_bodiless(head.status);
    const std::string_view body = sends_body ? std::string_view(head.body) : std::string_view();
    const auto sent = co_await wire_.write(*text, body, options_.transfer_timeout);
    if (sent && !is_sendable) co_return NetFailure{NetErrc::malformed, "the answer has a header that may not go out"};
    co_return sent;
}

awaitable<NetResult<void>> WireExchange::respond(HttpResponse response) {
    begin_answer(Phase::answered);
    auto frame = framing();
    frame.content_length = response.body.size();
    co_return co_await send_head(std::move(response), frame);
}

awaitable<NetResult<void>> WireExchange::begin_stream(HttpResponse head) {
    begin_answer(Phase::streaming);
    wire_.keep_unsent_small();
    auto frame = framing();
    is_chunked_ = frame.version >= 11;
    frame.chunked = is_chunked_;
    // HTTP/1.0 has no chunks: the answer ends with the connection.
    if (!is_chunked_) frame.keep_alive = false;
    head.body.clear();
    wire_.drop_spare_room();
    co_return co_await send_head(std::move(head), frame);
}

awaitable<NetResult<void>> WireExchange::write(std::string data) {
    if (phase_ == Phase::unanswered) throw std::logic_error("write before begin_stream");
    if (phase_ == Phase::answered || is_head()) co_return NetFailure{NetErrc::closed, "the answer has no body"};
    // An empty chunk would end the answer.
    if (data.empty()) co_return NetResult<void>{};
    if (!is_chunked_) co_return co_await wire_.write(data, {}, options_.transfer_timeout);
    const std::string line = chunk_line(data.size());
    data += "\r\n";
    co_return co_await wire_.write(line, data, options_.transfer_timeout);
}

RangeAnswer WireExchange::wanted_range(const HttpResponse& response, std::uint64_t size) const {
    if (request_.method != http::verb::get || response.status != http::status::ok) return {};
    const auto condition = request_header(http::field::if_range);
    if (!condition.empty() && condition != find_header(response, "etag")) return {};
    return parse_range(request_header(http::field::range), size);
}

awaitable<NetResult<void>> WireExchange::respond_file(HttpResponse response, std::string path) {
    auto file = OpenFile::open(path);
    if (!file) co_return file.error();
    response.body.clear();
    const auto etag = find_header(response, "etag");
    if (response.status == http::status::ok && !etag.empty() &&
        matches_etag(request_header(http::field::if_none_match), etag)) {
        response.status = http::status::not_modified;
        co_return co_await respond(std::move(response));
    }
    const auto size = std::to_string(file->size());
    auto [kind, range] = wanted_range(response, file->size());
    if (kind == RangeKind::unsatisfiable) {
        auto refused = refusal_response({http::status::range_not_satisfiable, "range_not_satisfiable",
                                         "The range asked for begins past the file's end; it has " + size + " bytes."});
        refused.headers.emplace_back("content-range", "bytes */" + size);
        co_return co_await respond(std::move(refused));
    }
    if (kind == RangeKind::whole) range = {0, file->size()};
    if (kind == RangeKind::partial) {
        response.status = http::status::partial_content;
        response.headers.emplace_back("content-range", "bytes " + std::to_string(range.first) + "-" +
                                                           std::to_string(range.first + range.length - 1) + "/" + size);
    }
    response.headers.emplace_back("accept-ranges", "bytes");
    begin_answer(Phase::answered);
    auto frame = framing();
    frame.content_length = range.length;
    const auto sent = co_await send_head(std::move(response), frame);
    if (!sent || is_head()) co_return sent;
    co_return co_await send_range(std::move(*file), range);
}

awaitable<NetResult<void>> WireExchange::send_range(OpenFile file, ByteRange range) {
    std::string piece(std::min<std::uint64_t>(kPiece, range.length), '\0');
    while (range.length > 0) {
        const auto wanted = std::min<std::uint64_t>(piece.size(), range.length);
        const auto count = file.read_at(range.first, piece.data(), wanted);
        if (count == 0) {
            // The length that was promised cannot be kept: only a cut connection tells the client so.
            report("the file became shorter while it was sent");
            wire_.close();
            co_return NetFailure{NetErrc::closed, "the file became shorter while it was sent"};
        }
        const std::string_view data(piece.data(), count);
        const auto sent = co_await wire_.write(data, {}, options_.transfer_timeout);
        if (!sent) co_return sent;
        range.first += count;
        range.length -= count;
    }
    co_return NetResult<void>{};
}

// ---- The end of both

StopToken WireExchange::gone() const {
    if (!gone_) {
        gone_.emplace();
        if (gone_reason_ != StopReason::none) gone_->stop(gone_reason_);
    }
    return gone_->token();
}

awaitable<void> WireExchange::turn(CallerId caller) {
    if (!turns_.take(caller)) co_await turns_.wait(caller);
}

void WireExchange::raise_gone(StopReason reason) {
    if (gone_reason_ != StopReason::none) return;
    gone_reason_ = reason;
    if (gone_) gone_->stop(reason);
}

void WireExchange::begin_shutdown() {
    keep_alive_ = false;
    raise_gone(StopReason::shutdown);
}

awaitable<bool> WireExchange::run(const HttpHandler& handler) {
    wire_.watch([this] { raise_gone(StopReason::cancelled); });
    std::exception_ptr error;
    try {
        co_await handler(*this);
    } catch (...) {
        error = std::current_exception();
    }
    if (error) report("the handler threw: " + what_of(error));
    co_await finish(error);
    bool is_reusable = keep_alive_ && !wire_.is_broken();
    if (is_reusable) is_reusable = co_await drain();
    wire_.unwatch();
    co_return is_reusable;
}

awaitable<void> WireExchange::finish(std::exception_ptr error) {
    if (wire_.is_broken()) co_return;
    if (phase_ == Phase::unanswered) co_return co_await answer_for_handler(error);
    if (error) {
        // Whatever was promised is not whole.
        wire_.close();
    } else if (phase_ == Phase::streaming && is_chunked_ && !is_head()) {
        ignore_result(co_await wire_.write("0\r\n\r\n", {}, options_.transfer_timeout), "the client is gone");
    }
}

awaitable<void> WireExchange::answer_for_handler(std::exception_ptr error) {
    Refusal refusal = internal_error();
    if (error == nullptr) {
        const bool was_cut = read_failure_ && read_failure_->code == NetErrc::closed;
        if (was_cut || gone_reason_ == StopReason::cancelled) {
            wire_.close();
            co_return;
        }
        if (read_failure_) {
            refusal = refusal_of_read(*read_failure_);
        } else if (gone_reason_ == StopReason::shutdown) {
            refusal = {http::status::service_unavailable, "shutting_down", "The server is going down; try again soon."};
        } else {
            report("the handler gave no answer");
        }
    }
    ignore_result(co_await respond(refusal_response(refusal)), "the client is gone");
}

}  // namespace longhand::net
