// What the server itself turns down, and that it says so and closes.
#include <boost/json/parse.hpp>

#include "net/http_head.h"
#include "net/net_testing.h"

namespace longhand::net {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::TestServer;

/// Answers everything, and so shows what reached a handler.
awaitable<void> accept_all(HttpExchange& exchange) {
    const auto body = co_await exchange.read_body(1024 * 1024);
    if (!body) co_return;
    HttpResponse response;
    response.body = exchange.request().method_name + " " + exchange.request().path + " " + *body;
    ignore_result(co_await exchange.respond(std::move(response)), "the client may be gone");
}

/// The status and code that `request` gets; the connection must be closed after it, with nothing more said.
std::string refusal_of(const std::string& request, HttpServerOptions options = {}) {
    TestServer server(accept_all, std::move(options));
    RawClient client(server.port());
    client.send(request);
    auto reply = client.receive();
    EXPECT_EQ(reply.headers["connection"], "close");
    EXPECT_EQ(reply.headers["content-type"], "application/json; charset=utf-8");
    EXPECT_FALSE(reply.headers["x-request-id"].empty());
    client.shut_down_sending();
    EXPECT_EQ(client.read_to_end(), "");
    boost::system::error_code error;
    const auto body = boost::json::parse(reply.body, error);
    if (error) return std::to_string(reply.status) + " " + reply.body;
    EXPECT_EQ(body.at("error"), body.at("message"));
    return std::to_string(reply.status) + " " + std::string(body.at("code").as_string());
}

std::string get_with(const std::string& rest) {
    return "GET / HTTP/1.1\r\nHost: a\r\n" + rest + "\r\n";
}
std::string post_with(const std::string& rest) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + rest;
}

