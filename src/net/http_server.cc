#include "net/http_server.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_set>

#include "base/digest.h"
#include "net/http_connection.h"
#include "net/networks.h"
#include "net/peer_limit.h"

namespace longhand::net {

namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{50};
constexpr std::chrono::seconds kTellAgain{10};

std::mt19937_64 seeded_generator() {
    const std::string bytes = random_bytes(32);
    std::array<std::uint32_t, 8> words{};
    std::memcpy(words.data(), bytes.data(), bytes.size());
    std::seed_seq seed(words.begin(), words.end());
    return std::mt19937_64(seed);
}

/// As the kernel has it (sched_setattr(2), first version), whose own header does not go beside the C library's.
struct SchedulingWishes {
    std::uint32_t size = sizeof(SchedulingWishes);
    std::uint32_t policy = 0;  ///< SCHED_OTHER
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0;  ///< ns; of SCHED_OTHER the slice, since Linux 6.12
    std::uint64_t deadline = 0, period = 0;
};
static_assert(sizeof(SchedulingWishes) == 48);

/// This thread asks the system for short slices. It gets no more of the processor by that; but when it wakes up it runs
/// at once, also where a thread with a longer slice (the engine's, the store's) has the core, and not only when that
/// one's three milliseconds are over. A system that knows no such slices, or does not grant them, leaves it as it is.
void ask_for_short_slices() {
    constexpr std::uint64_t kShortest = 100'000;  // that Linux grants
    SchedulingWishes wishes;
    if (::syscall(SYS_sched_getattr, 0, &wishes, sizeof wishes, 0U) != 0 || wishes.policy != 0) return;
    wishes.runtime = kShortest;
    ::syscall(SYS_sched_setattr, 0, &wishes, 0U);
}

std::string plain_reason(const error_code& error) {
    if (error == asio::error::address_in_use) return "something else listens on that port";
    if (error == asio::error::access_denied) return "this user may not listen on that port";
    if (error == boost::system::errc::address_not_available) return "this machine has no such address";
    return error.message();
}

}  // namespace

/// A thread, its io_context and the connections that live on it. All but the constructor, `start`, `begin_stop` and
/// `join` run on that thread.
class HttpLoop {
public:
    HttpLoop(const HttpServerOptions& options, const HttpHandler& handler)
        : options_(options), handler_(handler), generator_(seeded_generator()) {}

    asio::io_context& context() { return context_; }

    void start() {
        thread_ = std::thread([this] {
            ask_for_short_slices();
            context_.run();
        });
    }

    /// Takes over a connection; any thread.
    void adopt(tcp::socket socket, std::shared_ptr<PeerLimit::Place> place, Admission admission) {
        asio::post(context_, [this, socket = std::move(socket), place = std::move(place), admission]() mutable {
            open(std::move(socket), std::move(place), admission);
        });
    }

    /// Lets the loop end when its connections have; any thread.
    void begin_stop(Milliseconds grace) {
        asio::post(context_, [this, grace] { shut_down(grace); });
    }

    void join() {
        if (thread_.joinable()) thread_.join();
    }

private:
    void open(tcp::socket socket, std::shared_ptr<PeerLimit::Place> place, Admission admission) {
        if (is_stopping_) return;
        auto connection = std::make_shared<HttpConnection>(
            std::move(socket), options_, handler_, [this] { return new_request_id(); }, turns_, admission);
        connections_.insert(connection);
        asio::co_spawn(context_, connection->serve(), [this, connection, place](std::exception_ptr error) {
            connection->close();
            if (error && options_.log_error) options_.log_error("a connection ended in an exception");
            connections_.erase(connection);
            if (connections_.empty()) grace_timer_.cancel();
        });
    }

    void shut_down(Milliseconds grace) {
        is_stopping_ = true;
        work_.reset();
        turns_.end();
        for_each_connection([](HttpConnection& connection) { connection.begin_shutdown(); });
        asio::post(context_,
                   [this] { for_each_connection([](HttpConnection& connection) { connection.close_if_idle(); }); });
        if (connections_.empty()) return;
        grace_timer_.expires_after(grace);
        grace_timer_.async_wait([this](error_code error) {
            if (error) return;
            for_each_connection([](HttpConnection& connection) { connection.close(); });
        });
    }

    // A copy: a connection may end while it is told.
    template <class Action>
    void for_each_connection(Action action) {
        const auto connections = connections_;
        for (const auto& connection : connections) action(*connection);
    }

    std::string new_request_id() {
        std::array<std::uint64_t, 2> random{generator_(), generator_()};
        return to_hex({reinterpret_cast<const char*>(random.data()), sizeof random});
    }

    const HttpServerOptions& options_;
    const HttpHandler& handler_;
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    asio::steady_timer grace_timer_{context_};
    FairTurns turns_{context_};
    std::unordered_set<std::shared_ptr<HttpConnection>> connections_;
    std::mt19937_64 generator_;
    bool is_stopping_ = false;
    std::thread thread_;
};

class HttpServer::Impl {
public:
    Impl(HttpServerOptions options, HttpHandler handler) : options_(std::move(options)), handler_(std::move(handler)) {
        for (unsigned i = 0; i < std::max(1U, options_.threads); ++i) {
            loops_.push_back(std::make_unique<HttpLoop>(options_, handler_));
        }
    }

    NetResult<Address> listen(const std::string& host, std::uint16_t port) {
        std::lock_guard lock(mutex_);
        if (is_stopped_) return NetFailure{NetErrc::stopped, "the server has stopped"};
        auto acceptor = bind(host, port);
        if (!acceptor) return acceptor.error();
        const auto bound = (*acceptor)->local_endpoint();
        if (acceptors_.empty()) {
            for (auto& loop : loops_) loop->start();
        }
        acceptors_.push_back(*acceptor);
        asio::co_spawn(loops_.front()->context(), accept(*acceptor), [](std::exception_ptr) {});
        return Address{bound.address().to_string(), bound.port()};
    }

