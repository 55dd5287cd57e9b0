#include "job/ledger.h"

#include <gtest/gtest.h>

namespace longhand::job {
namespace {

constexpr Price kPrice{.prompt = {300'000}, .completion = {2'500'000}, .cached = {30'000}};

TEST(Cost, CountsCachedTokensApartAndRoundsUp) {
    EXPECT_EQ(cost_of(kPrice, {.prompt = 1'000'000, .completion = 0}), UsdMicros{300'000});
    EXPECT_EQ(cost_of(kPrice, {.prompt = 1'000'000, .completion = 0, .cached = 1'000'000}), UsdMicros{30'000});
    EXPECT_EQ(cost_of(kPrice, {.prompt = 1'000, .completion = 400, .cached = 600}), UsdMicros{1'138});
    EXPECT_EQ(cost_of(kPrice, {.prompt = 1, .completion = 0}), UsdMicros{1});
    EXPECT_EQ(cost_of(kPrice, {}), UsdMicros{0});
}

TEST(Cost, NeverTakesMoreCachedTokensThanThePromptHas) {
    EXPECT_EQ(cost_of(kPrice, {.prompt = 10, .completion = 0, .cached = 1'000'000}), UsdMicros{1});
}

TEST(Cost, HoldsWhereProductsAreLarge) {
    const Price dear{.prompt = {1'000'000'000}, .completion = {1'000'000'000}, .cached = {}};
    EXPECT_EQ(cost_of(dear, {.prompt = kMostTokens}), UsdMicros{1'000'000'000'000'000});
}

struct CapCase {
    const char* what;
    Budget budget;
    Spending spending;
    Reservation call;
    std::optional<Cap> reached;
};

TEST(Caps, HoldSpentAndReservedAndTheCallTogether) {
    const Spending half{.spent_cost = {40}, .reserved_cost = {10}, .spent_tokens = 400, .reserved_tokens = 100};
    const CapCase cases[] = {
        {"no cap", {}, half, {1'000'000, std::nullopt}, std::nullopt},
        {"just fits", {UsdMicros{100}, std::nullopt}, half, {1, UsdMicros{50}}, std::nullopt},
        {"one too dear", {UsdMicros{100}, std::nullopt}, half, {1, UsdMicros{51}}, Cap::cost},
        {"no price", {UsdMicros{100}, std::nullopt}, half, {1, std::nullopt}, Cap::cost},
        {"tokens just fit", {std::nullopt, 1'000}, half, {500, std::nullopt}, std::nullopt},
        {"one token too many", {std::nullopt, 1'000}, half, {501, std::nullopt}, Cap::tokens},
        {"both", {UsdMicros{100}, 1'000}, half, {501, UsdMicros{50}}, Cap::tokens},
    };
    for (const auto& [what, budget, spending, call, reached] : cases) {
        EXPECT_EQ(cap_reached(budget, spending, call), reached) << what;
    }
}

TEST(Caps, AreReachedWhereNothingIsLeft) {
    const Spending spending{.spent_cost = {40}, .reserved_cost = {10}, .spent_tokens = 400, .reserved_tokens = 100};
    EXPECT_EQ(cap_reached({UsdMicros{50}, std::nullopt}, spending), Cap::cost);
    EXPECT_EQ(cap_reached({UsdMicros{51}, 500}, spending), Cap::tokens);
    EXPECT_EQ(cap_reached({UsdMicros{51}, 501}, spending), std::nullopt);
}

TEST(Reservations, AreThePromptAndAllThatTheAnswerMayHave) {
    EXPECT_EQ(reservation_of(kPrice, 1'000, 400), (Reservation{1'400, UsdMicros{1'300}}));
    EXPECT_EQ(reservation_of(std::nullopt, 1'000, 400), (Reservation{1'400, std::nullopt}));
}

TEST(Words, OfCallsAreReadBack) {
    for (const CallState state : kCallStates) EXPECT_EQ(parse_call_state(to_string(state)), state);
    for (const CostFrom from : kCostsFrom) EXPECT_EQ(parse_cost_from(to_string(from)), from);
    EXPECT_EQ(parse_call_state("paid"), std::nullopt);
    EXPECT_EQ(parse_cost_from(""), std::nullopt);
}

}  // namespace
}  // namespace longhand::job
