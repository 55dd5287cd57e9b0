// Answers that take their time: streams, clients that go, slow ones, and the server's stop.
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <thread>

#include "net/net_testing.h"

namespace longhand::net {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::TestServer;
using testing::until_stopped;
using Clock = std::chrono::steady_clock;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// What the test learns from the handler.
struct Seen {
    std::promise<StopReason> gone;
    std::promise<NetErrc> write_failed;
};

awaitable<void> stream_until_gone(HttpExchange& exchange, std::shared_ptr<Seen> seen) {
    HttpResponse head;
    head.content_type = "text/event-stream";
    ignore_result(co_await exchange.begin_stream(std::move(head)), "");
    ignore_result(co_await exchange.write("data: first\n\n"), "");
    co_await until_stopped(exchange.gone());
    seen->gone.set_value(exchange.gone().reason());
    ignore_result(co_await exchange.write("data: last\n\n"), "");
}

awaitable<void> answer_when_gone(HttpExchange& exchange) {
    co_await until_stopped(exchange.gone());
    HttpResponse response;
    response.body = "finished";
    ignore_result(co_await exchange.respond(std::move(response)), "");
}

awaitable<void> write_for_ever(HttpExchange& exchange, std::shared_ptr<Seen> seen) {
    HttpResponse head;
    ignore_result(co_await exchange.begin_stream(std::move(head)), "");
    while (true) {
        const auto written = co_await exchange.write(std::string(64 * 1024, 'x'));
        if (written) continue;
        seen->write_failed.set_value(written.error().code);
        co_return;
    }
}

HttpHandler streaming(std::shared_ptr<Seen> seen) {
    return [seen](HttpExchange& exchange) { return stream_until_gone(exchange, seen); };
}

awaitable<void> stream_three(HttpExchange& exchange) {
    HttpResponse head;
    ignore_result(co_await exchange.begin_stream(std::move(head)), "");
    for (const char* piece : {"one ", "", "two ", "three"}) ignore_result(co_await exchange.write(piece), "");
    if (exchange.request().path == "/throw") throw std::runtime_error("half-way");
}

TEST(HttpStream, ComesInChunksAndEnds) {
    TestServer server(stream_three);
    RawClient client(server.port());
    for (int i = 0; i < 2; ++i) {
        client.send(kGet);
        const auto reply = client.receive();
        EXPECT_TRUE(reply.is_whole);
        EXPECT_EQ(reply.body, "one two three");
    }
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + kGet);
    EXPECT_EQ(client.receive(false).headers.at("transfer-encoding"), "chunked");
    EXPECT_EQ(client.receive().body, "one two three");
    client.send("GET / HTTP/1.0\r\n\r\n");
    const auto old = client.receive();
    EXPECT_FALSE(old.headers.contains("transfer-encoding"));
    EXPECT_EQ(old.body, "one two three");
}

