#include "net/http_wire.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace longhand::net {

namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kHeadPiece = 8 * 1024;
constexpr std::size_t kBodyPiece = 64 * 1024;
// What is read ahead of a handler, and so how much a client may pipeline before its going is seen only by writing.
constexpr std::size_t kReadAhead = 64 * 1024;
// Of a stream; bytes.
constexpr int kMostUnsent = 32 * 1024;
// A connection whose socket takes everything at once lets the others of its loop run after so many bytes.
constexpr std::size_t kTurn = 256 * 1024;

}  // namespace

HttpWire::HttpWire(tcp::socket socket, const TlsCertificate* certificate)
    : socket_(std::move(socket)), deadline_(socket_.get_executor(), [this] {
          timed_out_ = true;
          error_code ignored;
          socket_.cancel(ignored);
      }) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(tcp::no_delay(true), ignored);
    if (certificate != nullptr) tls_.emplace(*certificate, socket_.native_handle());
}

awaitable<NetResult<void>> HttpWire::secure(Duration patience) {
    if (!tls_) co_return NetResult<void>{};
    set_read_deadline(patience);
    while (true) {
        const auto step = tls_->shake_hands();
        if (step == TlsSession::Handshake::done) break;
        if (step == TlsSession::Handshake::plain_http) {
            tls_.reset();
            co_return NetFailure{NetErrc::malformed, "the client speaks HTTP without TLS"};
        }
        if (step == TlsSession::Handshake::failed) co_return failure();
        const auto wait = step == TlsSession::Handshake::wants_read ? tcp::socket::wait_read : tcp::socket::wait_write;
        error_code error;
        co_await socket_.async_wait(wait, asio::redirect_error(asio::use_awaitable, error));
        if (error || timed_out_) co_return failure();
    }
    clear_deadline();
    co_return NetResult<void>{};
}

std::size_t HttpWire::read_some(asio::mutable_buffer space, error_code& error) {
    return tls_ ? tls_->read_some(space, error) : socket_.read_some(std::array{space}, error);
}

std::size_t HttpWire::write_some(std::string_view first, std::string_view second, error_code& error) {
    if (tls_) return tls_->write_some(first, second, error);
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(first), asio::buffer(second)};
    return socket_.write_some(buffers, error);
}

std::string_view HttpWire::input() const {
    const auto data = input_.data();
    return {static_cast<const char*>(data.data()), data.size()};
}

bool HttpWire::has_input() {
    if (input_.size() > 0) return true;
    error_code error;
    return socket_.available(error) > 0 && !error;
}

void HttpWire::keep_unsent_small() {
    // Refused by a system that does not know it: then the buffers are as large as they are.
    setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMostUnsent, sizeof kMostUnsent);
}

std::string HttpWire::remote_address() const {
    error_code error;
    const auto endpoint = socket_.remote_endpoint(error);
    return error ? std::string() : endpoint.address().to_string();
}

void HttpWire::set_read_deadline(Duration from_now) {
    timed_out_ = false;
    deadline_.set(from_now);
}

NetFailure HttpWire::failure() const {
    if (timed_out_) return {NetErrc::timeout, "the client was too slow"};
    return {NetErrc::closed, "the client closed the connection"};
}

void HttpWire::note_end() {
    input_ended_ = true;
    if (auto on_gone = std::exchange(on_gone_, nullptr)) on_gone();
}

// One read without waiting. True when there is nothing to wait for: bytes came, or the end.
bool HttpWire::read_now(ReadSize size) {
    if (input_ended_) return true;
    if (size == ReadSize::head && input_.size() == 0 && input_.capacity() > kHeadPiece) input_.shrink_to_fit();
    const auto space = input_.prepare(size == ReadSize::head ? kHeadPiece : kBodyPiece);
    error_code error;
    const auto count = read_some(space, error);
    if (error == asio::error::would_block || error == asio::error::try_again) return false;
    input_.commit(count);
    received_ += count;
    if (error) note_end();
    return true;
}

