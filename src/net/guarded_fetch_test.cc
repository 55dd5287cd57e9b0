#include "net/guarded_fetch.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <thread>

#include "net/dns_testing.h"
#include "net/net_testing.h"

namespace longhand::net {
namespace {

using testing::DnsServer;
using testing::until_stopped;

/// The inside: a port on every address of this machine, which counts who connects. Nobody may.
class Inside {
public:
    Inside() : socket_(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int off = 0;
        setsockopt(socket_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        sockaddr_in6 here{};
        here.sin6_family = AF_INET6;
        socklen_t size = sizeof here;
        if (bind(socket_, reinterpret_cast<sockaddr*>(&here), size) != 0 || listen(socket_, 64) != 0 ||
            getsockname(socket_, reinterpret_cast<sockaddr*>(&here), &size) != 0)
            throw std::runtime_error("no socket for the inside");
        port_ = ntohs(here.sin6_port);
        thread_ = std::thread([this] {
            for (int client = accept(socket_, nullptr, nullptr); client >= 0;
                 client = accept(socket_, nullptr, nullptr)) {
                ++connections_;
                close(client);
            }
        });
    }
    ~Inside() {
        shutdown(socket_, SHUT_RDWR);
        thread_.join();
        close(socket_);
    }
    std::string port() const { return std::to_string(port_); }
    int connections() const { return connections_; }

private:
    int socket_;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_ = 0;
    std::thread thread_;
};

/// A web server at an address of its own, which stands for the internet: the only one that may be reached.
class Outside {
public:
    explicit Outside(HttpHandler handler) {
        server_ = std::make_unique<HttpServer>(HttpServerOptions{}, [this, handler](HttpExchange& exchange) {
            ++requests_;
            return handler(exchange);
        });
        const auto address = server_->listen("127.77.0.1", 0);
        if (!address) throw std::runtime_error(address.error().message);
        port_ = address->port;
    }
    std::string port() const { return std::to_string(port_); }
    std::string url(const std::string& path) const { return "http://127.77.0.1:" + port() + path; }
    int requests() const { return requests_; }

private:
    std::atomic<int> requests_ = 0;
    std::unique_ptr<HttpServer> server_;
    std::uint16_t port_ = 0;
};

Networks only_outside() {
    Networks networks;
    networks.add("127.77.0.1");
    return networks;
}

FetchResult<FetchReply> fetch(FetchRequest request, const DnsServer& dns, Networks allowed = only_outside(),
                              StopToken stop = {}) {
    asio::io_context loop{1};
    SystemResolver resolver({.threads = 1, .name_server = dns.endpoint()});
    const AddressGuard guard(resolver, std::move(allowed));
    GuardedFetch client(loop, guard);
    auto result = asio::co_spawn(loop, client.fetch(std::move(request), std::move(stop)), asio::use_future);
    loop.run();
    return result.get();
}

FetchResult<FetchReply> fetch(std::string url, const DnsServer& dns) {
    FetchRequest request;
    request.url = std::move(url);
    request.limit = Milliseconds{5'000};
    return fetch(std::move(request), dns);
}

/// Answers a path `/to/URL` with a redirect to URL, `/loop` with one to itself, any other with its name and host.
awaitable<void> redirecting(HttpExchange& exchange) {
    HttpResponse response;
    const std::string target = exchange.request().target;
    if (target.starts_with("/to/")) {
        response.status = http::status::found;
        response.headers.emplace_back("location", target.substr(4));
    } else if (target == "/loop") {
        response.status = http::status::temporary_redirect;
        response.headers.emplace_back("location", "/loop");
    } else {
        response.body = target + " at " + std::string(exchange.request().headers["host"]);
    }
    ignore_result(co_await exchange.respond(std::move(response)), "the client may be gone");
}

// ---- What is refused

std::vector<std::string> hostile_urls(const std::string& port) {
    const std::vector<std::string> hosts = {
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.1", "017700000001", "0177.0.0.1",
        "0177.0x0.0.1", "127.0.0.1.", "127.0.0.2", "127.255.255.254", "127%2e0%2e0%2e1", "１２７.0.0.1", "①②⑦.0.0.1",
        "127。0。0。1", "localhost", "LOCALHOST", "localhost.", "0", "0.0.0.0", "0x0", "00", "[::]", "[::1]",
        "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
        "[2001:0:7f00:1::1]", "[fe80::1]", "[fe80::1%25lo]", "[fd00:ec2::254]", "[fc00::1]", "[fec0::1]", "[ff02::1]",
        "[::ffff:a9fe:a9fe]", "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.170.2",
        "100.100.100.200", "192.0.0.192", "168.63.129.16", "10.0.0.1", "10.1", "167772161", "172.16.0.1", "192.168.0.1",
        "192.168.1", "100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
        // Names, as the tests' DNS server knows them.
        "loopback.test", "loopback6.test", "mapped.test", "private.test", "metadata.test", "mixed.test", "mixed6.test",
        "zero.test", "nat64.test", "cgnat.test"};
    std::vector<std::string> urls;
    for (const auto& host : hosts) urls.push_back("http://" + host + ":" + port + "/");
    for (const std::string form : {"https://127.0.0.1:PORT/",
                                   "http:/127.0.0.1:PORT/",
                                   "http:127.0.0.1:PORT/",
                                   "//127.0.0.1:PORT/",
                                   "http://example.org@127.0.0.1:PORT/",
                                   "http://127.0.0.1:PORT@example.org/",
                                   "http://:x@127.0.0.1:PORT/",
                                   "http://example.org#@127.0.0.1:PORT/x",
                                   "http://127.0.0.1:PORT\\@example.org/",
                                   "http://[::1]:PORT\\/",
                                   "http://127.0.0.1:PORT\t/",
                                   "http://127.0.0.1\n:PORT/",
                                   "http://127.0.0.1%00.example.org:PORT/",
                                   "ftp://127.0.0.1:PORT/",
                                   "gopher://127.0.0.1:PORT/_x",
                                   "dict://127.0.0.1:PORT/x",
                                   "file://127.0.0.1/etc/passwd",
                                   "unix://127.0.0.1/run/x.sock",
                                   "http://127.0.0.1:PORT/../",
                                   "telnet://127.0.0.1:PORT/"}) {
        std::string url = form;
        if (const auto at = url.find("PORT"); at != url.npos) url.replace(at, 4, port);
        urls.push_back(url);
    }
    return urls;
}

void know_hostile_names(DnsServer& dns) {
    dns.set("loopback.test", {{"127.0.0.1"}});
    dns.set("loopback6.test", {{"::1"}});
    dns.set("mapped.test", {{"::ffff:127.0.0.1"}});
    dns.set("private.test", {{"10.1.2.3"}});
    dns.set("metadata.test", {{"169.254.169.254"}});
    dns.set("mixed.test", {{"127.77.0.1", "127.0.0.1"}});
    dns.set("mixed6.test", {{"127.77.0.1", "fd00::1"}});
    dns.set("zero.test", {{"0.0.0.0"}});
    dns.set("nat64.test", {{"64:ff9b::7f00:1"}});
    dns.set("cgnat.test", {{"100.64.0.9"}});
}

TEST(GuardedFetch, NoHostileAddressLeadsInside) {
    Inside inside;
    DnsServer dns;
    know_hostile_names(dns);
    const auto urls = hostile_urls(inside.port());
    EXPECT_GE(urls.size(), 60U);
    for (const auto& url : urls) {
        const auto reply = fetch(url, dns);
        EXPECT_FALSE(reply) << url;
    }
    EXPECT_EQ(inside.connections(), 0);
}

TEST(GuardedFetch, WithoutTheGuardTheyWould) {
    // The zeros of these tests are the guard's doing.
    Inside inside;
    DnsServer dns;
    know_hostile_names(dns);
    Networks everything;
    everything.add("0.0.0.0/0");
    everything.add("::/0");
    int reached = 0;
    for (const char* host : {"127.1", "2130706433", "0x7f.1", "[::ffff:7f00:1]", "１２７.0.0.1", "loopback.test"}) {
        FetchRequest request;
        request.url = std::string("http://") + host + ":" + inside.port() + "/";
        ignore_result(fetch(std::move(request), dns, everything), "the inside hangs up");
        ++reached;
        EXPECT_GE(inside.connections(), reached) << host;
    }
}

TEST(GuardedFetch, NoRedirectLeadsInside) {
    Inside inside;
    DnsServer dns;
    know_hostile_names(dns);
    Outside outside(redirecting);
    int redirects = 0;
    for (const auto& url : hostile_urls(inside.port())) {
        // Those that can stand in a request's first line.
        if (url.find_first_of("\t\n#\\") != url.npos || url.starts_with("http://１") || url.starts_with("http://①") ||
            url.starts_with("http://127。") || url.starts_with("http:1") || url.starts_with("http:/1")) {
            continue;
        }
        ++redirects;
        const auto reply = fetch(outside.url("/to/" + url), dns);
        EXPECT_FALSE(reply) << url;
    }
    EXPECT_EQ(outside.requests(), redirects);
    EXPECT_EQ(inside.connections(), 0);
}

TEST(GuardedFetch, ANameIsLookedUpOnceAndTheAddressThatWasCheckedIsConnectedTo) {
    Inside inside;
    DnsServer dns;
    Outside outside(redirecting);
    // Whoever asked again would be led inside.
    dns.set("rebinding.test", {{"127.77.0.1"}, {"127.0.0.1"}});
    const auto reply = fetch("http://rebinding.test:" + outside.port() + "/page", dns);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->reply.body, "/page at rebinding.test:" + outside.port());
    EXPECT_EQ(dns.questions(), 2) << "one for each family of addresses";
    EXPECT_FALSE(fetch("http://rebinding.test:" + inside.port() + "/", dns));
    EXPECT_EQ(inside.connections(), 0);
}

TEST(GuardedFetch, AfterARedirectTheSameNameIsCheckedAgain) {
    Inside inside;
    DnsServer dns;
    Outside outside(redirecting);
    dns.set("turning.test", {{"127.77.0.1"}, {"127.0.0.1"}});
    const auto reply =
        fetch("http://turning.test:" + outside.port() + "/to/http://turning.test:" + inside.port() + "/", dns);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, FetchErrc::refused);
    EXPECT_EQ(reply.error().message,
              "http://turning.test:" + inside.port() + "/ leads to an address that is not public.");
    EXPECT_EQ(inside.connections(), 0);
}

TEST(GuardedFetch, NoProxyOfTheEnvironmentIsAsked) {
    Inside inside;
    DnsServer dns;
    Outside outside(redirecting);
    for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"})
        setenv(name, ("http://127.0.0.1:" + inside.port()).c_str(), 1);
    const auto reply = fetch(outside.url("/x"), dns);
    for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"}) unsetenv(name);
    EXPECT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(inside.connections(), 0);
}

TEST(GuardedFetch, ASocketIsOpenedToACheckedAddressOnly) {
    // The second lock: were curl to look the name up by itself, it would not get anywhere.
    Inside inside;
    asio::io_context loop{1};
    HttpClient client(loop, {"longhand-test", false});
    HttpCall call;
    call.url = "http://127.0.0.1:" + inside.port() + "/";
    call.only_to = {"other.test", 80, {asio::ip::make_address("192.0.2.1")}};
    auto result = asio::co_spawn(loop, client.perform(std::move(call), {}), asio::use_future);
    loop.run();
    EXPECT_EQ(result.get().error().code, NetErrc::unreachable);
    EXPECT_EQ(inside.connections(), 0);
}

// ---- What is not

TEST(GuardedFetch, TheOperatorsNetworksMayBeReached) {
    DnsServer dns;
    Outside outside(redirecting);
    dns.set("service.test", {{"127.77.0.1"}});
    FetchRequest request;
    request.url = "http://service.test:" + outside.port() + "/";
    Networks range;
    range.add("127.77.0.0/16");
    EXPECT_TRUE(fetch(request, dns, range));
    const auto refused = fetch(request, dns, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, FetchErrc::refused);
}

TEST(GuardedFetch, FollowsFiveRedirectsAndNoMore) {
    DnsServer dns;
    Outside outside(redirecting);
    std::string url = "/there";
    for (int i = 0; i < 5; ++i) url = "/to/" + url;
    const auto reply = fetch(outside.url(url), dns);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->url, outside.url("/there"));
    EXPECT_EQ(outside.requests(), 6);
    const auto endless = fetch(outside.url("/loop"), dns);
    ASSERT_TRUE(endless);
    EXPECT_EQ(endless->reply.status, 307);
    EXPECT_EQ(outside.requests(), 12);
}

TEST(GuardedFetch, ANameWithoutAddressIsSaidToHaveNone) {
    DnsServer dns;
    const auto reply = fetch("http://nowhere.test/a?secret", dns);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, FetchErrc::failed);
    EXPECT_EQ(reply.error().message, "http://nowhere.test/a can't be reached: no address is known for that name.");
}