TEST(HttpStream, IsCutOffWhenItsHandlerThrows) {
    TestServer server(stream_three);
    const auto reply = testing::ask(server.port(), "GET /throw HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(reply.body, "one two three");
    EXPECT_FALSE(reply.is_whole);
    EXPECT_EQ(server.log().size(), 1U);
}

TEST(HttpStream, LearnsThatTheClientHasGone) {
    for (const bool with_reset : {false, true}) {
        auto seen = std::make_shared<Seen>();
        TestServer server(streaming(seen));
        RawClient client(server.port());
        client.send(kGet);
        client.read_until("first\n\n");
        if (with_reset) client.reset();
        if (!with_reset) client.socket().close();
        EXPECT_EQ(seen->gone.get_future().get(), StopReason::cancelled);
    }
}

TEST(HttpStream, TakesPipelinedRequestsForNoGoing) {
    auto seen = std::make_shared<Seen>();
    TestServer server(streaming(seen));
    RawClient client(server.port());
    client.send(kGet);
    client.read_until("first\n\n");
    client.send(kGet + kGet);
    auto gone = seen->gone.get_future();
    EXPECT_EQ(gone.wait_for(20ms), std::future_status::timeout);
    client.socket().close();
    EXPECT_EQ(gone.get(), StopReason::cancelled);
}

TEST(HttpStream, ASlowClientIsDropped) {
    HttpServerOptions options;
    options.transfer_timeout = 50ms;
    auto seen = std::make_shared<Seen>();
    TestServer server([seen](HttpExchange& exchange) { return write_for_ever(exchange, seen); }, options);
    RawClient client(server.port());
    client.send(kGet);
    EXPECT_EQ(seen->write_failed.get_future().get(), NetErrc::timeout);
    EXPECT_FALSE(client.receive().is_whole);
}

TEST(HttpStream, AFastWriterLeavesOthersOnItsLoopTheirTurn) {
    auto seen = std::make_shared<Seen>();
    TestServer server([seen](HttpExchange& exchange) {
        return exchange.request().path == "/other" ? stream_three(exchange) : write_for_ever(exchange, seen);
    });
    RawClient client(server.port());
    client.send(kGet);
    std::atomic<bool> done = false;
    std::thread reader([&] {
        while (!done) client.read_until("xxxx");
    });
    EXPECT_EQ(testing::ask(server.port(), "GET /other HTTP/1.1\r\nHost: a\r\n\r\n").body, "one two three");
    done = true;
    reader.join();
    client.reset();
    EXPECT_EQ(seen->write_failed.get_future().get(), NetErrc::closed);
}

// ---- Stop

TEST(HttpServerStop, LetsARequestFinishAndSaysThatItIsTheLast) {
    TestServer server(answer_when_gone);
    RawClient client(server.port()), idle(server.port());
    client.send(kGet);
    // The answer comes with the stop: the request must be there before it.
    while (server.requests() == 0) std::this_thread::yield();
    server.server().stop(10s);
    const auto reply = client.receive();
    EXPECT_EQ(reply.body, "finished");
    EXPECT_EQ(reply.headers.at("connection"), "close");
    EXPECT_EQ(idle.read_to_end(), "");
}

TEST(HttpServerStop, EndsStreams) {
    auto seen = std::make_shared<Seen>();
    TestServer server(streaming(seen));
    RawClient client(server.port());
    client.send(kGet);
    client.read_until("first\n\n");
    server.server().stop(10s);
    EXPECT_EQ(seen->gone.get_future().get(), StopReason::shutdown);
    EXPECT_NE(client.read_to_end().find("last\n\n\r\n0\r\n\r\n"), std::string::npos);
}

awaitable<void> read_for_ever(HttpExchange& exchange) {
    while (true) {
        const auto piece = co_await exchange.read_some();
        if (!piece || piece->empty()) co_return;
    }
}

TEST(HttpServerStop, ClosesWhatIsNotDoneInTime) {
    TestServer server(read_for_ever);
    RawClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
    while (server.requests() == 0) std::this_thread::yield();
    server.server().stop(20ms);
    EXPECT_EQ(client.read_to_end(), "");
}

TEST(HttpServerStop, TakesNoMoreConnectionsAndMayBeAskedTwice) {
    TestServer server(stream_three);
    server.server().stop(0ms);
    server.server().stop(0ms);
    EXPECT_THROW(RawClient(server.port()), boost::system::system_error);
    const auto again = server.server().listen("127.0.0.1", 0);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, NetErrc::stopped);
}

TEST(HttpServerListen, SaysWhyItCannot) {
    TestServer server(stream_three), other(stream_three);
    const auto taken = other.server().listen("127.0.0.1", server.port());
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, NetErrc::unreachable);
    EXPECT_EQ(taken.error().message, "cannot listen on 127.0.0.1 port " + std::to_string(server.port()) +
                                         ": something else listens on that port");
    const auto foreign = other.server().listen("192.0.2.1", 0);
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().message, "cannot listen on 192.0.2.1 port 0: this machine has no such address");
    EXPECT_FALSE(other.server().listen("not an address", 0));
}

TEST(HttpServer, ManyClientsOnSeveralLoopsLeakNoDescriptor) {
    const auto before = testing::open_descriptors();
    {
        HttpServerOptions options;
        options.threads = 3;
        TestServer server(stream_three, options);
        std::vector<std::thread> threads;
        std::atomic<int> good = 0;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int j = 0; j < 20; ++j) {
                    RawClient client(server.port());
                    for (int k = 0; k < 3; ++k) {
                        client.send(kGet);
                        good += client.receive().body == "one two three";
                    }
                    if (j % 3 == 0) client.reset();
                }
            });
        }
        for (auto& thread : threads) thread.join();
        EXPECT_EQ(good, 4 * 20 * 3);
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

}  // namespace
}  // namespace longhand::net
