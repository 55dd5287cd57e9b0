#include "net/http_server.h"

#include <boost/json/parse.hpp>
#include <thread>

#include "net/net_testing.h"

namespace longhand::net {
namespace {

using namespace std::chrono_literals;
using testing::ask;
using testing::RawClient;
using testing::RawReply;
using testing::TestServer;

awaitable<void> echo(HttpExchange& exchange) {
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
    TestServer server(echo);
    const auto reply = ask(server.port(), "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "GET /hello ");
    EXPECT_EQ(reply.headers.at("content-type"), "text/plain");
    EXPECT_TRUE(reply.headers.contains("x-request-id"));
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
    TestServer server(echo);
    RawClient client(server.port());
    std::string requests;
    for (int i = 0; i < 50; ++i) {
        requests += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    }
    client.send(requests);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(client.receive().body, "POST /" + std::to_string(i) + " abc");
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

}  // namespace
}  // namespace longhand::net
