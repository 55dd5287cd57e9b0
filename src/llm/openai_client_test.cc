#include "llm/openai_client.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json/parse.hpp>
#include <functional>
#include <mutex>
#include <stdexcept>

#include "llm/client_testing.h"
#include "net/http_server.h"

namespace longhand::llm {
namespace {

namespace json = boost::json;
using testing::ask;
using testing::ClientWorld;
using testing::quick_options;

/// How a fake provider answers one request.
struct Answer {
    int status = 200;
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string type = "text/event-stream";
    enum class End { whole, cut, stall } end = End::whole;
};

/// A provider that gives the answers of a script in turn, the last one for ever, and keeps what it was asked.
class FakeProvider {
public:
    explicit FakeProvider(std::vector<Answer> script)
        : script_(std::move(script)),
          server_({}, [this](net::HttpExchange& exchange) { return handle(this, &exchange); }) {
        address_ = *server_.listen("127.0.0.1", 0);
    }
    ~FakeProvider() { server_.stop(Milliseconds(0)); }
    std::string base_url() const { return "http://127.0.0.1:" + std::to_string(address_.port) + "/api/v1"; }
    std::vector<std::string> bodies() const {
        std::lock_guard lock(mutex_);
        return bodies_;
    }
    std::string path() const {
        std::lock_guard lock(mutex_);
        return path_;
    }
    std::string authorization() const {
        std::lock_guard lock(mutex_);
        return authorization_;
    }

private:
    static awaitable<void> handle(FakeProvider* self, net::HttpExchange* exchange) {
        const auto body = co_await exchange->read_body(1'000'000);
        if (!body) co_return;
        const Answer answer = self->next(*exchange, *body);
        net::HttpResponse head;
        head.status = static_cast<net::http::status>(answer.status);
        head.content_type = answer.type;
        head.headers = answer.headers;
        if (answer.end == Answer::End::whole) {
            head.body = answer.body;
            const auto sent = co_await exchange->respond(std::move(head));
            ignore_result(sent, "the client may be gone");
            co_return;
        }
        const auto begun = co_await exchange->begin_stream(std::move(head));
        if (!begun) co_return;
        const auto sent = co_await exchange->write(answer.body);
        ignore_result(sent, "the client may be gone");
        if (answer.end == Answer::End::cut) throw std::runtime_error("cut");
        co_await wait_for_client(exchange);
    }
    static awaitable<void> wait_for_client(net::HttpExchange* exchange) {
        asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::seconds(20));
        StopCallback wake(exchange->gone(), [&timer] { timer.cancel(); });
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    Answer next(net::HttpExchange& exchange, const std::string& body) {
        std::lock_guard lock(mutex_);
        bodies_.push_back(body);
        path_ = exchange.request().path;
        authorization_ = std::string(exchange.request().headers["authorization"]);
        return script_[std::min(bodies_.size(), script_.size()) - 1];
    }

