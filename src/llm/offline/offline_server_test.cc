#include "llm/offline/offline_server.h"

#include <boost/json/parse.hpp>

#include "llm/client_testing.h"
#include "llm/offline/chat_request.h"

namespace longhand::llm::offline {
namespace {

namespace json = boost::json;
using llm::testing::ask;
using llm::testing::ClientWorld;
using llm::testing::quick_options;

const char* const kPrompt =
    "<task name=\"draft\" key=\"section/1/draft\" words=\"60\" language=\"en\">Write.</task>"
    "<section number=\"1\" title=\"Leases\" chapter=\"Engine\">What a lease is for.</section>"
    "<passages><passage id=\"p1\" source=\"a.md\" place=\"Leases\">A lease is a number that grows with every claim. "
    "The worker sends the lease with each write to the store. A write with an old lease matches no row and is "
    "dropped.</passage>"
    "<passage id=\"p2\" source=\"b.md\" place=\"Beats\">The worker beats every two seconds to keep the lease alive. "
    "A worker that misses five beats has lost the lease to another one.</passage></passages>";

/// A server on a loop for its timers, and a client of it.
struct World {
    explicit World(OfflineServerOptions options = {}, std::string key = "key-0123456789") {
        options.keys = {"another-key", "key-0123456789"};
        server = std::make_unique<OfflineServer>(timers, std::move(options));
        EXPECT_TRUE(server->listen("127.0.0.1", 0));
        auto client_options = quick_options(server->base_url());
        client_options.api_key = std::move(key);
        client = std::make_unique<ClientWorld>(std::move(client_options));
    }
    LlmResult<ChatReply> draft(std::uint32_t max_tokens = 2000) {
        ChatRequest request = ask(kPrompt, "offline");
        request.max_tokens = max_tokens;
        return client->chat(std::move(request));
    }
    net::NetResult<net::HttpReply> call(std::string method, std::string path, std::string body = "") {
        net::HttpClient http(client->loop(), {"test", false});
        net::HttpCall call;
        call.method = std::move(method);
        call.url = server->base_url() + path;
        call.headers = {"Authorization: Bearer key-0123456789"};
        call.body = std::move(body);
        return client->run(http.perform(std::move(call), {}));
    }

    asio::io_context loop{1};
    AsioRuntime timers{loop, 1};
    std::unique_ptr<OfflineServer> server;
    std::unique_ptr<ClientWorld> client;
};

TEST(OfflineServer, AnswersTheClientWithCitedTextAndUsage) {
    World world;
    const auto reply = world.draft();
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_NE(reply->text.find("[@p1]"), std::string::npos) << reply->text;
    EXPECT_NE(reply->text.find("[@p2]"), std::string::npos) << reply->text;
    EXPECT_EQ(reply->finish, FinishReason::stop);
    EXPECT_EQ(reply->model, "offline");
    EXPECT_FALSE(reply->usage.estimated);
    EXPECT_EQ(reply->usage.completion_tokens, tokens_of(reply->text).size());
    EXPECT_EQ(reply->usage.cost_usd, std::nullopt) << "it has no price";
}

TEST(OfflineServer, GivesEqualRequestsEqualAnswers) {
    const auto text = [] { return World().draft()->text; };
    EXPECT_EQ(text(), text());
}

TEST(OfflineServer, TellsWhatACallCost) {
    World world;
    const auto reply = world.draft();
    ASSERT_TRUE(reply);
    const auto answer = world.call("GET", "/generation?id=" + reply->generation_id);
    ASSERT_TRUE(answer);
    const auto data = json::parse(answer->body).at("data");
    EXPECT_EQ(data.at("tokens_completion").to_number<std::uint64_t>(), reply->usage.completion_tokens);
    EXPECT_FALSE(data.as_object().contains("total_cost")) << "it has no price";
    EXPECT_EQ(data.at("finish_reason"), "stop");
    EXPECT_EQ(world.call("GET", "/generation?id=none")->status, 404);
    const auto stats = json::parse(world.call("GET", "/stats")->body);
    EXPECT_EQ(stats.at("calls"), 1);
    EXPECT_EQ(world.server->stats().completion_tokens, reply->usage.completion_tokens);
}

TEST(OfflineServer, HonoursMaxTokens) {
    World world;
    const auto reply = world.draft(20);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->finish, FinishReason::length);
    EXPECT_EQ(reply->usage.completion_tokens, 20u);
    EXPECT_TRUE(world.draft()->text.starts_with(reply->text));
}

TEST(OfflineServer, AnswersWithoutAStreamToo) {
    World world;
    const auto answer = world.call("POST", "/chat/completions",
                                   R"({"model":"offline","messages":[{"role":"user","content":"Bees?"}]})");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_TRUE(answer->header("x-generation-id"));
    const auto body = json::parse(answer->body);
    EXPECT_EQ(body.at("object"), "chat.completion");
    EXPECT_NE(
        std::string(body.at("choices").at(0).at("message").at("content").as_string()).find("no large language model"),
        std::string::npos);
}

TEST(OfflineServer, SaysPlainlyThatItIsNoLargeModel) {
    World world;
    const auto models = world.client->models();
    ASSERT_TRUE(models);
    ASSERT_EQ(models->size(), 1u);
    EXPECT_EQ(models->front().id, "offline");
    EXPECT_EQ(models->front().notice, kNotice);
}

TEST(OfflineServer, RefusesAWrongKeyAndAnUnknownModel) {
    EXPECT_EQ(World({}, "wrong").draft().error().code, LlmErrc::refused_key);
    World world;
    EXPECT_EQ(world.client->chat(ask("?", "gpt-9")).error().code, LlmErrc::unknown_model);
}

TEST(OfflineServer, AnswersBadRequestsInOpenAisForm) {
    World world;
    for (const char* body : {"", "[]", "{", R"({"model":"offline"})", R"({"model":"offline","messages":[]})",
                             R"({"model":"offline","messages":[{"role":"user"}]})",
                             R"({"model":"offline","messages":[{"role":"user","content":"x"}],"max_tokens":0})",
                             R"({"model":"offline","messages":[{"role":"user","content":"x"}],"stream":"yes"})"}) {
        const auto answer = world.call("POST", "/chat/completions", body);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 400) << body;
        EXPECT_EQ(json::parse(answer->body).at("error").at("type"), "invalid_request_error") << body;
    }
    EXPECT_EQ(world.call("GET", "/nothing")->status, 404);
    EXPECT_EQ(world.server->stats().calls, 0u);
}

