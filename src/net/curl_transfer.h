// One call of the HTTP client, from its easy handle's options to its reply.
#pragma once

#include <curl/curl.h>

#include <array>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/curl_multi.h"
#include "net/deadline.h"
#include "net/http_client.h"
#include "net/open_file.h"

namespace longhand::net {

/// Used from the loop's thread only.
class CurlTransfer : public std::enable_shared_from_this<CurlTransfer> {
public:
    CurlTransfer(asio::io_context& loop, CurlMulti& multi, const HttpClient::Options& options, HttpCall call,
                 StopToken stop);
    ~CurlTransfer();
    CurlTransfer(const CurlTransfer&) = delete;
    CurlTransfer& operator=(const CurlTransfer&) = delete;

    /// The transfer of a handle that CurlMulti reported.
    static CurlTransfer& of(CURL* easy);

    /// Calls `finished` once, when the result is there: at once where the call cannot begin.
    void start(std::function<void()> finished);
    /// Curl has ended it.
    void finish(CURLcode result);
    /// The stop token was raised. No effect once it has ended.
    void stop();

    /// Once, after `finished`. Throws what a callback of the call threw.
    NetResult<HttpReply> take_result();

private:
    std::optional<NetFailure> set_up();
    std::optional<NetFailure> set_url();
    std::optional<NetFailure> set_headers();
    std::optional<NetFailure> set_body();
    void set_options();
    void set_reach();
    void set_callbacks();
    void end(NetFailure failure);
    void abort(NetFailure failure);
    void conclude();
    void time_out();
    bool is_over_total() const;
    NetFailure failure_of(CURLcode result) const;
    std::string reason_of(CURLcode result) const;

    bool take_header_line(std::string_view line);
    bool take_head_end();
    bool take_body(std::string_view piece);
    std::size_t give_body(char* out, std::size_t size);
    template <class Action>
    bool guarded(Action action);

    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_write(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_read(char* out, std::size_t size, std::size_t count, void* self);
    static int on_seek(void* self, curl_off_t offset, int origin);
    static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
    static int on_request(void* self, char*, char*, int, int);

    CurlMulti& multi_;
    const HttpClient::Options& options_;
    HttpCall call_;
    StopToken stop_;
    CURL* easy_;
    curl_slist* headers_ = nullptr;
    curl_slist* known_addresses_ = nullptr;
    std::array<char, CURL_ERROR_SIZE> error_text_{};
    std::string shown_url_;
    std::optional<OpenFile> body_file_;
    std::uint64_t body_offset_ = 0;

    HttpReply reply_;
    std::size_t head_bytes_ = 0;
    std::size_t body_bytes_ = 0;
    bool is_head_whole_ = false;
    std::optional<NetFailure> failure_;
    std::exception_ptr exception_;
    std::function<void()> finished_;
    bool is_added_ = false;
    Deadline deadline_;
};

}  // namespace longhand::net