awaitable<void> dripping(HttpExchange& exchange) {
    HttpResponse head;
    ignore_result(co_await exchange.begin_stream(std::move(head)), "the client may be gone");
    for (;;) {
        std::string piece = "x";
        auto sent = co_await exchange.write(std::move(piece));
        if (!sent) co_return;
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        asio::steady_timer pause(executor, std::chrono::milliseconds(20));
        co_await pause.async_wait(asio::use_awaitable);
    }
}

TEST(GuardedFetch, WhoSendsForEverIsCutOffByTheLimitOfAll) {
    DnsServer dns;
    Outside outside(dripping);
    FetchRequest request;
    request.url = outside.url("/");
    request.limit = Milliseconds{300};
    const auto reply = fetch(std::move(request), dns);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, FetchErrc::failed);
}

awaitable<void> much(HttpExchange& exchange) {
    HttpResponse response;
    if (exchange.request().target == "/head") {
        response.headers.emplace_back("x-long", std::string(20'000, 'h'));
    } else {
        response.body = std::string(200'000, 'b');
    }
    ignore_result(co_await exchange.respond(std::move(response)), "the client may be gone");
}

TEST(GuardedFetch, BodyAndHeadAreBounded) {
    DnsServer dns;
    Outside outside(much);
    FetchRequest request;
    request.url = outside.url("/body");
    request.max_bytes = 100'000;
    request.max_head_bytes = 10'000;
    EXPECT_FALSE(fetch(request, dns));
    request.max_bytes = 300'000;
    EXPECT_TRUE(fetch(request, dns));
    request.url = outside.url("/head");
    EXPECT_FALSE(fetch(request, dns));
    request.max_head_bytes = 30'000;
    EXPECT_TRUE(fetch(request, dns));
}

TEST(GuardedFetch, StopsAtOnceWhileANameIsLookedUp) {
    DnsServer dns;
    StopSource stop;
    stop.stop(StopReason::cancelled);
    FetchRequest request;
    request.url = "http://slow.test/";
    const auto reply = fetch(std::move(request), dns, {}, stop.token());
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, FetchErrc::stopped);
}

TEST(SystemResolver, KeepsWhatIsHeldUntilTheLookupEnds) {
    DnsServer dns;
    dns.set("slow.test", {{"127.0.0.1"}});
    auto held = std::make_shared<const int>(1);
    const std::weak_ptr<const int> watched = held;
    asio::io_context loop;  // the answer comes to it, late as it is
    SystemResolver resolver({.threads = 1, .name_server = dns.endpoint()});
    {
        const auto gate = dns.hold();
        auto looking = resolver.resolve("slow.test", Milliseconds{50}, StopToken{}, std::move(held));
        auto result = asio::co_spawn(loop, std::move(looking), asio::use_future);
        loop.run();
        EXPECT_EQ(result.get().error().code, NetErrc::timeout);
        EXPECT_FALSE(watched.expired()) << "its thread is still taken";
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!watched.expired() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace longhand::net
