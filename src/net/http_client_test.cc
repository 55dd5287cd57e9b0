#include "net/http_client.h"

#include <unistd.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "net/net_testing.h"

namespace longhand::net {
namespace {

using testing::TestServer;
using testing::until_stopped;

/// Runs one call on a loop of its own, to its end.
NetResult<HttpReply> perform(HttpCall call, StopToken stop = {}) {
    asio::io_context loop{1};
    HttpClient client(loop, {"longhand-test", false});
    auto result = asio::co_spawn(loop, client.perform(std::move(call), std::move(stop)), asio::use_future);
    loop.run();
    return result.get();
}

HttpCall get(std::string url) {
    HttpCall call;
    call.url = std::move(url);
    return call;
}

awaitable<void> echo(HttpExchange& exchange) {
    auto body = co_await exchange.read_body(8 * 1024 * 1024);
    if (!body) co_return;
    HttpResponse response;
    response.content_type = exchange.request().headers["content-type"];
    response.headers.emplace_back("x-method", exchange.request().method_name);
    response.body = std::move(*body);
    ignore_result(co_await exchange.respond(std::move(response)), "the client may be gone");
}

TEST(HttpClient, GivesTheAnswersStatusHeadersAndBody) {
    TestServer server(echo);
    HttpCall call = get(server.url("/"));
    call.method = "POST";
    call.body = std::string(3'000'000, 'x');
    call.headers = {"Content-Type: text/x-test"};
    const auto reply = perform(call);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->body, call.body);
    EXPECT_EQ(reply->header("content-type"), "text/x-test");
    EXPECT_EQ(reply->header("x-method"), "POST");
    EXPECT_EQ(reply->header("x-other"), std::nullopt);
}

TEST(HttpClient, NamesWhatRefusesTheConnection) {
    std::uint16_t port = 0;
    {
        TestServer closed(echo);
        port = closed.port();
    }
    const auto reply = perform(get("http://user:secret@127.0.0.1:" + std::to_string(port) + "/v1?key=secret"));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, NetErrc::unreachable);
    EXPECT_EQ(reply.error().message,
              "cannot reach http://127.0.0.1:" + std::to_string(port) + "/v1: Connection refused");
}

HttpCall call_to(const TestServer& server, std::string path = "/") {
    return get(server.url(path));
}

awaitable<void> by_path(HttpExchange& exchange) {
    HttpResponse response;
    response.headers.emplace_back("location", "/elsewhere");
    const auto& path = exchange.request().path;
    if (path == "/moved") response.status = http::status::found;
    if (path == "/busy") response.status = http::status::too_many_requests;
    if (path == "/empty") response.status = http::status::no_content;
    response.body = path;
    ignore_result(co_await exchange.respond(std::move(response)), "the client may be gone");
}

TEST(HttpClient, FollowsNoRedirectAndGivesAnyStatus) {
    TestServer server(by_path);
    EXPECT_EQ(perform(call_to(server, "/moved"))->status, 302);
    EXPECT_EQ(perform(call_to(server, "/busy"))->status, 429);
    EXPECT_EQ(perform(call_to(server, "/empty"))->status, 204);
    HttpCall head = call_to(server, "/there");
    head.method = "HEAD";
    const auto reply = perform(head);
    EXPECT_EQ(reply->header("content-length"), "6");
    EXPECT_EQ(reply->body, "");
}

TEST(HttpClient, HandsOverTheHeadAndThenThePiecesOfASuccess) {
    TestServer server(by_path);
    std::string seen;
    HttpCall call = call_to(server, "/good");
    call.on_head = [&seen](const HttpReply& head) { seen += std::to_string(head.status) + head.body + ":"; };
    call.on_data = [&seen](std::string_view piece) {
        seen += piece;
        return true;
    };
    EXPECT_EQ(perform(call)->body, "");
    EXPECT_EQ(seen, "200:/good");
    call.url = server.url("/busy");
    EXPECT_EQ(perform(call)->body, "/busy");
    EXPECT_EQ(seen, "200:/good429:");
}

constexpr int kPieces = 20;

/// The next piece leaves when the client has the last, so that none comes together with another.
awaitable<void> piece_by_piece(std::atomic<int>* taken, HttpExchange& exchange) {
    HttpResponse head;
    auto begun = co_await exchange.begin_stream(std::move(head));
    asio::steady_timer pause(co_await asio::this_coro::executor);
    for (int piece = 0; begun && piece < kPieces; ++piece) {
        while (*taken < piece && !exchange.gone().stopped()) {
            pause.expires_after(std::chrono::milliseconds{1});
            co_await pause.async_wait(asio::use_awaitable);
        }
        std::string text = std::to_string(piece) + " ";
        begun = co_await exchange.write(std::move(text));
    }
}

