#include "llm/openai_client.h"

#include <atomic>
#include <boost/json/parse.hpp>
#include <chrono>
#include <functional>
#include <stdexcept>

#include "llm/client_testing.h"
#include "llm/provider_testing.h"

namespace longhand::llm {
namespace {

namespace json = boost::json;
using testing::Answer;
using testing::ask;
using testing::ClientWorld;
using testing::delta;
using testing::event;
using testing::FakeProvider;
using testing::good;
using testing::quick_options;
using testing::refusal;

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

TEST(OpenAiClient, SendsNoCallBeforeTheProviderAllowsIt) {
    using std::chrono::steady_clock;
    steady_clock::time_point allowed{};
    std::atomic<int> too_early{0};
    int taken = 0;
    FakeProvider provider([&](std::size_t) {
        const auto now = steady_clock::now();
        if (now < allowed) ++too_early;
        if (++taken % 3 != 0) return good();
        allowed = now + std::chrono::milliseconds(50);
        return refusal(429, "slow down", {{"Retry-After", "0.05"}});
    });
    ClientWorld world(quick_options(provider.base_url()));
    std::vector<std::future<LlmResult<ChatReply>>> calls;
    for (int i = 0; i < 8; ++i)
        calls.push_back(
            asio::co_spawn(world.loop(), world.client().chat(ask("?"), ChatWatcher{}, StopToken{}), asio::use_future));
    world.loop().run();
    for (auto& call : calls) EXPECT_TRUE(call.get());
    too_early = 0;  // what was under way when a refusal came could not know of it
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(world.chat(ask("?")));
    EXPECT_EQ(too_early, 0);
}

TEST(OpenAiClient, HandsOnWhatAWatcherThrows) {
    FakeProvider provider({good("a text")});
    ClientWorld world(quick_options(provider.base_url()));
    ChatWatcher watcher;
    watcher.on_text = [](std::string_view) { throw std::runtime_error("a watcher's bug"); };
    EXPECT_THROW(ignore_result(world.chat(ask("?"), watcher), "it throws"), std::runtime_error);
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

TEST(OpenAiClient, AsksWhatACallCostByItsId) {
    FakeProvider provider(
        {{200,
          R"({"data":{"id":"gen-1","tokens_prompt":10,"tokens_completion":25,"native_tokens_prompt":12,)"
          R"("native_tokens_completion":31,"native_tokens_reasoning":5,"native_tokens_cached":3,)"
          R"("total_cost":0.0015,"is_byok":true,"upstream_inference_cost":0.002}})",
          {},
          "application/json"}});
    const auto charge = ClientWorld(quick_options(provider.base_url())).charged("gen/1&x");
    ASSERT_TRUE(charge && *charge);
    EXPECT_EQ((*charge)->prompt_tokens, 12u);
    EXPECT_EQ((*charge)->completion_tokens, 31u);
    EXPECT_EQ((*charge)->reasoning_tokens, 5u);
    EXPECT_EQ((*charge)->cached_tokens, 3u);
    EXPECT_DOUBLE_EQ((*charge)->cost_usd.value(), 0.0035);
    EXPECT_EQ(provider.path(), "/api/v1/generation?id=gen%2F1%26x");
}

TEST(OpenAiClient, ACallThatTheProviderDoesNotKnowHasNoCharge) {
    for (const Answer& answer : {refusal(404, "not found"), Answer{200, "{}", {}, "application/json"},
                                 Answer{200, "<html>", {}, "text/html"}}) {
        FakeProvider provider({answer});
        const auto charge = ClientWorld(quick_options(provider.base_url())).charged("gen-1");
        ASSERT_TRUE(charge) << charge.error().message;
        EXPECT_FALSE(charge->has_value());
    }
    FakeProvider down({refusal(500, "oops")});
    EXPECT_FALSE(ClientWorld(quick_options(down.base_url())).charged("gen-1"));
}

TEST(OpenAiClient, NamesItsProviderWithoutCredentials) {
    ClientWorld world(quick_options("https://user:secret@example.org/v1/"));
    EXPECT_EQ(world.client().provider(), "https://example.org/v1");
    OpenAiOptions named = quick_options("http://127.0.0.1:1/v1");
    named.name = "offline";
    EXPECT_EQ(ClientWorld(named).client().provider(), "offline");
}

/// Keeps the books of a call as whoever pays for it does.
struct Books {
    int begun = 0;
    std::optional<int> refuse_at{};
    std::vector<AttemptEnd> ends{};

    static awaitable<LlmResult<void>> begin(Books* books) {
        if (books->begun == books->refuse_at) co_return Failure<LlmErrc>{LlmErrc::withheld, "The budget is reached."};
        ++books->begun;
        co_return LlmResult<void>{};
    }
    static awaitable<void> end(Books* books, AttemptEnd end) {
        books->ends.push_back(std::move(end));
        co_return;
    }
    ChatWatcher watcher() {
        ChatWatcher watcher;
        watcher.before_attempt = [this] { return begin(this); };
        watcher.after_attempt = [this](AttemptEnd ended) { return end(this, std::move(ended)); };
        return watcher;
    }
};

const std::string kUsage =
    event(R"({"provider":"Fireworks","choices":[],"usage":{"prompt_tokens":31,"completion_tokens":7,"cost":0.0042,)"
          R"("prompt_tokens_details":{"cached_tokens":16},"completion_tokens_details":{"reasoning_tokens":3}}})");

TEST(Bookkeeping, AnAnswerEndsWithWhatTheProviderReports) {
    FakeProvider provider({{200, delta("Hello.") + event(R"({"choices":[{"delta":{},"finish_reason":"length"}]})") +
                                     kUsage + event("[DONE]")}});
    ClientWorld world(quick_options(provider.base_url()));
    Books books;
    ASSERT_TRUE(world.chat(ask("Hi"), books.watcher()));
    ASSERT_EQ(books.ends.size(), 1U);
    const AttemptEnd& end = books.ends[0];
    EXPECT_TRUE(end.sent);
    EXPECT_EQ(end.failure, std::nullopt);
    EXPECT_EQ(end.finish, FinishReason::length);
    EXPECT_FALSE(end.usage.estimated);
    EXPECT_EQ(end.usage.prompt_tokens, 31U);
    EXPECT_EQ(end.usage.cached_tokens, 16U);
    EXPECT_EQ(end.usage.reasoning_tokens, 3U);
    EXPECT_EQ(end.usage.cost_usd, 0.0042);
    EXPECT_EQ(end.generation_id, "gen-9");
    EXPECT_EQ(end.served_by, "Fireworks");
}

TEST(Bookkeeping, ARefusalBuysNothingAndIsAnAttemptAllTheSame) {
    FakeProvider provider({refusal(503, "busy"), good()});
    ClientWorld world(quick_options(provider.base_url()));
    Books books;
    ASSERT_TRUE(world.chat(ask("Hi"), books.watcher()));
    EXPECT_EQ(books.begun, 2);
    ASSERT_EQ(books.ends.size(), 2U);
    EXPECT_FALSE(books.ends[0].sent);
    EXPECT_EQ(books.ends[0].failure, LlmErrc::unavailable);
    EXPECT_EQ(books.ends[0].usage.prompt_tokens, 0U);
    EXPECT_TRUE(books.ends[1].sent);
}

TEST(Bookkeeping, ACutStreamCostsItsPromptAndWhatItStreamed) {
    FakeProvider provider(
        {{200, delta("Twelve chars"), {{"X-Generation-Id", "gen-1"}}, "text/event-stream", Answer::End::cut}, good()});
    ClientWorld world(quick_options(provider.base_url()));
    Books books;
    const ChatRequest request = ask("Hi");
    ASSERT_TRUE(world.chat(request, books.watcher()));
    ASSERT_EQ(books.ends.size(), 2U);
    EXPECT_TRUE(books.ends[0].sent);
    EXPECT_TRUE(books.ends[0].usage.estimated);
    EXPECT_EQ(books.ends[0].usage.prompt_tokens, estimate_prompt_tokens(request));
    EXPECT_EQ(books.ends[0].usage.completion_tokens, 3U);
    EXPECT_EQ(books.ends[0].generation_id, "gen-1");
}

TEST(Bookkeeping, ReasoningThatIsStreamedCounts) {
    FakeProvider provider(
        {{200, event(R"({"choices":[{"delta":{"reasoning":"Eight by"}}]})"), {}, "text/event-stream", Answer::End::cut},
         good()});
    ClientWorld world(quick_options(provider.base_url()));
    Books books;
    ASSERT_TRUE(world.chat(ask("Hi"), books.watcher()));
    EXPECT_EQ(books.ends.at(0).usage.reasoning_tokens, 2U);
    EXPECT_EQ(books.ends.at(0).usage.completion_tokens, 2U);
}

TEST(Bookkeeping, AProviderThatIsNotReachedBuysNothing) {
    ClientWorld world(quick_options("http://127.0.0.1:1/v1"));
    Books books;
    EXPECT_FALSE(world.chat(ask("Hi"), books.watcher()));
    ASSERT_EQ(books.ends.size(), 3U);
    for (const AttemptEnd& end : books.ends) EXPECT_FALSE(end.sent);
}

TEST(Bookkeeping, AnAttemptThatIsWithheldIsNotSent) {
    FakeProvider provider({refusal(503, "busy"), good()});
    ClientWorld world(quick_options(provider.base_url()));
    Books books;
    books.refuse_at = 1;
    const auto reply = world.chat(ask("Hi"), books.watcher());
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, LlmErrc::withheld);
    EXPECT_EQ(reply.error().message, "The budget is reached.");
    EXPECT_EQ(provider.bodies().size(), 1U);
    EXPECT_EQ(books.ends.size(), 1U);
}

TEST(Bookkeeping, AStoppedStreamIsToldBeforeTheCallResumes) {
    FakeProvider provider({{200, delta("Half an ans"), {}, "text/event-stream", Answer::End::stall}});
    ClientWorld world(quick_options(provider.base_url()));
    StopSource stop;
    Books books;
    ChatWatcher watcher = books.watcher();
    int first_bytes = 0;
    watcher.on_first_byte = [&](std::string_view) { ++first_bytes; };
    watcher.on_text = [&](std::string_view) { stop.stop(StopReason::cancelled); };
    const auto reply = world.chat(ask("Hi"), watcher, stop.token());
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, LlmErrc::stopped);
    EXPECT_EQ(first_bytes, 1);
    ASSERT_EQ(books.ends.size(), 1U);
    EXPECT_EQ(books.ends[0].failure, LlmErrc::stopped);
    EXPECT_EQ(books.ends[0].usage.completion_tokens, 3U);
}

}  // namespace
}  // namespace longhand::llm