    std::vector<Answer> script_;
    mutable std::mutex mutex_;
    std::vector<std::string> bodies_;
    std::string path_, authorization_;
    net::HttpServer::Address address_;
    net::HttpServer server_;
};

std::string event(std::string_view data) {
    return "data: " + std::string(data) + "\n\n";
}
std::string delta(std::string_view text) {
    return event(R"({"id":"gen-9","choices":[{"delta":{"content":")" + std::string(text) + R"("}}]})");
}
const std::string kEnd = event(R"({"choices":[{"delta":{},"finish_reason":"stop"}]})") + event("[DONE]");
Answer good(std::string text = "Good.") {
    return {200, delta(text) + kEnd, {{"X-Generation-Id", "gen-1"}}};
}
Answer refusal(int status, std::string message, std::vector<std::pair<std::string, std::string>> headers = {}) {
    return {status, R"({"error":{"message":")" + message + "\"}}", std::move(headers), "application/json"};
}

TEST(OpenAiClient, AsksAsTheProtocolWantsAndReadsTheStream) {
    FakeProvider provider({good("Hello.")});
    ClientWorld world(quick_options(provider.base_url()));
    std::string streamed, first;
    ChatWatcher watcher;
    watcher.on_text = [&](std::string_view text) { streamed += text; };
    watcher.on_first_byte = [&](std::string_view id) { first = id; };
    ChatRequest request = ask("Hi");
    request.json_schema = json::value{{"type", "object"}};
    const auto reply = world.chat(request, watcher);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->text, "Hello.");
    EXPECT_EQ(streamed, "Hello.");
    EXPECT_EQ(first, "gen-1");
    EXPECT_EQ(reply->generation_id, "gen-1");
    EXPECT_EQ(reply->model, "m");
    EXPECT_TRUE(reply->usage.estimated);
    EXPECT_EQ(reply->usage.completion_tokens, 2u);
    EXPECT_EQ(provider.path(), "/api/v1/chat/completions");
    EXPECT_EQ(provider.authorization(), "Bearer key-0123456789");
    const auto body = json::parse(provider.bodies().at(0)).as_object();
    EXPECT_EQ(body.at("stream"), true);
    EXPECT_EQ(body.at("stream_options").at("include_usage"), true);
    EXPECT_EQ(body.at("max_tokens"), 200);
    EXPECT_EQ(body.at("messages").at(1).at("content"), "Hi");
    EXPECT_EQ(body.at("response_format").at("json_schema").at("schema").at("type"), "object");
}

TEST(OpenAiClient, ReadsAnAnswerThatIsNotStreamedAndItsUsage) {
    FakeProvider provider(
        {{200,
          R"({"id":"c-1","model":"m-2025","choices":[{"message":{"content":"Yes."},"finish_reason":"length"}],)"
          R"("usage":{"prompt_tokens":5,"completion_tokens":2,"cost":0.01}})",
          {},
          "application/json"}});
    const auto reply = ClientWorld(quick_options(provider.base_url())).chat(ask("?"));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->text, "Yes.");
    EXPECT_EQ(reply->finish, FinishReason::length);
    EXPECT_EQ(reply->generation_id, "c-1");
    EXPECT_EQ(reply->model, "m-2025");
    EXPECT_FALSE(reply->usage.estimated);
    EXPECT_EQ(reply->usage.cost_usd, 0.01);
}

TEST(OpenAiClient, TriesAgainWhatMayPass) {
    const std::vector<Answer> passing = {
        refusal(429, "slow down", {{"Retry-After", "0"}}),
        refusal(500, "oops"),
        {503, "<html>busy</html>", {}, "text/html"},
        {200, delta("Half"), {}, "text/event-stream", Answer::End::cut},
        {200, delta("Half"), {}, "text/event-stream"},
        {200, "", {}, "text/event-stream"},
        {200, delta("Half") + event(R"({"error":{"message":"overloaded","code":502}})")}};
    for (const Answer& answer : passing) {
        FakeProvider provider({answer, good()});
        int restarts = 0;
        std::string streamed;
        ChatWatcher watcher;
        watcher.on_text = [&](std::string_view text) { streamed += text; };
        watcher.on_restart = [&](std::string_view reason) {
            ++restarts;
            streamed.clear();
            EXPECT_FALSE(reason.empty());
        };
        const auto reply = ClientWorld(quick_options(provider.base_url())).chat(ask("?"), watcher);
        ASSERT_TRUE(reply) << answer.status << " " << answer.body << ": " << reply.error().message;
        EXPECT_EQ(reply->text, "Good.");
        EXPECT_EQ(streamed, "Good.");
        EXPECT_EQ(restarts, 1);
    }
}

TEST(OpenAiClient, TriesAStalledStreamAgain) {
    FakeProvider provider({{200, delta("Half"), {}, "text/event-stream", Answer::End::stall},
                           {200, ": PROCESSING\n\n", {}, "text/event-stream", Answer::End::stall},
                           good()});
    OpenAiOptions options = quick_options(provider.base_url());
    options.first_token = Milliseconds(150);
    options.between_tokens = Milliseconds(100);
    std::vector<std::string> reasons;
    ChatWatcher watcher;
    watcher.on_restart = [&](std::string_view reason) { reasons.emplace_back(reason); };
    const auto reply = ClientWorld(options).chat(ask("?"), watcher);
    ASSERT_TRUE(reply) << reply.error().message;
    ASSERT_EQ(reasons.size(), 2u);
    EXPECT_NE(reasons[0].find("no further token of \"m\" for 0.1 seconds"), std::string::npos) << reasons[0];
    EXPECT_NE(reasons[1].find("no token of \"m\" for 0.15 seconds"), std::string::npos) << reasons[1];
}

