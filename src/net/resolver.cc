#include "net/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <resolv.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "net/peer_address.h"

namespace longhand::net {
namespace {

namespace ip = boost::asio::ip;
using Answer = NetResult<Addresses>;

// Of as many name servers: what a lookup takes where all are silent, and an end of the process waits for.
constexpr int kSecondsPerTry = 2, kTries = 2, kMostNameServers = 2;

struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor) : done(executor) {}
    asio::steady_timer done;
    std::optional<Answer> answer;
    std::atomic<bool> is_abandoned = false;  ///< nobody waits for it any more
};

// The resolver's state is each thread's own; it is read anew, for the machine's set-up may have changed.
void set_up_thread(const std::optional<ip::udp::endpoint>& name_server) {
    res_init();
    _res.options &= ~static_cast<unsigned long>(RES_DNSRCH | RES_DEFNAMES);
    _res.retrans = kSecondsPerTry;
    _res.retry = kTries;
    _res.nscount = std::min(_res.nscount, kMostNameServers);
    if (!name_server) return;
    _res.nscount = 1;
    _res.nsaddr_list[0].sin_family = AF_INET;
    _res.nsaddr_list[0].sin_port = htons(name_server->port());
    _res.nsaddr_list[0].sin_addr.s_addr = htonl(name_server->address().to_v4().to_uint());
}

Answer look_up(const std::string& host, const std::optional<ip::udp::endpoint>& name_server) {
    set_up_thread(name_server);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int code = getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (code != 0) return NetFailure{NetErrc::unreachable, "no address is known for that name"};
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
    Addresses addresses;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        const auto address = address_of(*each->ai_addr);
        if (address && std::find(addresses.begin(), addresses.end(), *address) == addresses.end())
            addresses.push_back(*address);
    }
    if (addresses.empty()) return NetFailure{NetErrc::unreachable, "no address is known for that name"};
    return addresses;
}

}  // namespace

SystemResolver::SystemResolver(Options options) : options_(std::move(options)) {}

SystemResolver::~SystemResolver() {
    if (!pool_) return;
    pool_->stop();
    pool_->join();
}

awaitable<Answer> SystemResolver::resolve(std::string host, Milliseconds limit, StopToken stop,
                                          std::shared_ptr<const void> held) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto lookup = std::make_shared<Lookup>(executor);
    lookup->done.expires_after(limit);
    std::call_once(pool_made_, [this] { pool_.emplace(options_.threads); });
    asio::post(*pool_,
               [lookup, executor, host = std::move(host), name_server = options_.name_server, held = std::move(held)] {
                   // Slow names that were given up already must not keep later ones from their threads.
                   if (lookup->is_abandoned) return;
                   Answer answer = look_up(host, name_server);
                   asio::post(executor, [lookup, answer = std::move(answer)]() mutable {
                       lookup->answer = std::move(answer);
                       lookup->done.cancel();
                   });
               });
    StopCallback on_stop(stop, [lookup, executor] { asio::post(executor, [lookup] { lookup->done.cancel(); }); });
    // What is posted runs after this coroutine waits: it can't be missed.
    boost::system::error_code ended;
    if (!stop.stopped()) co_await lookup->done.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    lookup->is_abandoned = true;
    if (stop.stopped()) co_return NetFailure{NetErrc::stopped, "stopped"};
    if (lookup->answer) co_return std::move(*lookup->answer);
    co_return NetFailure{NetErrc::timeout, "its name was not looked up in time"};
}

}  // namespace longhand::net
