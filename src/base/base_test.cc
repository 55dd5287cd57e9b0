#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"

namespace longhand {
namespace {

TEST(WallTimes, HaveOneTextFormWithThreeDecimals) {
    const WallTime time{Milliseconds{1'752'749'732'134}};
    EXPECT_EQ(format_wall_time(time), "2025-07-17T10:55:32.134Z");
    EXPECT_EQ(parse_wall_time("2025-07-17T10:55:32.134Z"), time);
    EXPECT_EQ(format_wall_time(WallTime{}), "1970-01-01T00:00:00.000Z");
    for (const char* text : {"", "2025-07-17T10:55:32Z", "2025-02-30T10:55:32.134Z", "2025-07-17T24:00:00.000Z",
                             "2025-07-17 10:55:32.134Z", "2025-07-17T10:55:32.134+", "2025-07-1xT10:55:32.134Z"}) {
        EXPECT_EQ(parse_wall_time(text), std::nullopt) << text;
    }
}

TEST(Durations, AreANumberAndAUnit) {
    EXPECT_EQ(parse_duration("250ms"), Milliseconds{250});
    EXPECT_EQ(parse_duration("2s"), Milliseconds{2'000});
    EXPECT_EQ(parse_duration("24h"), Milliseconds{86'400'000});
    EXPECT_EQ(parse_duration("7d"), Milliseconds{7LL * 86'400'000});
    for (const char* text : {"", "2", "s", "-1s", "2 s", "2sec", "1e3s", "99999999999999999999s", "9999999999h"}) {
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    }
}

TEST(Uuids, AreReadInOneFormAndGrowWithTime) {
    const char* text = "0190a2f4-5b1c-7d3e-8f00-0123456789ab";
    EXPECT_EQ(Uuid::parse(text)->to_string(), text);
    EXPECT_EQ(Uuid::parse("0190A2F4-5B1C-7D3E-8F00-0123456789AB")->to_string(), text);
    for (const char* bad : {"", "0190a2f45b1c7d3e8f000123456789ab", "0190a2f4-5b1c-7d3e-8f00-0123456789a",
                            "0190a2f4-5b1c-7d3e-8f00-0123456789ag", "{190a2f4-5b1c-7d3e-8f00-0123456789ab",
                            "0190a2f4-5b1c-7d3e-8f00-0123456789ab "}) {
        EXPECT_EQ(Uuid::parse(bad), std::nullopt) << bad;
    }
    const WallTime now{Milliseconds{1'752'749'732'134}};
    const Uuid id = Uuid::v7(now, ~0ULL, ~0ULL);
    EXPECT_EQ(id.to_string()[14], '7');
    EXPECT_NE(std::string("89ab").find(id.to_string()[19]), std::string::npos);
    EXPECT_LT(id, Uuid::v7(now + Milliseconds{1}, 0, 0));
}

TEST(Digests, AgreeWithPublishedVectors) {
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const Sha256 mac = hmac_sha256("Jefe", "what do ya want for nothing?");  // RFC 4231, case 2
    EXPECT_EQ(to_hex({reinterpret_cast<const char*>(mac.data()), mac.size()}),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    Sha256Stream stream;
    stream.update("a");
    stream.update("bc");
    EXPECT_EQ(stream.finish_hex(), sha256_hex("abc"));
}

TEST(TextForms, OfBytesAreReadBackAndNothingElseIs) {
    const std::string bytes("\x00\xff\x10 a", 5);
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
    EXPECT_EQ(from_hex("0"), std::nullopt);
    EXPECT_EQ(from_hex("0G"), std::nullopt);
    EXPECT_EQ(to_base64url("foob"), "Zm9vYg");  // RFC 4648, section 10
    for (const std::string& text : {std::string{}, bytes, std::string("f"), std::string("fo"), std::string("foo")}) {
        EXPECT_EQ(from_base64url(to_base64url(text)), text);
    }
    for (const char* bad : {"A", "Zm9vYh", "Zm9v=", "Zm+v", "Zm9v\n"})
        EXPECT_EQ(from_base64url(bad), std::nullopt) << bad;
}

TEST(ConstantTime, ComparisonIsOfContentAndLength) {
    EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
}

enum class SampleErrc { broken };

TEST(Results, CarryEitherAValueOrAFailure) {
    const Result<int, SampleErrc> good = 3;
    const Result<int, SampleErrc> bad = Failure<SampleErrc>{SampleErrc::broken, "It broke."};
    EXPECT_EQ(*good, 3);
    ASSERT_FALSE(bad.has_value());
    EXPECT_EQ(bad.error().message, "It broke.");
    EXPECT_THROW((void)bad.value(), std::logic_error);
}

}  // namespace
}  // namespace longhand