TEST(OpenAiClient, GivesUpAfterTheAttemptsOfOneCall) {
    FakeProvider provider({refusal(500, "oops")});
    const auto reply = ClientWorld(quick_options(provider.base_url())).chat(ask("?"));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, LlmErrc::unavailable);
    EXPECT_NE(reply.error().message.find("failed with status 500: \"oops\". Given up after 3 attempts."),
              std::string::npos)
        << reply.error().message;
    EXPECT_EQ(provider.bodies().size(), 3u);
}

TEST(OpenAiClient, SaysWhatWillNotPassAtOnce) {
    std::string large = "data: ";
    large.append(10'000'000, 'x');
    const std::pair<Answer, LlmErrc> cases[] = {
        {refusal(401, "bad key key-0123456789"), LlmErrc::refused_key},
        {refusal(402, "no credits"), LlmErrc::no_credit},
        {refusal(404, "model m not found"), LlmErrc::unknown_model},
        {refusal(400, "m is not a valid model ID"), LlmErrc::unknown_model},
        {refusal(400, "too long"), LlmErrc::bad_request},
        {{200, "<!DOCTYPE html><html></html>", {}, "text/html"}, LlmErrc::malformed},
        {{200, event("{\"choices\":[{")}, LlmErrc::malformed},
        {{200, "not an event stream"}, LlmErrc::malformed},
        {{200, large}, LlmErrc::malformed},
        {{200, delta("Ha") + event(R"({"choices":[{"delta":{},"finish_reason":"content_filter"}]})")},
         LlmErrc::content_filtered}};
    for (const auto& [answer, code] : cases) {
        FakeProvider provider({answer, good()});
        const auto reply = ClientWorld(quick_options(provider.base_url())).chat(ask("?"));
        ASSERT_FALSE(reply) << answer.body.substr(0, 80);
        EXPECT_EQ(reply.error().code, code) << answer.body.substr(0, 80) << ": " << reply.error().message;
        EXPECT_EQ(provider.bodies().size(), 1u);
        EXPECT_EQ(reply.error().message.find("key-0123456789"), std::string::npos);
        EXPECT_LT(reply.error().message.size(), 800u);
    }
}

TEST(OpenAiClient, CutsALoopOnTheLiveStream) {
    std::string body{};
    for (int i = 0; i < 200; ++i) body += delta("The worker holds the lease until the next beat. ");
    FakeProvider provider({{200, body, {}, "text/event-stream", Answer::End::stall}});
    const auto reply = ClientWorld(quick_options(provider.base_url())).chat(ask("?"));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, LlmErrc::loop);
    EXPECT_EQ(provider.bodies().size(), 1u);
}

TEST(OpenAiClient, ReplacesBrokenUtf8) {
    FakeProvider provider({good("a\xFF\xFE z")});
    EXPECT_EQ(ClientWorld(quick_options(provider.base_url())).chat(ask("?"))->text, "a\uFFFD\uFFFD z");
}

TEST(OpenAiClient, LeavesOutASchemaThatTheProviderDoesNotTake) {
    FakeProvider provider({refusal(400, "response_format is not supported"), good()});
    ClientWorld world(quick_options(provider.base_url()));
    ChatRequest request = ask("?");
    request.json_schema = json::value{{"type", "object"}};
    EXPECT_TRUE(world.chat(request));
    EXPECT_TRUE(world.chat(request));
    ASSERT_EQ(provider.bodies().size(), 3u);  // it does not ask with it a second time
    EXPECT_NE(provider.bodies()[0].find("response_format"), std::string::npos);
    EXPECT_EQ(provider.bodies()[1].find("response_format"), std::string::npos);
    EXPECT_EQ(provider.bodies()[2].find("response_format"), std::string::npos);
}

