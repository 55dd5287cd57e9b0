#include "llm/prices.h"

#include <gtest/gtest.h>

namespace longhand::llm {
namespace {

constexpr const char* kFile = R"(
# US dollars per million tokens
["google/gemini-2.5-flash"]
prompt = 0.30
completion = 2.5
cached = 0.075

[local-model]
prompt = 1
completion = 2
)";
constexpr const char* kOpenRouter = "https://openrouter.ai/api/v1";

PriceTable table() {
    return PriceTable::parse(kFile, "prices.toml").value();
}

TEST(Prices, AreReadByTheModelsName) {
    EXPECT_EQ(table().price_of(kOpenRouter, "google/gemini-2.5-flash"), (ModelPrice{{300'000}, {2'500'000}, {75'000}}));
    EXPECT_EQ(table().price_of(kOpenRouter, "google/gemini-2.5-pro"), std::nullopt);
}

TEST(Prices, OfCachedTokensAreThoseOfThePromptUnlessToldApart) {
    EXPECT_EQ(table().price_of(kOpenRouter, "local-model")->cached, UsdMicros{1'000'000});
}

TEST(Prices, OfALocalProviderAreNothingUnlessTheTableHasThem) {
    EXPECT_EQ(table().price_of("offline", "offline"), ModelPrice{});
    EXPECT_EQ(table().price_of("http://127.0.0.1:11434/v1", "llama3"), ModelPrice{});
    EXPECT_EQ(table().price_of("http://127.0.0.1:11434/v1", "local-model")->completion, UsdMicros{2'000'000});
}

TEST(Prices, WhatIsNoneIsRefusedWithItsPlaceAndWhatWouldBeRight) {
    const std::pair<const char*, const char*> cases[] = {
        {"[m]\nprompt = -0.1\ncompletion = 1", "prices.toml, line 2: 'prompt' of \"m\" must be a number from 0"},
        {"[m]\nprompt = '0.1 EUR'\ncompletion = 1", "line 2: 'prompt' of \"m\" must be a number"},
        {"[m]\nprompt = nan\ncompletion = 1", "line 2: 'prompt' of \"m\" must be a number"},
        {"[m]\nprompt = 1e308\ncompletion = 1", "line 2: 'prompt' of \"m\" must be a number"},
        {"[m]\nprompt = 1\ncompletion = 1\noutput = 2", "line 4: \"m\" has the unknown field 'output'"},
        {"[m]\nprompt = 1\ncompletion = 1\ncurrency = 'EUR'", "every price is in US dollars"},
        {"currency = 'EUR'", "line 1: 'currency' is no model"},
        {"[m]\nprompt = 1", "\"m\" has no price 'completion'"},
        {"[m\nprompt = 1", "prices.toml, line "},
    };
    for (const auto& [text, words] : cases) {
        const auto parsed = PriceTable::parse(text, "prices.toml");
        ASSERT_FALSE(parsed) << text;
        EXPECT_NE(parsed.error().message.find(words), std::string::npos) << parsed.error().message;
    }
}

TEST(Prices, AFileThatIsNotThereIsNamed) {
    const auto loaded = PriceTable::load("/nowhere/prices.toml");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, PricesErrc::unreadable);
    EXPECT_NE(loaded.error().message.find("/nowhere/prices.toml"), std::string::npos);
}

TEST(LocalProvider, IsOnThisMachineOrItsNetwork) {
    for (const char* provider : {"offline", "http://localhost:8000/v1", "http://127.0.0.1/v1", "http://[::1]:80/v1",
                                 "http://192.168.1.5:11434/v1", "http://172.31.0.1/v1", "http://box.local/v1"}) {
        EXPECT_TRUE(is_local_provider(provider)) << provider;
    }
    for (const char* provider : {kOpenRouter, "https://api.openai.com/v1", "http://172.32.0.1/v1", "http://8.8.8.8/v1",
                                 "https://10.example.org/v1", "https://localhost.example.org/v1"}) {
        EXPECT_FALSE(is_local_provider(provider)) << provider;
    }
}

TEST(ClosedStreams, AreBilledAsTheProviderSays) {
    EXPECT_EQ(bills_closed_streams("offline", ""), false);
    EXPECT_EQ(bills_closed_streams(kOpenRouter, "OpenAI"), false);
    EXPECT_EQ(bills_closed_streams(kOpenRouter, "DeepSeek"), false);
    EXPECT_EQ(bills_closed_streams(kOpenRouter, "Google AI Studio"), true);
    EXPECT_EQ(bills_closed_streams(kOpenRouter, "Amazon Bedrock"), true);
    EXPECT_EQ(bills_closed_streams(kOpenRouter, "Somebody New"), std::nullopt);
    EXPECT_EQ(bills_closed_streams(kOpenRouter, ""), std::nullopt);
    EXPECT_EQ(bills_closed_streams("https://api.openai.com/v1", ""), std::nullopt);
}

}  // namespace
}  // namespace longhand::llm
