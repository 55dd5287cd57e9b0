#include "net/curl_multi.h"

#include <unistd.h>

#include <stdexcept>
#include <vector>

namespace longhand::net {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kGather{50};  // a person does not see it
// A handshake, a head and the first words go through undelayed.
constexpr unsigned kFirstPieces = 8;
constexpr std::size_t kSmallPiece = 4096;

CURLM* new_multi() {
    // libcurl's own state is per process; this is safe from several threads since 7.84.
    static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM* multi = initialised == CURLE_OK ? curl_multi_init() : nullptr;
    if (multi == nullptr) throw std::runtime_error("libcurl does not start");
    return multi;
}

}  // namespace

// A socket that curl owns and the loop only waits on: it is released, never closed, here.
struct CurlMulti::Watch {
    Watch(asio::io_context& loop, curl_socket_t own) : socket(own), descriptor(loop, own) {}

    curl_socket_t socket;
    asio::posix::stream_descriptor descriptor;
    int wanted = 0;   ///< of CURL_POLL_IN and CURL_POLL_OUT
    int waiting = 0;  ///< for which of them a wait is under way
    unsigned small_pieces = 0;
    Clock::time_point rests_until{};
    bool is_resting = false;
    bool is_released = false;
};

CurlMulti::CurlMulti(asio::io_context& loop)
    : loop_(loop),
      multi_(new_multi()),
      timer_(loop.get_executor(), [this] { act(CURL_SOCKET_TIMEOUT, 0); }),
      rests_(loop.get_executor(), [this] { end_rests(); }) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::socket_callback);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::timer_callback);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

CurlMulti::~CurlMulti() {
    curl_multi_cleanup(multi_);
    while (!watches_.empty()) release(watches_.begin()->first);
    resting_.clear();
}

void CurlMulti::prepare(CURL* easy) {
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlMulti::close_callback);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
}

bool CurlMulti::add(CURL* easy) {
    return curl_multi_add_handle(multi_, easy) == CURLM_OK;
}

void CurlMulti::remove(CURL* easy) {
    curl_multi_remove_handle(multi_, easy);
}

int CurlMulti::socket_callback(CURL*, curl_socket_t socket, int what, void* self, void*) {
    static_cast<CurlMulti*>(self)->set_watch(socket, what);
    return 0;
}

int CurlMulti::timer_callback(CURLM*, long timeout_ms, void* self) {
    static_cast<CurlMulti*>(self)->set_timer(timeout_ms);
    return 0;
}

int CurlMulti::close_callback(void* self, curl_socket_t socket) {
    static_cast<CurlMulti*>(self)->release(socket);
    return ::close(socket);
}

void CurlMulti::set_watch(curl_socket_t socket, int what) {
    if (what == CURL_POLL_REMOVE) return release(socket);
    auto& watch = watches_[socket];
    if (!watch) watch = std::make_shared<Watch>(loop_, socket);
    watch->wanted = what & CURL_POLL_INOUT;
    wait(watch, CURL_POLL_IN);
    wait(watch, CURL_POLL_OUT);
}

void CurlMulti::release(curl_socket_t socket) {
    const auto found = watches_.find(socket);
    if (found == watches_.end()) return;
    found->second->is_released = true;
    found->second->descriptor.release();
    watches_.erase(found);
}

void CurlMulti::wait(const std::shared_ptr<Watch>& watch, int direction) {
    if ((watch->wanted & direction) == 0 || (watch->waiting & direction) != 0) return;
    if (direction == CURL_POLL_IN && watch->rests_until > Clock::now()) return rest(watch);
    watch->waiting |= direction;
    using Descriptor = asio::posix::stream_descriptor;
    const auto kind = direction == CURL_POLL_IN ? Descriptor::wait_read : Descriptor::wait_write;
    watch->descriptor.async_wait(kind, [this, watch, direction](boost::system::error_code error) {
        watch->waiting &= ~direction;
        // Once released, this object may be gone too.
        if (watch->is_released || (watch->wanted & direction) == 0) return;
        if (error) {
            act(watch->socket, CURL_CSELECT_ERR);
        } else if (direction == CURL_POLL_IN) {
            read(watch);
        } else {
            act(watch->socket, CURL_CSELECT_OUT);
        }
        if (!watch->is_released) wait(watch, direction);
    });
}

void CurlMulti::read(const std::shared_ptr<Watch>& watch) {
    bytes_ = 0;
    act(watch->socket, CURL_CSELECT_IN);
    if (watch->is_released) return;
    const bool is_small = bytes_ > 0 && bytes_ < kSmallPiece;
    if (is_small && ++watch->small_pieces > kFirstPieces) watch->rests_until = Clock::now() + kGather;
}

void CurlMulti::rest(const std::shared_ptr<Watch>& watch) {
    if (std::exchange(watch->is_resting, true)) return;
    resting_.push_back(watch);
    if (resting_.size() == 1) rests_.set(watch->rests_until - Clock::now());
}

// All rests are equally long, so they end in the order in which they began.
void CurlMulti::end_rests() {
    const auto now = Clock::now();
    while (!resting_.empty() && (resting_.front()->is_released || resting_.front()->rests_until <= now)) {
        const auto watch = std::move(resting_.front());
        resting_.pop_front();
        watch->is_resting = false;
        if (!watch->is_released) wait(watch, CURL_POLL_IN);
    }
    if (!resting_.empty()) rests_.set(resting_.front()->rests_until - now);
}

void CurlMulti::set_timer(long timeout_ms) {
    if (timeout_ms < 0) return timer_.cancel();
    timer_.set(std::chrono::milliseconds(timeout_ms));
}

void CurlMulti::act(curl_socket_t socket, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, socket, events, &running);
    take_finished();
}

void CurlMulti::take_finished() {
    // Collected first: what `done_` starts changes curl's list.
    std::vector<std::pair<CURL*, CURLcode>> finished;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg == CURLMSG_DONE) finished.emplace_back(message->easy_handle, message->data.result);
    }
    for (const auto& [easy, result] : finished) {
        remove(easy);
        done_(easy, result);
    }
}

}  // namespace longhand::net