TEST(OpenAiClient, LetsAllCallsWaitForARateLimit) {
    FakeProvider provider({refusal(429, "slow down", {{"Retry-After", "3600"}}), good()});
    ClientWorld world(quick_options(provider.base_url()));
    EXPECT_EQ(world.chat(ask("?")).error().code, LlmErrc::unavailable);
    const auto second = world.chat(ask("?"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, LlmErrc::unavailable);
    EXPECT_EQ(provider.bodies().size(), 1u);
}

TEST(OpenAiClient, HandsOnWhatAWatcherThrows) {
    FakeProvider provider({good("a text")});
    ClientWorld world(quick_options(provider.base_url()));
    ChatWatcher watcher;
    watcher.on_text = [](std::string_view) { throw std::runtime_error("a watcher's bug"); };
    EXPECT_THROW(world.chat(ask("?"), watcher), std::runtime_error);
    EXPECT_TRUE(world.chat(ask("?")));
}

TEST(OpenAiClient, StopsAtOnceWithTheStreamClosed) {
    FakeProvider provider({{200, delta("Half"), {}, "text/event-stream", Answer::End::stall}});
    ClientWorld world(quick_options(provider.base_url()));
    StopSource stop;
    ChatWatcher watcher;
    watcher.on_text = [&](std::string_view) { stop.stop(StopReason::cancelled); };
    const auto reply = world.chat(ask("?"), watcher, stop.token());
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, LlmErrc::stopped);
    EXPECT_EQ(world.chat(ask("?"), {}, stop.token()).error().code, LlmErrc::stopped);
    EXPECT_EQ(provider.bodies().size(), 1u);
}

TEST(OpenAiClient, KeepsAWholeAnswerThatEndsAsItIsStopped) {
    FakeProvider provider({good("a text")});
    ClientWorld world(quick_options(provider.base_url()));
    for (const StopReason reason : {StopReason::shutdown, StopReason::cancelled}) {
        StopSource stop;
        ChatWatcher watcher;
        watcher.on_text = [&](std::string_view) { stop.stop(reason); };
        const auto reply = world.chat(ask("?"), watcher, stop.token());
        EXPECT_EQ(reply.has_value(), reason == StopReason::shutdown);
    }
}

TEST(OpenAiClient, SaysThatAProviderCannotBeReached) {
    std::string url;
    {
        FakeProvider gone({good()});
        url = gone.base_url();
    }
    const auto reply = ClientWorld(quick_options(url)).chat(ask("?"));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, LlmErrc::unavailable);
    EXPECT_NE(reply.error().message.find("can't be reached"), std::string::npos) << reply.error().message;
}

TEST(OpenAiClient, ListsModelsWithTheirNotices) {
    FakeProvider provider({{200,
                            R"({"data":[{"id":"a","context_length":8192,"notice":"Small."},{"id":"b"},{"x":1}]})",
                            {},
                            "application/json"}});
    const auto models = ClientWorld(quick_options(provider.base_url())).models();
    ASSERT_TRUE(models) << models.error().message;
    ASSERT_EQ(models->size(), 2u);
    EXPECT_EQ((*models)[0].id, "a");
    EXPECT_EQ((*models)[0].context_tokens, 8192u);
    EXPECT_EQ((*models)[0].notice, "Small.");
    EXPECT_EQ((*models)[1].context_tokens, 0u);
    EXPECT_EQ(provider.path(), "/api/v1/models");
}

TEST(OpenAiClient, NamesItsProviderWithoutCredentials) {
    ClientWorld world(quick_options("https://user:secret@example.org/v1/"));
    EXPECT_EQ(world.client().provider(), "https://example.org/v1");
    OpenAiOptions named = quick_options("http://127.0.0.1:1/v1");
    named.name = "offline";
    EXPECT_EQ(ClientWorld(named).client().provider(), "offline");
}

}  // namespace
}  // namespace longhand::llm
