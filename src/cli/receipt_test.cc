#include "cli/receipt.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace longhand::cli {
namespace {

std::string text_of_ledger(const std::string& more) {
    return receipt_text(boost::json::parse(R"({"budget":{"max_cost_usd":1.5,"max_tokens":null},
        "spent":{"cost_usd":0.001234,"tokens":1500,"unknown_costs":1},"reserved":{"cost_usd":0,"tokens":0},
        "calls":[{"key":"plan","state":"settled","ending":"stop","prompt_tokens":1000,"completion_tokens":500,
                  "cost_usd":0.001234,"cost_from":"prices"}],)" +
                                           more + "}")
                            .as_object());
}

TEST(Receipt, ShowsEachCallAndTheSums) {
    const std::string text = text_of_ledger(R"("receipt":null)");
    EXPECT_NE(text.find("plan"), std::string::npos);
    EXPECT_NE(text.find("1,000 + 500"), std::string::npos) << text;
    EXPECT_NE(text.find("$0.001234 (prices)"), std::string::npos);
    EXPECT_NE(text.find("spent         $0.001234 for 1,500 tokens, and 1 call of which nobody gave a price"),
              std::string::npos);
    EXPECT_NE(text.find("budget        $1.50\n"), std::string::npos);
    EXPECT_EQ(text.find("cancelled"), std::string::npos);
}

TEST(Receipt, OfACancelSaysWhatWasInFlightAndWhoBillsTheRest) {
    const std::string text = text_of_ledger(
        R"("receipt":{"cancelled_at":"2026-01-01T00:00:00.000Z","spent_before":{"cost_usd":0.5,"tokens":9,"unknown_costs":0},
            "in_flight":[{"key":"section/1","cost_usd":0.25,"cost_from":"estimate","bills_the_rest":true},
                         {"key":"section/2","cost_usd":null,"cost_from":null,"bills_the_rest":null}],"words_kept":1200})");
    EXPECT_NE(text.find("spent before  $0.50 for 9 tokens"), std::string::npos) << text;
    EXPECT_NE(text.find("section/1: $0.25 (estimate); its provider bills the whole answer"), std::string::npos);
    EXPECT_NE(text.find("section/2: cost not known; whether its provider bills the rest is not known"),
              std::string::npos);
    EXPECT_NE(text.find("kept          1,200 words"), std::string::npos);
}

}  // namespace
}  // namespace longhand::cli
