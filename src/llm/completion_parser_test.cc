#include "llm/completion_parser.h"

#include <gtest/gtest.h>

#include "llm/provider_testing.h"

namespace longhand::llm {
namespace {

using testing::event;

std::string text_delta(std::string_view text) {
    return event(R"({"id":"gen-1","model":"m-7","choices":[{"delta":{"content":")" + std::string(text) + R"("}}]})");
}
const std::string kStop = event(R"({"choices":[{"delta":{},"finish_reason":"stop"}]})");

struct Read {
    Completion completion;
    std::optional<Fault> fault;
    bool whole = false;
    std::string streamed;
};

/// Feeds the body in pieces of `size` bytes.
Read read(const std::string& body, std::size_t size = 1000) {
    Read result;
    CompletionParser::Sink sink;
    sink.on_text = [&](std::string_view text) { result.streamed += text; };
    CompletionParser parser({"The provider at x", "m", "secret-key"}, 1'000'000, std::move(sink));
    bool open = true;
    for (std::size_t at = 0; at < body.size() && open; at += size)
        open = parser.feed(std::string_view(body).substr(at, size));
    parser.end_of_body();
    result.completion = parser.completion();
    result.fault = parser.fault();
    result.whole = parser.whole();
    return result;
}

TEST(CompletionParser, JoinsTheDeltasOfAStreamWhateverItsPieces) {
    const std::string body = ": OPENROUTER PROCESSING\n\n" + text_delta("Hello, ") + text_delta("Ωorld") + kStop +
                             event(R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"cost":0.25,)"
                                   R"("prompt_tokens_details":{"cached_tokens":1},)"
                                   R"("completion_tokens_details":{"reasoning_tokens":2}}})") +
                             event("[DONE]");
    for (const std::size_t size : {1, 2, 7, 4000}) {
        const Read got = read(body, size);
        EXPECT_FALSE(got.fault);
        EXPECT_EQ(got.completion.text, "Hello, Ωorld");
        EXPECT_EQ(got.streamed, got.completion.text);
        EXPECT_EQ(got.completion.id, "gen-1");
        EXPECT_EQ(got.completion.model, "m-7");
        EXPECT_EQ(got.completion.finish, FinishReason::stop);
        ASSERT_TRUE(got.completion.usage);
        EXPECT_EQ(got.completion.usage->prompt_tokens, 3u);
        EXPECT_EQ(got.completion.usage->completion_tokens, 4u);
        EXPECT_EQ(got.completion.usage->cached_tokens, 1u);
        EXPECT_EQ(got.completion.usage->reasoning_tokens, 2u);
        EXPECT_EQ(got.completion.usage->cost_usd, 0.25);
    }
}

TEST(CompletionParser, ReadsAnAnswerThatIsNotStreamed) {
    const Read got = read(R"( {"id":"a","choices":[{"message":{"content":"Hi."},"finish_reason":"length"}]})", 5);
    EXPECT_FALSE(got.fault);
    EXPECT_EQ(got.completion.text, "Hi.");
    EXPECT_EQ(got.completion.finish, FinishReason::length);
}

TEST(CompletionParser, TellsACutStreamFromAWholeOne) {
    EXPECT_FALSE(read(text_delta("Half a")).whole);
    EXPECT_FALSE(read(": PROCESSING\n\n").whole);
    EXPECT_FALSE(read(": PROCESSING\n\n").fault);
    EXPECT_TRUE(read(text_delta("All.") + kStop).whole);
    EXPECT_TRUE(read(text_delta("All.") + event("[DONE]")).whole);
}

TEST(CompletionParser, ReplacesBrokenUtf8AndLoneSurrogates) {
    EXPECT_EQ(read(text_delta("a\xFF z\xE2\x82") + kStop).completion.text, "a\uFFFD z\uFFFD");
    EXPECT_EQ(read(text_delta(R"(x\ud83d y\ud83d\ude00)") + kStop).completion.text, "x\uFFFD y\U0001F600");
    EXPECT_EQ(read(text_delta(R"(a\u0000b\u001bc)") + kStop).completion.text, "abc");
}

TEST(CompletionParser, SaysWhatIsNotTheProtocol) {
    for (const std::string& body : {std::string("<html><body>nginx</body></html>"), std::string("upstream timed out"),
                                    event(R"({"choices":[{"delta":)"), std::string("{\"choices\": 3}"),
                                    std::string("{}"), std::string("[1,2]"), event("[]")}) {
        const Read got = read(body);
        ASSERT_TRUE(got.fault) << body;
        EXPECT_EQ(got.fault->code, LlmErrc::malformed) << body;
        EXPECT_FALSE(got.fault->transient) << body;
    }
}

TEST(CompletionParser, TakesNothingForMalformedButWorthAnotherTry) {
    for (const std::string& body : {std::string(), kStop + event("[DONE]")}) {
        const Read got = read(body);
        ASSERT_TRUE(got.fault);
        EXPECT_EQ(got.fault->code, LlmErrc::malformed);
        EXPECT_TRUE(got.fault->transient);
    }
}

TEST(CompletionParser, ReadsErrorsInsideTheStream) {
    const Read limited =
        read(text_delta("Half") + event(R"({"error":{"code":429,"message":"slow down"},"choices":[]})"));
    ASSERT_TRUE(limited.fault);
    EXPECT_EQ(limited.fault->code, LlmErrc::unavailable);
    EXPECT_TRUE(limited.fault->transient);
    EXPECT_TRUE(limited.fault->rate_limited);
    const Read broken = read(text_delta("Half") + event(R"({"error":{"message":"overloaded"}})"));
    EXPECT_TRUE(broken.fault->transient);
    EXPECT_EQ(read(event(R"({"error":{"code":"402","message":"no credits"}})")).fault->code, LlmErrc::no_credit);
}

TEST(CompletionParser, EndsAtTheContentFilter) {
    const Read got = read(text_delta("Half") + event(R"({"choices":[{"delta":{},"finish_reason":"content_filter"}]})"));
    EXPECT_EQ(got.fault->code, LlmErrc::content_filtered);
}

TEST(CompletionParser, CutsALoop) {
    std::string body;
    for (int i = 0; i < 60; ++i) body += text_delta("The worker holds the lease until the next beat. ");
    EXPECT_EQ(read(body).fault->code, LlmErrc::loop);
}

TEST(CompletionParser, RefusesMoreTextThanWasAskedFor) {
    std::string body;
    for (int i = 0; i < 1100; ++i) body += text_delta(std::string(1000, 'a' + i % 26));
    EXPECT_EQ(read(body).fault->code, LlmErrc::malformed);
}

}  // namespace
}  // namespace longhand::llm
