#include "net/http_range.h"

#include <gtest/gtest.h>

#include <string>

namespace longhand::net {
namespace {

std::string answer(std::string_view header, std::uint64_t size) {
    const auto [kind, range] = parse_range(header, size);
    if (kind == RangeKind::whole) return "whole";
    if (kind == RangeKind::unsatisfiable) return "unsatisfiable";
    return std::to_string(range.first) + "+" + std::to_string(range.length);
}

TEST(HttpRange, OneRangeIsTaken) {
    EXPECT_EQ(answer("bytes=0-0", 10), "0+1");
    EXPECT_EQ(answer("bytes=2-5", 10), "2+4");
    EXPECT_EQ(answer("bytes=2-", 10), "2+8");
    EXPECT_EQ(answer("bytes=9-99999999999999999999999", 10), "9+1");
    EXPECT_EQ(answer("bytes=-3", 10), "7+3");
    EXPECT_EQ(answer("bytes=-30", 10), "0+10");
}

TEST(HttpRange, OnePastTheEndIsUnsatisfiable) {
    for (const char* header : {"bytes=10-", "bytes=10-20", "bytes=99999999999999999999999-", "bytes=-0"}) {
        EXPECT_EQ(answer(header, 10), "unsatisfiable") << header;
    }
    EXPECT_EQ(answer("bytes=0-", 0), "unsatisfiable");
    EXPECT_EQ(answer("bytes=-1", 0), "unsatisfiable");
}

TEST(HttpRange, AnythingElseIsAskedForWhole) {
    for (const char* header : {"", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=1-x", "bytes=0-1,3-4",
                               "lines=0-1", "bytes=+1-2", "bytes=--1"}) {
        EXPECT_EQ(answer(header, 10), "whole") << header;
    }
}

TEST(HttpRange, EtagsMatchWeaklyAndInLists) {
    EXPECT_TRUE(matches_etag("\"a\"", "\"a\""));
    EXPECT_TRUE(matches_etag("W/\"a\"", "\"a\""));
    EXPECT_TRUE(matches_etag("\"b,c\", \"a\"", "W/\"a\""));
    EXPECT_TRUE(matches_etag(" * ", "\"a\""));
    EXPECT_FALSE(matches_etag("\"ab\"", "\"a\""));
    EXPECT_FALSE(matches_etag("a", "\"a\""));
    EXPECT_FALSE(matches_etag("\"a", "\"a\""));
    EXPECT_FALSE(matches_etag("", "\"a\""));
}

}  // namespace
}  // namespace longhand::net
