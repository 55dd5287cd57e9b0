// libcurl's multi socket interface on an Asio loop: curl says which sockets and which time it waits for, the loop
// waits.
#pragma once

#include <curl/curl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>

#include "base/runtime.h"
#include "net/deadline.h"

namespace longhand::net {

/// A socket that brings small pieces one after the other, as a model's answer comes word by word, is not read for each:
/// what comes within kGather of the last one is taken together. The first pieces, and large ones, are taken at once.
/// Used from the loop's thread only, and not from within curl's own callbacks.
class CurlMulti {
public:
    explicit CurlMulti(asio::io_context& loop);
    /// No transfer may be under way.
    ~CurlMulti();
    CurlMulti(const CurlMulti&) = delete;
    CurlMulti& operator=(const CurlMulti&) = delete;

    /// Told when the transfer of an added handle has ended, after it was removed.
    using Done = std::function<void(CURL* easy, CURLcode result)>;
    void on_done(Done done) { done_ = std::move(done); }

    /// False when curl does not take it.
    bool add(CURL* easy);
    /// Ends its transfer without `on_done`; the connection of an unfinished one is closed (HTTP/2: its stream is
    /// reset).
    void remove(CURL* easy);
    /// Sets up what a handle needs so that its sockets are closed only after the loop has let go of them.
    void prepare(CURL* easy);
    /// So many bytes of a body were handed on; said from within curl's callbacks.
    void note_bytes(std::size_t count) { bytes_ += count; }

private:
    struct Watch;

    static int socket_callback(CURL* easy, curl_socket_t socket, int what, void* self, void* watch);
    static int timer_callback(CURLM* multi, long timeout_ms, void* self);
    static int close_callback(void* self, curl_socket_t socket);

    void set_watch(curl_socket_t socket, int what);
    void release(curl_socket_t socket);
    void wait(const std::shared_ptr<Watch>& watch, int direction);
    void read(const std::shared_ptr<Watch>& watch);
    void rest(const std::shared_ptr<Watch>& watch);
    void end_rests();
    void set_timer(long timeout_ms);
    void act(curl_socket_t socket, int events);
    void take_finished();

    asio::io_context& loop_;
    CURLM* multi_;
    Deadline timer_;
    Done done_;
    std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
    std::size_t bytes_ = 0;
    std::deque<std::shared_ptr<Watch>> resting_;  ///< the one that rested first in front
    Deadline rests_;
};

}  // namespace longhand::net
