// One peer never has all connections, and a slow one none of the others' time.
#include "net/peer_limit.h"

#include <poll.h>

#include "net/net_testing.h"

namespace longhand::net {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::TestServer;

bool has_place(PeerLimit& limit, const char* address) {
    return limit.take(asio::ip::make_address(address)).place != nullptr;
}

TEST(PeerLimit, CountsAddressesAndInIPv6Networks) {
    PeerLimit limit(1);
    const auto four = limit.take(asio::ip::make_address("192.0.2.1"));
    const auto six = limit.take(asio::ip::make_address("2001:db8:1:2::1"));
    ASSERT_TRUE(four.place && six.place);
    EXPECT_FALSE(has_place(limit, "192.0.2.1"));
    EXPECT_FALSE(has_place(limit, "::ffff:192.0.2.1"));
    EXPECT_FALSE(has_place(limit, "2001:db8:1:2:ffff::2"));
    EXPECT_TRUE(has_place(limit, "192.0.2.2"));
    EXPECT_TRUE(has_place(limit, "::ffff:192.0.2.3"));
    EXPECT_TRUE(has_place(limit, "2001:db8:1:3::1"));
}

TEST(PeerLimit, APlaceThatIsLeftMayBeTakenAgain) {
    PeerLimit limit(2);
    const auto address = asio::ip::make_address("192.0.2.1");
    auto first = limit.take(address), second = limit.take(address);
    EXPECT_TRUE(limit.take(address).is_first_refusal);
    EXPECT_FALSE(limit.take(address).is_first_refusal);
    first.place.reset();
    EXPECT_TRUE(has_place(limit, "192.0.2.1"));
    second.place.reset();
    first = limit.take(address);
    second = limit.take(address);
    EXPECT_TRUE(limit.take(address).is_first_refusal);
    PeerLimit none(0);
    const auto one = none.take(address), other = none.take(address);
    EXPECT_TRUE(one.place && other.place);
}

awaitable<void> say_yes(HttpExchange& exchange) {
    const auto body = co_await exchange.read_body(1024 * 1024);
    if (!body) co_return;
    HttpResponse response;
    response.body = "yes";
    ignore_result(co_await exchange.respond(std::move(response)), "the client may be gone");
}

constexpr std::string_view kPlainGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(HttpServer, ClosesAConnectionPastThePeersBoundAndTakesOneAgainLater) {
    HttpServerOptions options;
    options.connections_per_address = 2;
    options.is_shared_peer = [](const asio::ip::address&) { return false; };
    TestServer server(say_yes, options);
    auto first = std::make_unique<RawClient>(server.port()), second = std::make_unique<RawClient>(server.port());
    for (auto* client : {first.get(), second.get()}) {
        client->send(kPlainGet);
        EXPECT_EQ(client->receive().status, 200);
    }
    for (int i = 0; i < 3; ++i) EXPECT_EQ(RawClient(server.port()).read_to_end(), "");
    EXPECT_EQ(server.log(), (std::vector<std::string>{"127.0.0.1 has 2 connections open; more are closed at once"}));
    first->send(kPlainGet);
    EXPECT_EQ(first->receive().status, 200);
    second->shut_down_sending();
    EXPECT_EQ(second->read_to_end(), "");
    // The place is free a moment after the client sees the end.
    testing::RawReply reply;
    for (int i = 0; i < 1000 && reply.status == 0; ++i) reply = testing::ask(server.port(), kPlainGet);
    EXPECT_EQ(reply.status, 200);
}

TEST(HttpServer, DoesNotBindPeersThatStandForManyClients) {
    HttpServerOptions options;
    options.connections_per_address = 2;
    TestServer server(say_yes, options);
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 10; ++i) clients.push_back(std::make_unique<RawClient>(server.port()));
    for (auto& client : clients) {
        client->send(kPlainGet);
        EXPECT_EQ(client->receive().status, 200);
    }
}

/// Sends a byte each few milliseconds until there is an answer. True when it came before the bytes ran out.
bool send_slowly(RawClient& client, std::size_t bytes) {
    pollfd readable{client.socket().native_handle(), POLLIN, 0};
    for (std::size_t i = 0; i < bytes; ++i) {
        if (::poll(&readable, 1, 5) > 0) return true;
        client.send("x");
    }
    return false;
}

TEST(HttpServer, DropsSendersThatDripAndOthersNeverNotice) {
    HttpServerOptions options;
    options.header_timeout = 100ms;
    options.transfer_timeout = 100ms;
    TestServer server(say_yes, options);
    RawClient head(server.port()), body(server.port()), chunks(server.port()), silent(server.port());
    head.send("GET /");
    body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    chunks.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nf4240\r\n");
    RawClient other(server.port());
    for (auto* slow : {&head, &body, &chunks}) {
        std::thread dripping([slow] { EXPECT_TRUE(send_slowly(*slow, 1000)); });
        for (int i = 0; i < 50; ++i) {
            other.send(kPlainGet);
            EXPECT_EQ(other.receive().status, 200);
        }
        dripping.join();
        EXPECT_EQ(slow->receive().status, 408);
    }
    silent.send(kPlainGet);
    EXPECT_EQ(silent.receive().status, 200);
}

TEST(HttpServer, TakesABodyThatIsSlowButComes) {
    HttpServerOptions options;
    options.transfer_timeout = 50ms;
    TestServer server(say_yes, options);
    RawClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n");
    pollfd readable{client.socket().native_handle(), POLLIN, 0};
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(::poll(&readable, 1, 10), 0);
        client.send(std::string(2000, 'x'));
    }
    EXPECT_EQ(client.receive().status, 200);
}

}  // namespace
}  // namespace longhand::net
