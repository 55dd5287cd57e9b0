#include "llm/provider_fault.h"

#include <gtest/gtest.h>

#include "llm/token_estimate.h"
#include "llm/utf8.h"

namespace longhand::llm {
namespace {

const Asked kAsked{"OpenRouter at openrouter.ai", "acme/large", "sk-or-v1-0123456789abcdef"};

Fault answer(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
    return fault_of_reply(kAsked, {status, std::move(headers), std::move(body)}, WallTime{});
}

TEST(ProviderFault, MapsWhatProvidersSayToOneCode) {
    EXPECT_EQ(answer(401, R"({"error":{"message":"bad key"}})").code, LlmErrc::refused_key);
    EXPECT_EQ(answer(403, "").code, LlmErrc::refused_key);
    EXPECT_EQ(answer(402, "{}").code, LlmErrc::no_credit);
    EXPECT_EQ(
        answer(429, R"({"error":{"code":"insufficient_quota","message":"You exceeded your current quota"}})").code,
        LlmErrc::no_credit);
    EXPECT_EQ(answer(404, R"({"error":{"message":"The model `x` does not exist","code":"model_not_found"}})").code,
              LlmErrc::unknown_model);
    EXPECT_EQ(answer(400, R"({"error":{"message":"acme/large is not a valid model ID","code":400}})").code,
              LlmErrc::unknown_model);
    EXPECT_EQ(answer(400, R"({"error":{"message":"context length exceeded"}})").code, LlmErrc::bad_request);
    EXPECT_EQ(answer(403, R"({"error":{"message":"Your input was flagged"}})").code, LlmErrc::content_filtered);
    for (const int status : {429, 500, 502, 503, 504, 529, 408}) {
        EXPECT_EQ(answer(status, "<html>busy</html>").code, LlmErrc::unavailable) << status;
        EXPECT_TRUE(answer(status, "").transient) << status;
    }
    EXPECT_FALSE(answer(401, "").transient);
    EXPECT_EQ(answer(302, "").code, LlmErrc::malformed);
}

TEST(ProviderFault, SaysWhatToDo) {
    EXPECT_EQ(answer(401, R"({"error":{"message":"No auth credentials found","code":401}})").message,
              "OpenRouter at openrouter.ai refused the key (401): \"No auth credentials found\"; give a valid one with "
              "--provider-key-file.");
    EXPECT_EQ(answer(404, R"({"error":{"message":"No endpoints found for acme/large."}})").message,
              "OpenRouter at openrouter.ai does not offer the model \"acme/large\" (404): \"No endpoints found for "
              "acme/large.\"; name another in the request or with --model.");
}

TEST(ProviderFault, KeepsRetryAfter) {
    const Fault fault = answer(429, "{}", {{"retry-after", "7"}});
    EXPECT_EQ(fault.wait, Milliseconds(7000));
    EXPECT_TRUE(fault.rate_limited);
}

TEST(ProviderFault, NeverShowsAKey) {
    const Fault fault =
        answer(401, R"({"error":{"message":"Incorrect key sk-or-v1-0123456789abcdef, or sk-abc***xyz9"}})");
    EXPECT_EQ(fault.message.find("0123456789"), std::string::npos);
    EXPECT_EQ(fault.message.find("xyz9"), std::string::npos);
    EXPECT_NE(fault.message.find("[key]"), std::string::npos);
    EXPECT_EQ(quoted("header Authorization: Bearer abcdef123456 refused", ""), "header Authorization: [key] refused");
}

TEST(ProviderFault, QuotesAtMost300CharactersOnOneLine) {
    const std::string words = quoted("a\n\x1b[31mb\x07 \xE2\x80\xAE" + std::string(1000, 'x') + "\xFF", "");
    EXPECT_EQ(words.find('\n'), std::string::npos);
    EXPECT_EQ(words.find('\x1b'), std::string::npos);
    EXPECT_EQ(words.find("\xE2\x80\xAE"), std::string::npos);
    EXPECT_EQ(words, shortened(words, 301));
}

TEST(ProviderFault, NamesAProviderWithoutCredentials) {
    EXPECT_EQ(without_credentials("https://user:pass@openrouter.ai/api/v1/?key=x"), "https://openrouter.ai/api/v1");
    EXPECT_EQ(without_credentials("http://host/a@b/v1"), "http://host/a@b/v1");
    EXPECT_EQ(shown_provider("https://u:p@openrouter.ai/api/v1"), "OpenRouter at openrouter.ai");
    EXPECT_EQ(shown_provider("http://localhost:8080/v1"), "The provider at localhost:8080");
}

TEST(EstimateTokens, IsAQuarterOfTheBytesAndOneACharacterWithoutSpaces) {
    EXPECT_EQ(estimate_tokens(""), 0u);
    EXPECT_EQ(estimate_tokens("a"), 1u);
    EXPECT_EQ(estimate_tokens("twelve bytes"), 3u);
    EXPECT_EQ(estimate_tokens("租约只会增长"), 6u);
    EXPECT_EQ(estimate_tokens("Lease 租约"), 4u);
    EXPECT_EQ(estimate_tokens("аренда"), 3u);
}

TEST(EstimateTokens, OfATextInPiecesIsThatOfTheWhole) {
    TokenEstimate estimate;
    for (const char* piece : {"a", "", " Lease ", "租", "约", "x"}) estimate.add(piece);
    EXPECT_EQ(estimate.tokens(), estimate_tokens("a Lease 租约x"));
}

}  // namespace
}  // namespace longhand::llm
