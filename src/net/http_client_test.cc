#include "net/http_client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "net/net_testing.h"

namespace longhand::net {
namespace {

using testing::TestServer;

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

}  // namespace
}  // namespace longhand::net