// Of a head. A wait for the socket costs a system call to arm it; a read, which leaves the socket armed, does not.
awaitable<error_code> HttpWire::wait_and_read() {
    const auto space = input_.prepare(kHeadPiece);
    error_code error;
    const auto count = co_await socket_.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
    input_.commit(count);
    received_ += count;
    if (error && error != asio::error::operation_aborted) note_end();
    co_return error;
}

awaitable<NetResult<void>> HttpWire::fill(ReadSize size) {
    const auto received_before = received_;
    // Nobody else reads meanwhile: the watch is over, and begins again only with a handler.
    if (size == ReadSize::head && !tls_ && !watching_ && !input_ended_ && !timed_out_) {
        co_await wait_and_read();
        if (received_ == received_before) co_return failure();
        co_return NetResult<void>{};
    }
    // A body is mostly there already; the next head mostly not. What a session holds back, no socket tells.
    const bool may_be_there = size == ReadSize::body || (tls_ && tls_->has_pending());
    bool is_done = may_be_there && read_now(size);
    while (!is_done && !input_ended_ && received_ == received_before && !timed_out_) {
        error_code error;
        co_await socket_.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
        // The watch, which waits beside this, may have read what came.
        if (received_ != received_before) break;
        if (error || timed_out_) co_return failure();
        is_done = read_now(size);
    }
    if (received_ == received_before) co_return failure();
    co_return NetResult<void>{};
}

void HttpWire::watch(std::function<void()> on_gone) {
    if (input_ended_) return on_gone();
    on_gone_ = std::move(on_gone);
    rewatch();
}

void HttpWire::rewatch() {
    if (!watching_ && on_gone_ && input_.size() < kReadAhead && socket_.is_open()) wait_for_input();
}

void HttpWire::wait_for_input() {
    watching_ = true;
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code error) {
        self->watching_ = false;
        // Without someone to tell, what comes is left to the next `fill`.
        if (error || !self->on_gone_) return;
        if (self->input_.size() < kReadAhead) self->read_now(ReadSize::head);
        self->rewatch();
    });
}

awaitable<NetResult<void>> HttpWire::wait_writable(Duration patience) {
    timed_out_ = false;
    deadline_.set(patience);
    error_code error;
    co_await socket_.async_wait(tcp::socket::wait_write, asio::redirect_error(asio::use_awaitable, error));
    deadline_.clear();
    if (error || timed_out_) co_return failure();
    co_return NetResult<void>{};
}

awaitable<NetResult<void>> HttpWire::write(std::string_view first, std::string_view second, Duration patience) {
    while (!broken_ && first.size() + second.size() > 0) {
        error_code error;
        const auto count = write_some(first, second, error);
        const auto of_first = std::min(count, first.size());
        first.remove_prefix(of_first);
        second.remove_prefix(count - of_first);
        if (error == asio::error::would_block || error == asio::error::try_again) {
            written_in_a_row_ = 0;
            const auto writable = co_await wait_writable(patience);
            if (writable) continue;
            close();
            co_return writable.error();
        }
        if (error) close();
        written_in_a_row_ += count;
        if (written_in_a_row_ < kTurn) continue;
        written_in_a_row_ = 0;
        co_await asio::post(socket_.get_executor(), asio::use_awaitable);
    }
    if (broken_) co_return NetFailure{NetErrc::closed, "the client closed the connection"};
    co_return NetResult<void>{};
}

awaitable<void> HttpWire::linger(Duration patience) {
    unwatch();
    if (tls_) tls_->shut_down();
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    // One deadline for all of it: a client that goes on sending does not hold the connection.
    set_read_deadline(patience);
    while (!input_ended_ && !broken_ && !timed_out_) {
        consume(input().size());
        const auto filled = co_await fill(ReadSize::body);
        if (!filled) break;
        co_await asio::post(socket_.get_executor(), asio::use_awaitable);
    }
    close();
}

void HttpWire::close() {
    if (std::exchange(broken_, true)) return;
    deadline_.clear();
    note_end();
    if (tls_) tls_->shut_down();
    error_code ignored;
    socket_.close(ignored);
}

}  // namespace longhand::net
