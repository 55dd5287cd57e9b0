#include "net/http_server.h"

#include <unistd.h>
#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <thread>

#include "net/net_testing.h"

namespace longhand::net {
namespace {

using testing::ask;
using testing::RawClient;
using testing::RawReply;
using testing::TestServer;

awaitable<void> repeat_request(HttpExchange& exchange) {
    auto body = co_await exchange.read_body(1024 * 1024);
    if (!body) co_return;
    HttpResponse response;
    response.content_type = "text/plain";
    response.body = exchange.request().method_name + " " + exchange.request().path + " " + *body;
    ignore_result(co_await exchange.respond(std::move(response)), "the client may be gone");
}

awaitable<void> nothing(HttpExchange&) {
    co_return;
}

std::string code_of(const RawReply& reply) {
    const auto body = boost::json::parse(reply.body).as_object();
    EXPECT_EQ(body.at("error"), body.at("message"));
    return std::string(body.at("code").as_string());
}

TEST(HttpServer, AnswersARequest) {
    TestServer server(repeat_request);
    const auto reply = ask(server.port(), "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "GET /hello ");
    EXPECT_EQ(reply.headers.at("content-type"), "text/plain");
    EXPECT_TRUE(reply.headers.contains("x-request-id"));
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
    TestServer server(repeat_request);
    RawClient client(server.port());
    std::string requests;
    for (int i = 0; i < 50; ++i) {
        requests += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    }
    client.send(requests);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(client.receive().body, "POST /" + std::to_string(i) + " abc");
}

TEST(HttpServer, WhatCameBeforeIsAskedForByItsBytesAndWhatFollowsIsNot) {
    std::mutex mutex;
    std::set<std::string, std::less<>> seen;
    HttpServerOptions options;
    options.repeated = [&](const UnparsedRequest& request, std::string& out, CallerId&) {
        const std::lock_guard lock(mutex);
        if (!seen.contains(request.head)) return RepeatedAnswer::unknown;
        out += "HTTP/1.1 200 OK\r\nx-request-id: " + request.new_request_id() + "\r\ncontent-length: 5\r\n\r\nagain";
        return RepeatedAnswer::appended;
    };
    TestServer server(
        [&](HttpExchange& exchange) {
            {
                const std::lock_guard lock(mutex);
                if (exchange.request().method == http::verb::get) seen.insert(exchange.request().head);
            }
            return repeat_request(exchange);
        },
        options);
    RawClient client(server.port());
    const std::string a = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", b = "GET /b HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(a + a + a + "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(a.size()) + "\r\n\r\n" +
                a + a + b);
    for (const std::string& expected : {std::string("GET /a "), std::string("again"), std::string("again"),
                                        "POST /p " + a, std::string("again"), std::string("GET /b ")}) {
        EXPECT_EQ(client.receive().body, expected);
    }
    // After a blank line it is other bytes.
    client.send("\r\n" + b);
    EXPECT_EQ(client.receive().body, "GET /b ");
    EXPECT_EQ(server.requests(), 4);
}

TEST(HttpServer, AHandlerWithoutAnAnswerGives500AndTheLogSaysSo) {
    TestServer server(nothing);
    const auto reply = ask(server.port(), "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: id-7\r\n\r\n");
    EXPECT_EQ(reply.status, 500);
    EXPECT_EQ(code_of(reply), "internal_error");
    EXPECT_EQ(reply.headers.at("x-request-id"), "id-7");
    ASSERT_EQ(server.log().size(), 1U);
    EXPECT_NE(server.log()[0].find("GET / (id-7)"), std::string::npos);
}

TEST(HttpServer, AHandlersExceptionIsLoggedAndNotSent) {
    TestServer server([](HttpExchange&) -> awaitable<void> {
        throw std::runtime_error("the secret");
        co_return;
    });
    RawClient client(server.port());
    for (int i = 0; i < 2; ++i) {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        const auto reply = client.receive();
        EXPECT_EQ(reply.status, 500);
        EXPECT_EQ(code_of(reply), "internal_error");
        EXPECT_EQ(reply.body.find("secret"), std::string::npos);
    }
    ASSERT_EQ(server.log().size(), 2U);
    EXPECT_NE(server.log()[0].find("the secret"), std::string::npos);
}

awaitable<void> answer_twice(HttpExchange& exchange) {
    HttpResponse first, second;
    ignore_result(co_await exchange.respond(std::move(first)), "");
    ignore_result(co_await exchange.respond(std::move(second)), "");
}

TEST(HttpServer, ASecondAnswerIsABugThatTheClientDoesNotSee) {
    TestServer server(answer_twice);
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(server.log().size(), 1U);
}

/// A loop that stands still from `entered` on until it is opened.
struct Gate {
    std::promise<void> entered;
    std::promise<void> opened;
};

awaitable<void> answer_behind(Gate* gate, HttpExchange& exchange) {
    if (exchange.request().path == "/gate") {
        gate->entered.set_value();
        gate->opened.get_future().wait();
    }
    HttpResponse response;
    response.body = "{}";
    ignore_result(co_await exchange.respond(std::move(response)), "the client may be gone");
}

TEST(HttpServer, ARequestThatWasSentBeforeTheStopIsAnswered) {
    Gate gate;
    TestServer server([&gate](HttpExchange& exchange) { return answer_behind(&gate, exchange); });
    RawClient idle(server.port()), asks(server.port()), blocks(server.port());
    for (RawClient* client : {&idle, &asks}) {
        client->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(client->receive().status, 200);
    }
    blocks.send("GET /gate HTTP/1.1\r\nHost: a\r\n\r\n");
    gate.entered.get_future().wait();
    asks.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    std::thread stopper([&] { server.server().stop(Milliseconds{10'000}); });
    // Now the loop has both before it, in most runs; in the others it is the plain case.
    std::this_thread::sleep_for(Milliseconds{20});
    gate.opened.set_value();
    const auto reply = asks.receive();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.headers.at("connection"), "close");
    EXPECT_EQ(idle.read_to_end(), "");
    stopper.join();
}

awaitable<void> inject(HttpExchange& exchange) {
    HttpResponse response;
    const bool in_name = exchange.request().path == "/name";
    response.headers.emplace_back(in_name ? "x\r\nset-cookie" : "x", in_name ? "a" : "a\r\nset-cookie: b");
    if (exchange.request().path == "/stream") {
        EXPECT_FALSE(co_await exchange.begin_stream(std::move(response)));
        EXPECT_FALSE(co_await exchange.write("more"));
    } else {
        ignore_result(co_await exchange.respond(std::move(response)), "");
    }
}

TEST(HttpServer, AHeaderThatHoldsALineBreakNeverGoesOut) {
    TestServer server(inject);
    for (const char* path : {"/name", "/value", "/stream"}) {
        const auto reply = ask(server.port(), std::string("GET ") + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(reply.status, 500) << path;
        EXPECT_EQ(code_of(reply), "internal_error");
        EXPECT_FALSE(reply.headers.contains("set-cookie"));
    }
}

TEST(HttpServer, HeadHasTheLengthAndNoBody) {
    TestServer server(repeat_request);
    RawClient client(server.port());
    client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.receive(false).headers.at("content-length"), "12");
    EXPECT_EQ(client.receive().body, "GET /next ");
}

TEST(HttpServer, KeepsOrClosesTheConnectionAsTheClientAsks) {
    TestServer server(repeat_request);
    RawClient old(server.port());
    old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(old.receive().headers.at("connection"), "keep-alive");
    old.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(old.receive().headers.at("connection"), "close");
    EXPECT_EQ(old.read_to_end(), "");
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(client.receive().headers.at("connection"), "close");
    EXPECT_EQ(client.read_to_end(), "");
}

TEST(HttpServer, TakesTheClientsRequestIdOnlyWhereItIsPlain) {
    TestServer server(repeat_request);
    const auto id_for = [&server](const std::string& id) {
        const auto reply = ask(server.port(), "GET / HTTP/1.1\r\nHost: a\r\nx-request-id: " + id + "\r\n\r\n");
        return reply.headers.at("x-request-id");
    };
    EXPECT_EQ(id_for("Az0._-"), "Az0._-");
    EXPECT_EQ(id_for(std::string(128, 'a')), std::string(128, 'a'));
    EXPECT_EQ(id_for(std::string(129, 'a')).size(), 32U);
    EXPECT_EQ(id_for("a b").size(), 32U);
    EXPECT_NE(id_for(""), id_for(""));
}

// ---- Bodies

TEST(HttpServer, ReadsChunkedBodies) {
    TestServer server(repeat_request);
    RawClient client(server.port());
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.send(head + "3\r\nabc\r\n4;ext=\"x\"\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n" + head);
    EXPECT_EQ(client.receive().body, "POST / abcdefg");
    for (const char piece : std::string("a\r\n0123456789\r\n0\r\n\r\n")) client.send({&piece, 1});
    EXPECT_EQ(client.receive().body, "POST / 0123456789");
}

awaitable<void> measure(HttpExchange& exchange) {
    std::size_t total = 0, largest = 0;
    while (true) {
        const auto piece = co_await exchange.read_some();
        if (!piece || piece->empty()) break;
        total += piece->size();
        largest = std::max(largest, piece->size());
    }
    HttpResponse response;
    response.body = std::to_string(total) + (largest <= 64 * 1024 ? " in bounded pieces" : " in a large piece");
    ignore_result(co_await exchange.respond(std::move(response)), "");
}

TEST(HttpServer, GivesLargeBodiesInBoundedPieces) {
    TestServer server(measure);
    RawClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n" + std::string(5'000'000, 'x'));
    EXPECT_EQ(client.receive().body, "5000000 in bounded pieces");
}

TEST(HttpServer, AsksForTheBodyWhenTheHandlerReadsIt) {
    TestServer server(repeat_request);
    RawClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    EXPECT_EQ(client.receive().body, "POST / abc");
}

awaitable<void> refuse_large(HttpExchange& exchange) {
    const auto body = co_await exchange.read_body(100);
    HttpResponse response;
    response.body = "fits";
    if (!body) {
        EXPECT_EQ(body.error().code, NetErrc::too_large);
        response.status = http::status::payload_too_large;
        response.body = "too large";
    }
    ignore_result(co_await exchange.respond(std::move(response)), "");
}

TEST(HttpServer, AsksForNoBodyThatTheHandlerRefuses) {
    TestServer server(refuse_large);
    RawClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
    const auto reply = client.receive();
    EXPECT_EQ(reply.status, 413);
    EXPECT_EQ(reply.headers.at("connection"), "close");
}

TEST(HttpServer, ASmallUnreadBodyIsPassedOverAndTheConnectionKept) {
    TestServer server(refuse_large);
    RawClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x') +
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(101, 'x') +
                "\r\n0\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    EXPECT_EQ(client.receive().body, "too large");
    EXPECT_EQ(client.receive().body, "too large");
    EXPECT_EQ(client.receive().body, "fits");
}

TEST(HttpServer, ALargeUnreadBodyEndsTheConnectionButTheAnswerArrives) {
    TestServer server(refuse_large);
    RawClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n" + std::string(8'000'000, 'x'));
    const auto reply = client.receive();
    EXPECT_EQ(reply.status, 413);
    EXPECT_EQ(reply.headers.at("connection"), "close");
    EXPECT_EQ(client.read_to_end(), "");
}

TEST(HttpServer, ABodyThatIsCutOffReachesNoAnswer) {
    TestServer server(repeat_request);
    RawClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    client.shut_down_sending();
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_TRUE(server.log().empty());
}

TEST(HttpServer, AClientThatClosesItsHalfAfterTheRequestGetsTheAnswer) {
    TestServer server(repeat_request);
    RawClient client(server.port());
    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    client.shut_down_sending();
    EXPECT_EQ(client.receive().body, "GET /1 ");
    EXPECT_EQ(client.receive().body, "GET /2 ");
    EXPECT_EQ(client.read_to_end(), "");
}

// ---- Files

awaitable<void> send_file(HttpExchange& exchange, std::string path) {
    HttpResponse response;
    response.content_type = "application/pdf";
    response.headers.emplace_back("ETag", "\"v1\"");
    const auto sent = co_await exchange.respond_file(std::move(response), path);
    if (sent || sent.error().code != NetErrc::unreachable) co_return;
    HttpResponse missing;
    missing.status = http::status::not_found;
    ignore_result(co_await exchange.respond(std::move(missing)), "");
}

class HttpServerFile : public ::testing::Test {
protected:
    HttpServerFile() {
        for (int i = 0; i < 100'000; ++i) content_ += static_cast<char>('a' + i % 26);
        std::ofstream(path_) << content_;
    }
    ~HttpServerFile() override { std::filesystem::remove(path_); }

    RawReply get(const std::string& headers) {
        return ask(server_.port(), "GET / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n");
    }

    std::string content_;
    std::string path_ = std::filesystem::temp_directory_path() / ("http_server_test." + std::to_string(::getpid()));
    TestServer server_{[this](HttpExchange& exchange) { return send_file(exchange, path_); }};
};

TEST_F(HttpServerFile, IsSentWhole) {
    const auto reply = get("");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.headers.at("accept-ranges"), "bytes");
    EXPECT_EQ(reply.headers.at("content-type"), "application/pdf");
    EXPECT_EQ(reply.body, content_);
}

TEST_F(HttpServerFile, IsSentInPart) {
    auto reply = get("Range: bytes=99990-\r\n");
    EXPECT_EQ(reply.status, 206);
    EXPECT_EQ(reply.headers.at("content-range"), "bytes 99990-99999/100000");
    EXPECT_EQ(reply.body, content_.substr(99'990));
    reply = get("Range: bytes=100000-\r\n");
    EXPECT_EQ(reply.status, 416);
    EXPECT_EQ(reply.headers.at("content-range"), "bytes */100000");
    EXPECT_EQ(code_of(reply), "range_not_satisfiable");
    EXPECT_EQ(get("Range: bytes=1-2\r\nIf-Range: \"v1\"\r\n").status, 206);
    EXPECT_EQ(get("Range: bytes=1-2\r\nIf-Range: \"v0\"\r\n").status, 200);
}

TEST_F(HttpServerFile, IsNotSentToAClientThatHasIt) {
    RawClient client(server_.port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"v0\", \"v1\"\r\n\r\n");
    const auto reply = client.receive();
    EXPECT_EQ(reply.status, 304);
    EXPECT_EQ(reply.headers.at("ETag"), "\"v1\"");
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.receive(false).headers.at("content-length"), "100000");
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.receive().body.size(), 100'000U);
}

TEST_F(HttpServerFile, ThatIsMissingIsLeftToTheHandler) {
    std::filesystem::remove(path_);
    EXPECT_EQ(get("").status, 404);
}

}  // namespace
}  // namespace longhand::net