    void stop(Milliseconds grace) {
        std::lock_guard lock(mutex_);
        if (std::exchange(is_stopped_, true)) return;
        for (auto& acceptor : acceptors_) {
            asio::post(loops_.front()->context(), [acceptor] {
                error_code ignored;
                acceptor->close(ignored);
            });
        }
        for (auto& loop : loops_) loop->begin_stop(grace);
        for (auto& loop : loops_) loop->join();
    }

private:
    using Acceptor = std::shared_ptr<tcp::acceptor>;

    NetResult<Acceptor> bind(const std::string& host, std::uint16_t port) {
        const std::string where = host + " port " + std::to_string(port);
        error_code error;
        tcp::resolver resolver(loops_.front()->context());
        const auto found = resolver.resolve(host, std::to_string(port),
                                            tcp::resolver::passive | tcp::resolver::numeric_service, error);
        if (error) return NetFailure{NetErrc::unreachable, "cannot listen on " + where + ": no address of that name"};
        for (const auto& entry : found) {
            auto acceptor = std::make_shared<tcp::acceptor>(loops_.front()->context());
            error = open(*acceptor, entry.endpoint());
            if (!error) return acceptor;
        }
        return NetFailure{NetErrc::unreachable, "cannot listen on " + where + ": " + plain_reason(error)};
    }

    static error_code open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
        error_code error;
        acceptor.open(endpoint.protocol(), error);
        // A restart must not wait for the connections of the last run to be forgotten.
        if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error) acceptor.bind(endpoint, error);
        if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
        return error;
    }

    // Hands connections to the loops in turn.
    awaitable<void> accept(Acceptor acceptor) {
        while (acceptor->is_open()) {
            auto& loop = *loops_[next_++ % loops_.size()];
            tcp::socket socket(loop.context());
            error_code error;
            co_await acceptor->async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
            if (!error) {
                const auto admission = co_await wait_for_room(acceptor.get(), socket.native_handle());
                admit(std::move(socket), loop, admission);
            } else if (acceptor->is_open() && error != asio::error::connection_aborted) {
                co_await pause_accepting(error);
            }
        }
    }

    DescriptorRoom room_with(int newest) const {
        return options_.room ? options_.room(newest) : descriptor_room(newest);
    }

    // The rest of the process has to go on: it needs descriptors, too.
    awaitable<Admission> wait_for_room(const tcp::acceptor* acceptor, int newest) {
        auto room = room_with(newest);
        tell_of_room(room);
        while (room == DescriptorRoom::none && acceptor->is_open()) {
            error_code ignored;
            asio::steady_timer timer(loops_.front()->context(), kAcceptPause);
            co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            room = room_with(lowest_free_descriptor(newest));
        }
        co_return room == DescriptorRoom::plenty ? Admission::welcome : Admission::turned_away;
    }

    void tell_of_room(DescriptorRoom room) {
        const auto now = std::chrono::steady_clock::now();
        const bool is_short = room != DescriptorRoom::plenty;
        // Around the bound it comes and goes.
        if (is_short == is_short_ || (is_short && now < tell_again_) || !options_.log_error) return;
        is_short_ = is_short;
        tell_again_ = now + kTellAgain;
        options_.log_error(is_short
                               ? "connections have used up their share of the open files: more are refused or wait "
                                 "until some end; raise the limit (LimitNOFILE in a unit, ulimit -n)"
                               : "connections are taken again");
    }

    void admit(tcp::socket socket, HttpLoop& loop, Admission admission) {
        error_code error;
        // Plain, for loopback in another form is not `is_loopback`.
        const auto peer = plain_form(socket.remote_endpoint(error).address());
        // It has gone already.
        if (error) return;
        const bool is_shared = options_.is_shared_peer ? options_.is_shared_peer(peer) : peer.is_loopback();
        if (is_shared) return loop.adopt(std::move(socket), nullptr, admission);
        auto [place, is_first_refusal] = peers_.take(peer);
        if (place) return loop.adopt(std::move(socket), std::move(place), admission);
        if (!is_first_refusal || !options_.log_error) return;
        options_.log_error(peer.to_string() + " has " + std::to_string(options_.connections_per_address) +
                           " connections open; more are closed at once");
    }

    // Out of descriptors or memory, most likely: connections that end meanwhile give some back.
    awaitable<void> pause_accepting(error_code error) {
        tell_of_room(DescriptorRoom::none);
        asio::steady_timer timer(loops_.front()->context(), kAcceptPause);
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }

    const HttpServerOptions options_;
    const HttpHandler handler_;
    PeerLimit peers_{options_.connections_per_address};
    std::mutex mutex_;
    bool is_stopped_ = false;
    // Used by the first loop's thread only.
    std::size_t next_ = 0;
    bool is_short_ = false;  ///< of descriptors, and the log has it
    std::chrono::steady_clock::time_point tell_again_{};
    std::vector<std::unique_ptr<HttpLoop>> loops_;
    // After the loops, to go before them.
    std::vector<Acceptor> acceptors_;
};

HttpServer::HttpServer(HttpServerOptions options, HttpHandler handler)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handler))) {}

HttpServer::~HttpServer() {
    stop(Milliseconds{0});
}

NetResult<HttpServer::Address> HttpServer::listen(std::string host, std::uint16_t port) {
    return impl_->listen(host, port);
}

void HttpServer::stop(Milliseconds grace) {
    impl_->stop(grace);
}

}  // namespace longhand::net
