#include "llm/key_check.h"

#include "llm/client_testing.h"
#include "llm/provider_testing.h"

namespace longhand::llm {
namespace {

using testing::Answer;
using testing::ClientWorld;
using testing::FakeProvider;
using testing::good;
using testing::quick_options;
using testing::refusal;

const std::string kWithKey = " Bearer key-0123456789";

Answer list_of_models() {
    return {200, R"({"object":"list","data":[{"id":"m"}]})", {}, "application/json"};
}

LlmResult<void> checked(const FakeProvider& provider, Milliseconds time = kKeyCheckTime) {
    OpenAiOptions options = quick_options(provider.base_url());
    options.renew_key = "send another";
    ClientWorld world(options);
    return world.run(check_key(world.runtime(), world.http(), options, "m", {}, time));
}

TEST(KeyCheck, AListThatTheKeyOpensIsEnough) {
    const FakeProvider provider({list_of_models(), refusal(401, "No key.")});
    EXPECT_TRUE(checked(provider));
    EXPECT_EQ(provider.requests(), (std::vector<std::string>{"GET /api/v1/models" + kWithKey, "GET /api/v1/models"}));
}

TEST(KeyCheck, APublicListSaysNothingSoOneTokenIsAskedFor) {
    const FakeProvider provider({list_of_models(), list_of_models(), good("Hello")});
    EXPECT_TRUE(checked(provider));
    ASSERT_EQ(provider.requests().size(), 3U);
    EXPECT_EQ(provider.requests()[2], "POST /api/v1/chat/completions" + kWithKey);
    EXPECT_NE(provider.bodies()[2].find(R"("max_tokens":1,)"), std::string::npos) << provider.bodies()[2];
    const FakeProvider strict({list_of_models(), list_of_models(), refusal(401, "Bad key.")});
    const auto refused = checked(strict);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, LlmErrc::refused_key);
}

TEST(KeyCheck, AKeyThatMayNotListIsTriedWithOneToken) {
    const FakeProvider provider({refusal(403, "Missing scopes: api.model.read"), good("Hello")});
    EXPECT_TRUE(checked(provider));
    const FakeProvider without_list({refusal(404, "Not found"), refusal(402, "Insufficient credits")});
    EXPECT_TRUE(checked(without_list)) << "a key without credit is a key";
}

TEST(KeyCheck, ARefusedKeyIsNamedAndNotRepeated) {
    const FakeProvider provider({refusal(401, "Incorrect API key provided: key-0123456789.")});
    const auto refused = checked(provider);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, LlmErrc::refused_key);
    EXPECT_NE(refused.error().message.find("send another"), std::string::npos) << refused.error().message;
    EXPECT_EQ(refused.error().message.find("key-0123456789"), std::string::npos) << refused.error().message;
    EXPECT_EQ(provider.requests().size(), 1U);
}

TEST(KeyCheck, AProviderThatFailsOrDoesNotAnswerSaysNothingOfTheKey) {
    const FakeProvider failing({refusal(500, "Out of order")});
    const auto failed = checked(failing);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, LlmErrc::unavailable);
    const FakeProvider silent({{200, "", {}, "text/plain", Answer::End::silent}});
    const auto late = checked(silent, Milliseconds(100));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, LlmErrc::unavailable);
}

TEST(KeyCheck, OpenRouterIsKnownByItsHost) {
    EXPECT_TRUE(tells_of_keys("https://openrouter.ai/api/v1"));
    EXPECT_TRUE(tells_of_keys("https://eu.openrouter.ai/api/v1"));
    EXPECT_FALSE(tells_of_keys("https://openrouter.ai.example.org/api/v1"));
    EXPECT_FALSE(tells_of_keys("http://127.0.0.1:8080/openrouter.ai/v1"));
}

}  // namespace
}  // namespace longhand::llm