TEST(HttpClient, TakesSmallPiecesForAsLongAsTheyCome) {
    std::atomic<int> taken = 0;
    TestServer server([&taken](HttpExchange& exchange) { return piece_by_piece(&taken, exchange); });
    std::string seen;
    HttpCall call = call_to(server);
    call.idle_timeout = Milliseconds{10'000};
    call.on_data = [&](std::string_view piece) {
        seen += piece;
        ++taken;
        return true;
    };
    const auto reply = perform(std::move(call));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(seen, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 ");
}

TEST(HttpClient, StreamsAFileAsTheBody) {
    TestServer server(echo);
    const std::string path =
        std::filesystem::temp_directory_path() / ("http_client_test." + std::to_string(::getpid()));
    const std::string content(1'000'000, 'y');
    std::ofstream(path) << content;
    HttpCall call = call_to(server);
    call.method = "POST";
    call.body_file = path;
    const auto reply = perform(call);
    std::filesystem::remove(path);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->body, content);
    EXPECT_EQ(reply->header("x-method"), "POST");
    const auto missing = perform(call);
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find(path), std::string::npos);
}

TEST(HttpClient, BoundsTheAnswer) {
    TestServer server(echo);
    HttpCall call = call_to(server);
    call.method = "POST";
    call.body = std::string(1000, 'x');
    call.max_bytes = 1000;
    EXPECT_TRUE(perform(call));
    call.max_bytes = 999;
    const auto reply = perform(call);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, NetErrc::too_large);
}

TEST(HttpClient, RefusesWhatIsNoHttpCall) {
    for (const char* url : {"", "nothing", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http://a b/"}) {
        const auto reply = perform(get(url));
        ASSERT_FALSE(reply) << url;
        EXPECT_EQ(reply.error().code, NetErrc::malformed) << url;
    }
    HttpCall call = get("http://127.0.0.1:1/");
    call.headers = {"X: a\r\nY: b"};
    const auto reply = perform(call);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, NetErrc::malformed);
}

// ---- Servers that do not answer well

/// Takes one connection, reads a request's head, says `answer`, and holds the connection until it is destroyed.
class RawServer {
public:
    explicit RawServer(std::string answer, bool closes)
        : thread_([this, answer = std::move(answer), closes] { run(answer, closes); }) {}
    ~RawServer() { thread_.join(); }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/x"; }

private:
    void run(const std::string& answer, bool closes) {
        boost::system::error_code ended;
        auto socket = acceptor_.accept();
        std::string request;
        asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n", ended);
        asio::write(socket, asio::buffer(answer), ended);
        // Until the client has had enough.
        char byte = 0;
        if (!closes) asio::read(socket, asio::buffer(&byte, 1), ended);
    }

    asio::io_context context_;
    asio::ip::tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
    std::thread thread_;
};

NetFailure failure_against(std::string answer, bool closes) {
    RawServer server(std::move(answer), closes);
    HttpCall call = get(server.url());
    call.first_byte_timeout = Milliseconds{60};
    call.idle_timeout = Milliseconds{40};
    const auto reply = perform(call);
    EXPECT_FALSE(reply);
    return reply ? NetFailure{} : reply.error();
}

TEST(HttpClient, WaitsNotForEver) {
    const auto first = failure_against("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", false);
    EXPECT_EQ(first.code, NetErrc::timeout);
    EXPECT_NE(first.message.find("did not answer within 60 ms"), std::string::npos) << first.message;
    const auto idle = failure_against("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab", false);
    EXPECT_EQ(idle.code, NetErrc::timeout);
    EXPECT_NE(idle.message.find("nothing came for 40 ms"), std::string::npos) << idle.message;
}

TEST(HttpClient, TellsACutAnswerFromAWholeOne) {
    EXPECT_EQ(failure_against("", true).code, NetErrc::closed);
    EXPECT_EQ(failure_against("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab", true).code, NetErrc::closed);
    EXPECT_EQ(failure_against("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n", true).code,
              NetErrc::closed);
    EXPECT_EQ(failure_against("SSH-2.0-OpenSSH\r\n", true).code, NetErrc::malformed);
    EXPECT_EQ(failure_against("HTTP/1.1 200 OK\r\nx: " + std::string(90'000, 'x') + "\r\ny: " +
                                  std::string(90'000, 'x') + "\r\nz: " + std::string(90'000, 'x') + "\r\n\r\n",
                              true)
                  .code,
              NetErrc::malformed);
}

TEST(HttpClient, PassesOverWhatComesBeforeTheAnswerAndTrailersAfterIt) {
    RawServer server(
        "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\ntransfer-encoding: "
        "chunked\r\n\r\n1\r\nb\r\n0\r\ntrailer: y\r\n\r\n",
        true);
    const auto reply = perform(get(server.url()));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->body, "b");
    EXPECT_EQ(reply->headers.size(), 2U);
    EXPECT_EQ(reply->header("a"), "1");
}

