#include "base/money.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace longhand {
namespace {

TEST(Money, IsWholeMillionthsOfADollar) {
    EXPECT_EQ(UsdMicros::from_usd(0), UsdMicros{0});
    EXPECT_EQ(UsdMicros::from_usd(0.1), UsdMicros{100'000});
    EXPECT_EQ(UsdMicros::from_usd(0.0000014), UsdMicros{1});
    EXPECT_EQ(UsdMicros::from_usd(1e9), UsdMicros{1'000'000'000'000'000});
}

TEST(Money, IsNotMadeOfWhatNobodyCanPay) {
    for (const double usd : {-0.01, 1.1e9, 1e308, std::nan(""), std::numeric_limits<double>::infinity()}) {
        EXPECT_EQ(UsdMicros::from_usd(usd), std::nullopt) << usd;
    }
}

TEST(Money, IsShownInCentsUnlessThatWouldHideSomething) {
    EXPECT_EQ(format_usd({}), "$0.00");
    EXPECT_EQ(format_usd({12'500'000}), "$12.50");
    EXPECT_EQ(format_usd({1'234}), "$0.001234");
}

}  // namespace
}  // namespace longhand
