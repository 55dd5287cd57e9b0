#include "engine/receipt.h"

#include <gtest/gtest.h>

namespace longhand::engine {
namespace {

store::Call call(std::int64_t micros, std::optional<std::int32_t> cancelled_run, std::string served_by = "",
                 job::CallState state = job::CallState::estimated) {
    store::Call call;
    call.provider = "https://openrouter.ai/api/v1";
    call.served_by = std::move(served_by);
    call.state = state;
    call.cost = UsdMicros{micros};
    call.tokens = {.prompt = 10, .completion = micros};
    call.cancelled_run = cancelled_run;
    return call;
}

store::Ledger cancelled_in_run(std::int32_t run, std::vector<store::Call> calls) {
    store::Ledger ledger;
    ledger.job.state = job::State::cancelled;
    ledger.job.run = run;
    ledger.job.finished_at = WallTime(Milliseconds(5));
    ledger.job.counts.words_done = 700;
    ledger.calls = std::move(calls);
    return ledger;
}

TEST(Receipt, TellsWhatWasSpentBeforeFromWhatWasInFlight) {
    auto unknown = call(0, std::nullopt);
    unknown.cost.reset();
    const auto receipt = receipt_of(cancelled_in_run(2, {call(100, std::nullopt), call(50, 1), unknown, call(7, 2)}));
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->cancelled_at, WallTime(Milliseconds(5)));
    EXPECT_EQ(receipt->spent_before, (job::Spending{.spent_cost = {150}, .spent_tokens = 180, .unknown_costs = 1}));
    ASSERT_EQ(receipt->in_flight.size(), 1U);
    EXPECT_EQ(receipt->in_flight[0].call.cost, UsdMicros{7});
    EXPECT_EQ(receipt->words_kept, 700);
}

TEST(Receipt, SaysWhetherTheProviderBillsTheRest) {
    const auto receipt = receipt_of(cancelled_in_run(1, {call(1, 1, "Google AI Studio"), call(2, 1, "OpenAI"),
                                                         call(3, 1), call(4, 1, "Google", job::CallState::settled)}));
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->in_flight[0].bills_the_rest, true);
    EXPECT_EQ(receipt->in_flight[1].bills_the_rest, false);
    EXPECT_EQ(receipt->in_flight[2].bills_the_rest, std::nullopt);
    EXPECT_EQ(receipt->in_flight[3].bills_the_rest, false) << "all of it is counted";
}

TEST(Receipt, IsOfACancelledJobAlone) {
    auto ledger = cancelled_in_run(1, {});
    ledger.job.state = job::State::completed;
    EXPECT_FALSE(receipt_of(ledger));
}

}  // namespace
}  // namespace longhand::engine