// ---- Stopping

using Gone = std::shared_ptr<std::promise<std::chrono::steady_clock::time_point>>;

awaitable<void> stream_until_gone(HttpExchange& exchange, Gone gone) {
    HttpResponse head;
    ignore_result(co_await exchange.begin_stream(std::move(head)), "");
    ignore_result(co_await exchange.write("token"), "");
    co_await until_stopped(exchange.gone());
    gone->set_value(std::chrono::steady_clock::now());
}

HttpHandler streaming(Gone gone) {
    return [gone](HttpExchange& exchange) { return stream_until_gone(exchange, gone); };
}

TEST(HttpClientStop, FromWithinACallbackClosesTheConnectionAtOnce) {
    auto gone = std::make_shared<Gone::element_type>();
    TestServer server(streaming(gone));
    StopSource stop;
    std::chrono::steady_clock::time_point stopped_at;
    int pieces = 0;
    HttpCall call = call_to(server);
    call.on_data = [&](std::string_view) {
        ++pieces;
        stopped_at = std::chrono::steady_clock::now();
        stop.stop(StopReason::cancelled);
        return true;
    };
    const auto reply = perform(call, stop.token());
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, NetErrc::stopped);
    EXPECT_EQ(pieces, 1);
    // Milliseconds, with room for a machine that is busy.
    EXPECT_LT(gone->get_future().get() - stopped_at, std::chrono::milliseconds(500));
}

TEST(HttpClientStop, FromAnotherThreadClosesTheConnectionAtOnce) {
    auto gone = std::make_shared<Gone::element_type>();
    TestServer server(streaming(gone));
    StopSource stop;
    std::promise<void> begun;
    std::thread stopper([&] {
        begun.get_future().wait();
        stop.stop(StopReason::cancelled);
    });
    HttpCall call = call_to(server);
    call.on_data = [&](std::string_view) {
        begun.set_value();
        return true;
    };
    const auto reply = perform(call, stop.token());
    stopper.join();
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, NetErrc::stopped);
    gone->get_future().wait();
}

TEST(HttpClientStop, ByACallbacksAnswer) {
    auto gone = std::make_shared<Gone::element_type>();
    TestServer server(streaming(gone));
    HttpCall call = call_to(server);
    call.on_data = [](std::string_view) { return false; };
    const auto reply = perform(call);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, NetErrc::stopped);
    gone->get_future().wait();
}

TEST(HttpClientStop, BeforeTheStartCallsNobody) {
    TestServer server(by_path);
    StopSource stop;
    stop.stop(StopReason::shutdown);
    const auto reply = perform(call_to(server), stop.token());
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, NetErrc::stopped);
    EXPECT_EQ(server.requests(), 0);
}

TEST(HttpClientStop, ACallbacksExceptionReachesTheCaller) {
    TestServer server(by_path);
    HttpCall call = call_to(server);
    call.on_head = [](const HttpReply&) { throw std::runtime_error("bug"); };
    EXPECT_THROW(ignore_result(perform(call), ""), std::runtime_error);
}

// ---- Many calls on one client

awaitable<void> call_many(HttpClient& client, std::string url, int& good) {
    for (int i = 0; i < 20; ++i) {
        HttpCall call = get(url);
        const auto reply = co_await client.perform(std::move(call), StopToken());
        good += reply && reply->status == 200;
    }
}

TEST(HttpClient, KeepsConnectionsAndLeaksNone) {
    const auto before = testing::open_descriptors();
    {
        TestServer server(by_path);
        const auto with_server = testing::open_descriptors();
        asio::io_context loop{1};
        int good = 0;
        HttpClient client(loop, {"longhand-test", false});
        for (int i = 0; i < 10; ++i) asio::co_spawn(loop, call_many(client, server.url("/"), good), asio::detached);
        loop.run();
        EXPECT_EQ(good, 200);
        // Both ends of ten connections, the loop's own, and curl's.
        EXPECT_LE(testing::open_descriptors() - with_server, 2U * 10 + 8);
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

}  // namespace
}  // namespace longhand::net