TEST(HttpRefusal, OfHeadsThatTwoReadersCouldReadDifferently) {
    const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::vector<std::string> requests{
        post_with("Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
        post_with("Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc" + smuggled),
        post_with("Content-Length: 3, 3\r\n\r\nabc"),
        post_with("Content-Length: +3\r\n\r\nabc"),
        post_with("Content-Length: -1\r\n\r\n"),
        post_with("Content-Length: 0x3\r\n\r\nabc"),
        post_with("Content-Length:\r\n\r\n"),
        post_with("Content-Length: 99999999999999999999\r\n\r\n"),
        post_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled),
        post_with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled),
        post_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        post_with("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        post_with("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        post_with("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        post_with("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        post_with("Content-Length : 3\r\n\r\nabc"),
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        get_with("X: a\r\n folded\r\n"),
        get_with("X: a\r\n\tfolded\r\n"),
        get_with("X: a\rY: b\r\n"),
        get_with("X: a\nY: b\r\n"),
        get_with("X: a\r\r\nY: b\r\n"),
        "GET / HTTP/1.1\nHost: a\n\n",
        get_with("Host: b\r\n"),
        "GET / HTTP/1.1\r\n\r\n",
    };
    for (const auto& request : requests) EXPECT_EQ(refusal_of(request), "400 bad_request") << request;
}

TEST(HttpRefusal, OfBytesThatAreNoRequest) {
    const std::vector<std::string> requests{
        std::string("GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n", 30),
        "GET /a\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a\x7f HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET relative HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /?a=%zz HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /?a=%4 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.9\r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n",
        "GET /\r\nHost: a\r\n\r\n",
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "{\"json\": 1}\r\n\r\n",
        get_with("no colon\r\n"),
        get_with(": no name\r\n"),
        get_with("na me: a\r\n"),
        get_with(std::string("X: a\0b\r\n", 8)),
        get_with("X: a\x1b[31m\r\n"),
    };
    for (const auto& request : requests) EXPECT_EQ(refusal_of(request), "400 bad_request") << request;
}

TEST(HttpRefusal, OfHeadsAndTargetsPastTheLimit) {
    const std::string kb100(100'000, 'x');
    EXPECT_EQ(refusal_of("GET /getJobStatus?jobId=" + kb100 + " HTTP/1.1\r\nHost: a\r\n\r\n"), "414 uri_too_long");
    EXPECT_EQ(refusal_of("GET /" + std::string(8192, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n"), "414 uri_too_long");
    EXPECT_EQ(refusal_of(get_with("X: " + kb100 + "\r\n")), "431 headers_too_large");
    // A credential that is too long is a bad credential.
    for (const std::string name : {"Authorization: Bearer ", "x-api-key: ", "AUTHORIZATION:"}) {
        EXPECT_EQ(refusal_of(get_with(name + kb100 + "\r\n")), "401 unauthorized");
        EXPECT_EQ(refusal_of(get_with("X: a\r\n" + name + kb100)), "401 unauthorized");
    }
    EXPECT_EQ(refusal_of(get_with("Authorization: Bearer a\r\nX: " + kb100 + "\r\n")), "431 headers_too_large");
    EXPECT_EQ(refusal_of(get_with("X: " + kb100 + "\r\nAuthorization: Bearer a\r\n")), "431 headers_too_large");
    std::string many;
    for (int i = 0; i < 5000; ++i) many += "X" + std::to_string(i) + ": a\r\n";
    EXPECT_EQ(refusal_of(get_with(many)), "431 headers_too_large");
    // Before the end of the head has come.
    EXPECT_EQ(refusal_of("GET /" + std::string(9000, 'x')), "414 uri_too_long");
    EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nX: " + std::string(17'000, 'x')), "431 headers_too_large");
}

TEST(HttpRefusal, IsToldToTheServersOwner) {
    std::mutex mutex;
    std::vector<std::string> told;
    HttpServerOptions options;
    options.on_refusal = [&](const HttpRefusal& refusal) {
        const std::lock_guard lock(mutex);
        told.push_back(std::to_string(static_cast<int>(refusal.status)) + " " + refusal.target.substr(0, 6));
        EXPECT_FALSE(refusal.request_id.empty());
        EXPECT_EQ(refusal.remote_address, "127.0.0.1");
    };
    refusal_of("GET /long" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", options);
    refusal_of("GET /a?b=%zz HTTP/1.1\r\nHost: a\r\n\r\n", options);
    refusal_of("nonsense\r\n\r\n", options);
    EXPECT_EQ(told, (std::vector<std::string>{"414 /longx", "400 /a?b=%", "400 "}));
}

TEST(HttpRefusal, NotOfATargetOrHeadWithinTheLimit) {
    TestServer server(accept_all);
    EXPECT_EQ(testing::ask(server.port(), "GET /" + std::string(8191, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n").status,
              200);
    EXPECT_EQ(testing::ask(server.port(), get_with("X: " + std::string(16'000, 'x') + "\r\n")).status, 200);
}

TEST(HttpRefusal, OfAHeadThatComesTooSlowly) {
    HttpServerOptions options;
    options.header_timeout = 30ms;
    EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost", options), "408 request_timeout");
}

TEST(HttpRefusal, OfABodyThatComesTooSlowlyOrIsMalformed) {
    HttpServerOptions options;
    options.transfer_timeout = 30ms;
    EXPECT_EQ(refusal_of(post_with("Content-Length: 5\r\n\r\nab"), options), "408 request_timeout");
    EXPECT_EQ(refusal_of(post_with("Transfer-Encoding: chunked\r\n\r\nzz\r\nabc")), "400 bad_request");
    EXPECT_EQ(refusal_of(post_with("Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n")), "400 bad_request");
    // A bare LF ends no line, so the chunk's size is still to come.
    EXPECT_EQ(refusal_of(post_with("Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n"), options), "408 request_timeout");
    EXPECT_EQ(refusal_of(post_with("Transfer-Encoding: chunked\r\n\r\n-1\r\nabc")), "400 bad_request");
    EXPECT_EQ(refusal_of(post_with("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc")), "400 bad_request");
    EXPECT_EQ(refusal_of(post_with("Transfer-Encoding: chunked\r\n\r\n3;" + std::string(100'000, 'x'))),
              "400 bad_request");
}

TEST(HttpRefusal, NothingIsSaidToAConnectionThatAskedNothing) {
    HttpServerOptions options;
    options.idle_timeout = 30ms;
    TestServer server(accept_all, options);
    RawClient client(server.port());
    EXPECT_EQ(client.read_to_end(), "");
}

TEST(HttpRefusal, BlankLinesBeforeARequestArePassedOver) {
    TestServer server(accept_all);
    RawClient client(server.port());
    for (const char* piece : {"\r", "\n", "\r\n\r\n", "GET / HTTP/1.1\r", "\nHost: a\r\n", "\r\n"}) client.send(piece);
    EXPECT_EQ(client.receive().status, 200);
}

TEST(HttpTarget, IsSplitIntoPathAndDecodedPairs) {
    HttpRequest request;
    ASSERT_TRUE(split_target("/a%2Fb?x=1&x=2&&y=a+b%20%26&=e&flag#f", request));
    EXPECT_EQ(request.path, "/a%2Fb");
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(request.query, (Pairs{{"x", "1"}, {"x", "2"}, {"y", "a b &"}, {"", "e"}, {"flag", ""}}));
    ASSERT_TRUE(split_target("HTTP://host:80?q=1", request));
    EXPECT_EQ(request.path, "/");
    EXPECT_EQ(request.query, (Pairs{{"q", "1"}}));
    ASSERT_TRUE(split_target("https://host/x/y", request));
    EXPECT_EQ(request.path, "/x/y");
    ASSERT_TRUE(split_target("*", request));
    EXPECT_EQ(request.path, "*");
    for (const char* bad : {"", "a", "http:///x", "ftp://a/b", "/?%", "/?a=%g0"})
        EXPECT_FALSE(split_target(bad, request));
}

}  // namespace
}  // namespace longhand::net
