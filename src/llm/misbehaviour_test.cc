// Providers that do what they should not: each call ends by its deadline, asks no more often than it is worth, keeps
// little of what floods in, and says in a sentence what is wrong and what can be done.
#include <gmock/gmock.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <thread>

#include "llm/client_testing.h"
#include "llm/openai_client.h"
#include "llm/provider_testing.h"

namespace longhand::llm {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::Answer;
using testing::ask;
using testing::ClientWorld;
using testing::delta;
using testing::event;
using testing::FakeProvider;
using testing::finish;
using testing::good;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::refusal;
using End = Answer::End;

constexpr const char* kSse = "text/event-stream";
constexpr unsigned kAttempts = 2;

OpenAiOptions impatient_options(std::string base_url) {
    OpenAiOptions options = testing::quick_options(std::move(base_url));
    options.first_token = Milliseconds(250);
    options.between_tokens = Milliseconds(200);
    options.retry.attempts = kAttempts;
    return options;
}

/// Whoever does not stall is given the time that a busy machine may take.
OpenAiOptions options_for(const Answer& answer, std::string base_url) {
    OpenAiOptions options = impatient_options(std::move(base_url));
    if (answer.end != End::silent && answer.end != End::stall)
        options.first_token = options.between_tokens = Milliseconds(10'000);
    return options;
}

struct Misbehaviour {
    const char* name;
    Answer answer;
    LlmErrc code;
    unsigned requests;  ///< as many as it is worth
    const char* says;
};

const Misbehaviour kMisbehaviours[] = {
    {"says nothing at all",
     {200, "", {}, kSse, End::silent},
     LlmErrc::unavailable,
     kAttempts,
     "sent no token of \"m\" for 0.25 seconds. Given up after 2 attempts."},
    {"stalls before the first token",
     {200, "", {}, kSse, End::stall},
     LlmErrc::unavailable,
     kAttempts,
     "sent no token of \"m\" for 0.25 seconds."},
    {"stalls behind comments",
     {200, ": PROCESSING\n\n: PROCESSING\n\n", {}, kSse, End::stall},
     LlmErrc::unavailable,
     kAttempts,
     "sent no token of \"m\" for 0.25 seconds."},
    {"stalls between tokens",
     {200, delta("Half an"), {}, kSse, End::stall},
     LlmErrc::unavailable,
     kAttempts,
     "sent no further token of \"m\" for 0.2 seconds."},
    {"is cut amid its answer",
     {200, delta("Half an"), {}, kSse, End::cut},
     LlmErrc::unavailable,
     kAttempts,
     "before its answer was whole"},
    {"ends without an end",
     {200, delta("Half an"), {}, kSse},
     LlmErrc::unavailable,
     kAttempts,
     "ended its answer before it was whole."},
    {"limits without a time", refusal(429, "slow down"), LlmErrc::unavailable, kAttempts,
     "allows no more requests for now (429): \"slow down\"."},
    {"limits for an hour", refusal(429, "slow down", {{"Retry-After", "3600"}}), LlmErrc::unavailable, 1,
     "allows no more requests for now (429): \"slow down\"."},
    {"fails", refusal(500, "oops"), LlmErrc::unavailable, kAttempts, "failed with status 500: \"oops\"."},
    {"fails with a page",
     {502, "<html>Bad gateway</html>", {}, "text/html"},
     LlmErrc::unavailable,
     kAttempts,
     "failed with status 502."},
    {"refuses the key and stalls",
     {401, "{\"error\":", {}, "application/json", End::stall},
     LlmErrc::refused_key,
     1,
     "refused the key (401); give a valid one with --provider-key-file."},
    {"answers with a page",
     {200, "<!DOCTYPE html><html></html>", {}, "text/html"},
     LlmErrc::malformed,
     1,
     "it sent a web page; check that --provider is the API's base URL"},
    {"answers with words",
     {200, "upstream timed out", {}, "text/plain"},
     LlmErrc::malformed,
     1,
     "something that is no event stream; check that --provider"},
    {"answers with nothing", {200, "", {}, kSse}, LlmErrc::malformed, kAttempts, "answered with nothing."},
    {"answers without a word",
     {200, delta("") + finish(), {}, kSse},
     LlmErrc::malformed,
     kAttempts,
     "answered with nothing."},
    {"sends broken events",
     {200, event("{\"choices\":[{"), {}, kSse},
     LlmErrc::malformed,
     1,
     "an event that is no JSON object"},
    {"sends a broken event amid its answer",
     {200, delta("Half an") + event("{\"choices\":[{"), {}, kSse},
     LlmErrc::malformed,
     kAttempts,
     "an event that is no JSON object"},
    {"sends events of another shape",
     {200, event("{\"choices\":\"none\"}"), {}, kSse},
     LlmErrc::malformed,
     1,
     "choices that are no list"},
    {"does not have the model", refusal(404, "The model `m` does not exist"), LlmErrc::unknown_model, 1,
     "does not offer the model \"m\" (404): \"The model `m` does not exist\"; name another in the request or with "
     "--model."},
    {"filters",
     {200, delta("Half an") + finish("content_filter"), {}, kSse},
     LlmErrc::content_filtered,
     1,
     "by its content filter; change the prompt, or name another model in the request or with --model."},
    {"repeats itself",
     {200, delta("The worker holds the lease until the next beat. "), {}, kSse, End::forever},
     LlmErrc::loop,
     1,
     "repeated itself without end, and its answer was cut"},
    {"thinks until its tokens are used up",
     {200, delta("") + finish("length"), {}, kSse},
     LlmErrc::malformed,
     1,
     "a reasoning model needs more of them, or another model does."},
};

TEST(Misbehaviour, EndsByItsDeadlineWithASentenceToActOn) {
    for (const Misbehaviour& it : kMisbehaviours) {
        SCOPED_TRACE(it.name);
        FakeProvider provider({it.answer});
        ClientWorld world(options_for(it.answer, provider.base_url()));
        const auto begin = steady_clock::now();
        const auto reply = world.chat(ask("?"));
        EXPECT_LT(steady_clock::now() - begin, kAttempts * milliseconds(450) + milliseconds(3000));
        ASSERT_FALSE(reply);
        const std::string& message = reply.error().message;
        EXPECT_EQ(reply.error().code, it.code) << message;
        EXPECT_THAT(message, HasSubstr(it.says));
        if (it.code != LlmErrc::loop) {
            EXPECT_THAT(message, HasSubstr("127.0.0.1"));
        }
        EXPECT_THAT(message, Not(HasSubstr("key-0123456789")));
        EXPECT_TRUE(message.ends_with('.')) << message;
        EXPECT_EQ(provider.bodies().size(), it.requests) << message;
    }
}

TEST(Misbehaviour, IsForgottenOnceTheProviderBehaves) {
    for (const Misbehaviour& it : kMisbehaviours) {
        if (it.requests < kAttempts) continue;
        SCOPED_TRACE(it.name);
        FakeProvider provider({it.answer, good()});
        std::string streamed;
        int restarts = 0;
        ChatWatcher watcher;
        watcher.on_text = [&](std::string_view text) { streamed += text; };
        watcher.on_restart = [&](std::string_view) {
            ++restarts;
            streamed.clear();
        };
        OpenAiOptions options = options_for(it.answer, provider.base_url());
        // The good answer has to come within them too.
        options.first_token = options.between_tokens = std::max(options.first_token, Milliseconds(1'500));
        const auto reply = ClientWorld(options).chat(ask("?"), watcher);
        ASSERT_TRUE(reply) << reply.error().message;
        EXPECT_EQ(reply->text, "Good.");
        EXPECT_EQ(streamed, "Good.");
        EXPECT_EQ(restarts, 1);
    }
}

TEST(Misbehaviour, FloodsAreCutAfterAFewMegabytes) {
    const std::string line(100'000, 'x');
    const std::pair<const char*, Answer> floods[] = {
        {"one event without an end", {200, "data: " + line, {}, kSse, End::forever}},
        {"lines of one event", {200, "data: " + line + "\n", {}, kSse, End::forever}},
        {"comments", {200, ": " + line + "\n", {}, kSse, End::forever}},
        {"events without text", {200, event(R"({"choices":[],"x":")" + line + "\"}"), {}, kSse, End::forever}},
        {"one object without an end", {200, "{" + line, {}, "application/json", End::forever}},
        {"a page without an end", {200, "<" + line, {}, "text/html", End::forever}},
    };
    for (const auto& [name, answer] : floods) {
        SCOPED_TRACE(name);
        FakeProvider provider({answer});
        OpenAiOptions options = impatient_options(provider.base_url());
        options.first_token = options.between_tokens = Milliseconds(20'000);
        const auto reply = ClientWorld(options).chat(ask("?"));
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().code, LlmErrc::malformed) << reply.error().message;
        EXPECT_THAT(reply.error().message, HasSubstr("does not speak the OpenAI protocol"));
        EXPECT_LT(reply.error().message.size(), 800u);
        // What the sockets hold comes on top of the client's own bound.
        EXPECT_LT(provider.written(), 24'000'000u);
        EXPECT_EQ(provider.bodies().size(), 1u);
    }
}

TEST(Misbehaviour, ARefusalWithoutAnEndIsOneAllTheSame) {
    FakeProvider provider({{403, std::string(100'000, 'x'), {}, "text/plain", End::forever}});
    const auto reply = ClientWorld(impatient_options(provider.base_url())).chat(ask("?"));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, LlmErrc::refused_key) << reply.error().message;
    EXPECT_LT(provider.written(), 24'000'000u);
}

TEST(Misbehaviour, MoreTextThanWasAskedForIsCut) {
    std::string words;
    for (int i = 0; i < 20'000; ++i) words += delta("word" + std::to_string(i) + " ");
    FakeProvider provider({{200, words, {}, kSse, End::forever}});
    std::size_t streamed = 0;
    ChatWatcher watcher;
    watcher.on_text = [&](std::string_view text) { streamed += text.size(); };
    const auto reply = ClientWorld(impatient_options(provider.base_url())).chat(ask("?"), watcher);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, LlmErrc::malformed) << reply.error().message;
    EXPECT_LT(streamed, 1'000'000u);
}

TEST(Misbehaviour, ALoopIsCutWithin300Tokens) {
    for (const std::string sentence :
         {"The worker holds the lease until the next beat. ", "yes ", "租约只会增长，从不减少。"}) {
        Answer answer{200, delta(sentence), {}, kSse, End::forever};
        std::string streamed;
        ChatWatcher watcher;
        watcher.on_text = [&](std::string_view text) { streamed += text; };
        FakeProvider provider({answer});
        const auto reply = ClientWorld(impatient_options(provider.base_url())).chat(ask("?"), watcher);
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().code, LlmErrc::loop) << reply.error().message;
        EXPECT_LE(estimate_tokens(streamed), 300u) << sentence;
    }
}

TEST(Misbehaviour, AnswersEndingAtTheirBoundAreKeptAsSuch) {
    FakeProvider provider({{200, delta("Half an") + finish("length"), {}, kSse}});
    const auto reply = ClientWorld(impatient_options(provider.base_url())).chat(ask("?"));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->text, "Half an");
    EXPECT_EQ(reply->finish, FinishReason::length);
}

TEST(Misbehaviour, AnAnswerWhoseUsageNeverComesIsKept) {
    const std::string end = finish().substr(0, finish().find("data: [DONE]"));
    FakeProvider provider({{200, delta("Twelve bytes") + end, {}, kSse, End::stall}});
    const auto reply = ClientWorld(impatient_options(provider.base_url())).chat(ask("?"));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->text, "Twelve bytes");
    EXPECT_TRUE(reply->usage.estimated);
    EXPECT_EQ(provider.bodies().size(), 1u);
}

TEST(Misbehaviour, ProseForJsonIsHandedOnAsItCame) {
    FakeProvider provider({good("Sure! Here is your outline.")});
    ChatRequest request = ask("?");
    request.json_schema = boost::json::value{{"type", "object"}};
    const auto reply = ClientWorld(impatient_options(provider.base_url())).chat(request);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->text, "Sure! Here is your outline.");
    EXPECT_EQ(provider.bodies().size(), 1u);
}

TEST(Misbehaviour, BrokenUtf8IsReplacedWhereverItIsCut) {
    for (const std::size_t piece : {0u, 1u, 3u}) {
        FakeProvider provider({{200, delta("a\xFF\xFE z\xE2\x82 \xC3\xA9") + finish(), {}, kSse, End::whole, piece}});
        const auto reply = ClientWorld(impatient_options(provider.base_url())).chat(ask("?"));
        ASSERT_TRUE(reply) << reply.error().message;
        EXPECT_EQ(reply->text, "a\uFFFD\uFFFD z\uFFFD \u00E9");
    }
}

TEST(Misbehaviour, AUsageOtherThanWhatWasStreamedIsTheBill) {
    const auto usage_after = [](std::string_view usage) {
        const std::string end = event(R"({"choices":[],"usage":)" + std::string(usage) + "}");
        FakeProvider provider(
            {{200,
              delta("Twelve bytes") + finish().substr(0, finish().find("data: [DONE]")) + end + event("[DONE]"),
              {},
              kSse}});
        return ClientWorld(impatient_options(provider.base_url())).chat(ask("?")).value().usage;
    };
    const Usage more = usage_after(R"({"prompt_tokens":9000,"completion_tokens":5000,"cost":1.5})");
    EXPECT_EQ(more.prompt_tokens, 9000u);
    EXPECT_EQ(more.completion_tokens, 5000u);
    EXPECT_EQ(more.cost_usd, 1.5);
    EXPECT_FALSE(more.estimated);
    // Nothing is no bill: what was written is counted here.
    const Usage none = usage_after(R"({"prompt_tokens":0,"completion_tokens":0,"total_tokens":0})");
    EXPECT_EQ(none.completion_tokens, 3u);
    EXPECT_GT(none.prompt_tokens, 0u);
    EXPECT_TRUE(none.estimated);
    for (const char* nonsense : {"7", R"({"prompt_tokens":-5,"completion_tokens":"many","cost":-1})",
                                 R"({"prompt_tokens":1e300,"completion_tokens":null,"cost":null})"}) {
        const Usage usage = usage_after(nonsense);
        EXPECT_EQ(usage.completion_tokens, 3u) << nonsense;
        EXPECT_TRUE(usage.estimated) << nonsense;
        EXPECT_EQ(usage.cost_usd, std::nullopt) << nonsense;
    }
}

/// Takes connections, says `reply` on each once a request's head has come, and closes.
class RawProvider {
public:
    explicit RawProvider(std::string reply) : reply_(std::move(reply)) {
        thread_ = std::thread([this] { serve(); });
    }
    ~RawProvider() {
        over_ = true;
        boost::system::error_code ignored;
        asio::ip::tcp::socket(context_).connect(acceptor_.local_endpoint(), ignored);
        thread_.join();
    }
    std::string base_url() const {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/v1";
    }

private:
    void serve() {
        while (true) {
            asio::ip::tcp::socket socket(context_);
            boost::system::error_code failed;
            acceptor_.accept(socket, failed);
            if (failed || over_) return;
            std::string request;
            asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n", failed);
            asio::write(socket, asio::buffer(reply_), failed);
            // Closing before the client has read would take the reply away from it.
            socket.shutdown(asio::ip::tcp::socket::shutdown_send, failed);
            asio::read(socket, asio::dynamic_buffer(request), asio::transfer_all(), failed);
        }
    }

    const std::string reply_;
    asio::io_context context_;
    asio::ip::tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
    std::atomic<bool> over_{false};
    std::thread thread_;
};

TEST(Misbehaviour, WhatIsNoHttpEndsAtOnce) {
    const std::pair<const char*, LlmErrc> replies[] = {
        {"", LlmErrc::unavailable},
        {"SSH-2.0-OpenSSH_9.2\r\n", LlmErrc::malformed},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"choices\":[", LlmErrc::unavailable},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\nzz\r\nmore",
         LlmErrc::unavailable},
    };
    for (const auto& [bytes, code] : replies) {
        RawProvider provider(bytes);
        const auto reply = ClientWorld(impatient_options(provider.base_url())).chat(ask("?"));
        ASSERT_FALSE(reply) << bytes;
        EXPECT_EQ(reply.error().code, code) << bytes << reply.error().message;
        EXPECT_THAT(reply.error().message, HasSubstr("127.0.0.1")) << bytes;
    }
}

}  // namespace
}  // namespace longhand::llm
