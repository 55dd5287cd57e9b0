// A server's end of one connection, in bytes: reads into one buffer, writes with a deadline, and notices that the other
// end has gone while nobody reads.
#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "net/deadline.h"
#include "net/errors.h"
#include "net/tls.h"

namespace longhand::net {

/// Used from its loop's thread only; one read and one write at a time.
class HttpWire : public std::enable_shared_from_this<HttpWire> {
public:
    using Duration = std::chrono::steady_clock::duration;

    /// In the clear where there is no certificate, which is needed no longer than this takes.
    HttpWire(asio::ip::tcp::socket socket, const TlsCertificate* certificate);

    /// Before anything else: the TLS handshake, where there is a certificate. Errors: closed, timeout; malformed when
    /// the client speaks HTTP without TLS, and can be told so in the clear.
    awaitable<NetResult<void>> secure(Duration patience);

    /// What has come and was not consumed.
    std::string_view input() const;
    void consume(std::size_t bytes) { input_.consume(bytes); }
    /// Gives back the memory that holds no input: for a connection on which nothing is to come for long.
    void drop_spare_room() { input_.shrink_to_fit(); }

    enum class ReadSize { head, body };
    /// Resumes when `input` has grown, with at most a few KiB more for a head and 64 KiB for a body. The deadline
    /// counts; Errors: closed (input stays), timeout.
    awaitable<NetResult<void>> fill(ReadSize size);

    /// Something has come that was not consumed, or lies on the socket.
    bool has_input();

    /// From now on the system takes little more than the client does: what it could not send yet is the sender's to
    /// drop or to replace.
    void keep_unsent_small();

    /// Sends all of both, waiting at most `patience` for the socket to take a byte. Errors: closed, timeout; no write
    /// works after one.
    awaitable<NetResult<void>> write(std::string_view first, std::string_view second, Duration patience);

    /// For reading: `fill` fails with timeout when it passes.
    void set_read_deadline(Duration from_now);
    void clear_deadline() { deadline_.clear(); }

    /// From now on `on_gone` is called (once) when the other end closes or resets. What it sends meanwhile is kept, up
    /// to a bound, past which the watch ends until input is consumed and `watch` called again.
    void watch(std::function<void()> on_gone);
    void rewatch();
    /// `on_gone` is not called any more.
    void unwatch() { on_gone_ = nullptr; }

    bool input_ended() const { return input_ended_; }
    bool is_broken() const { return broken_; }

    /// Sends the end of the stream, then reads and drops what still comes until the other end closes too or `patience`
    /// passes, so that the answer is not lost to a reset.
    awaitable<void> linger(Duration patience);
    /// At once; whoever waits on the connection fails with closed.
    void close();

    std::string remote_address() const;

private:
    bool read_now(ReadSize size);
    awaitable<boost::system::error_code> wait_and_read();
    std::size_t read_some(asio::mutable_buffer space, boost::system::error_code& error);
    std::size_t write_some(std::string_view first, std::string_view second, boost::system::error_code& error);
    void note_end();
    void wait_for_input();
    NetFailure failure() const;
    awaitable<NetResult<void>> wait_writable(Duration patience);

    asio::ip::tcp::socket socket_;
    std::optional<TlsSession> tls_;
    boost::beast::flat_buffer input_;
    Deadline deadline_;
    std::function<void()> on_gone_;
    std::uint64_t received_ = 0;
    std::size_t written_in_a_row_ = 0;
    bool watching_ = false;
    bool timed_out_ = false;
    bool input_ended_ = false;
    bool broken_ = false;
};

}  // namespace longhand::net