TEST(OfflineServer, FailsAsOftenAsItIsTold) {
    OfflineServerOptions options;
    options.fail_rate = 0.5;
    options.fail_with = {FaultKind::status_429, FaultKind::status_500, FaultKind::cut};
    options.seed = 11;
    World world(options);
    int good = 0;
    for (int i = 0; i < 12; ++i) {
        const auto reply = world.draft();
        good += reply.has_value();
        EXPECT_TRUE(!reply || reply->finish == FinishReason::stop);
    }
    EXPECT_GE(good, 6);  // three attempts a call
    EXPECT_GT(world.server->stats().failures, 0u);
    EXPECT_GT(world.server->stats().calls, 12u);
}

TEST(OfflineServer, TheSameRequestAgainAndAgainFailsAsOftenAsAnyOther) {
    OfflineServerOptions options;
    options.fail_rate = 0.4;
    options.fail_with = {FaultKind::status_429};
    World world(options);
    const std::string body = R"({"model":"offline","messages":[{"role":"user","content":"The same."}],"max_tokens":8})";
    int failed = 0, changes = 0;
    bool before = false;
    for (int i = 0; i < 100; ++i) {
        const auto answer = world.call("POST", "/chat/completions", body);
        ASSERT_TRUE(answer);
        const bool now = answer->status == 429;
        failed += now;
        changes += i > 0 && now != before;
        before = now;
    }
    EXPECT_GT(failed, 25);
    EXPECT_LT(failed, 55);
    EXPECT_GT(changes, 25);
}

TEST(OfflineServer, NoticesAClientThatLeaves) {
    OfflineServerOptions options;
    options.fail_rate = 1;
    options.fail_with = {FaultKind::stall};
    World world(options);
    StopSource stop;
    ChatWatcher watcher;
    watcher.on_text = [&](std::string_view) { stop.stop(StopReason::cancelled); };
    // The stall waits on the server's own loop; leaving ends it.
    const auto reply = world.client->chat(ask(kPrompt, "offline"), watcher, stop.token());
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, LlmErrc::stopped);
    world.server->stop(Milliseconds(2000));
    EXPECT_EQ(world.server->stats().active, 0u);
}

TEST(OfflineServer, KeepsToItsRate) {
    OfflineServerOptions options;
    options.tokens_per_second = 400;
    options.first_token = Milliseconds(20);
    World world(options);
    const auto begin = std::chrono::steady_clock::now();
    const auto reply = world.draft(41);
    ASSERT_TRUE(reply);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, Milliseconds(120));
}

TEST(Tokens, AreWordsAndMarksAndJoinToTheText) {
    const std::string text = "A lease, it's `x_1`: grows!\n\nНовая строка. 租约增长。";
    std::string joined;
    for (const auto token : tokens_of(text)) joined += token;
    EXPECT_EQ(joined, text);
    EXPECT_EQ(tokens_of("A lease, it's").size(), 4u);
    EXPECT_EQ(tokens_of("租约增长").size(), 4u);
    EXPECT_TRUE(tokens_of("").empty());
}

}  // namespace
}  // namespace longhand::llm::offline
