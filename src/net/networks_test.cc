#include "net/networks.h"

#include <gtest/gtest.h>

namespace longhand::net {
namespace {

bool is_in(std::initializer_list<const char*> words, const char* address) {
    Networks networks;
    for (const char* word : words) EXPECT_TRUE(networks.add(word)) << word;
    return networks.contains(boost::asio::ip::make_address(address));
}

TEST(Networks, HaveWhatTheirWordsSay) {
    EXPECT_TRUE(is_in({"192.0.2.7"}, "192.0.2.7"));
    EXPECT_TRUE(is_in({"192.0.2.7"}, "::ffff:192.0.2.7"));
    EXPECT_TRUE(is_in({"::ffff:192.0.2.7"}, "192.0.2.7"));
    EXPECT_FALSE(is_in({"192.0.2.7"}, "192.0.2.8"));
    EXPECT_TRUE(is_in({" 10.1.2.3/8 "}, "10.255.0.1"));
    EXPECT_FALSE(is_in({"10.1.2.3/8"}, "11.0.0.1"));
    EXPECT_TRUE(is_in({"0.0.0.0/0"}, "11.0.0.1"));
    EXPECT_FALSE(is_in({"0.0.0.0/0"}, "::1"));
    EXPECT_TRUE(is_in({"10.0.0.0/8", "fd00::/8"}, "fd12::1"));
    EXPECT_FALSE(is_in({"fd00::/8"}, "fe80::1"));
    EXPECT_TRUE(is_in({"::1"}, "::1"));
    EXPECT_FALSE(is_in({}, "127.0.0.1"));
    Networks networks;
    for (const char* word : {"", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::1/129", "10.0.0.1:80", "localhost"})
        EXPECT_FALSE(networks.add(word)) << word;
    EXPECT_TRUE(networks.is_empty());
}

TEST(Networks, APeerMayHaveAPort) {
    const auto shown = [](const char* text) {
        const auto address = parse_peer(text);
        return address ? address->to_string() : "none";
    };
    EXPECT_EQ(shown(" 192.0.2.7 "), "192.0.2.7");
    EXPECT_EQ(shown("192.0.2.7:80"), "192.0.2.7");
    EXPECT_EQ(shown("::ffff:192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(shown("2001:db8::1"), "2001:db8::1");
    EXPECT_EQ(shown("[2001:db8::1]:80"), "2001:db8::1");
    EXPECT_EQ(shown("[2001:db8::1]"), "2001:db8::1");
    for (const char* none : {"", "unknown", "_hidden", "[::1", "a:b", "1.2.3"}) EXPECT_EQ(shown(none), "none") << none;
}

}  // namespace
}  // namespace longhand::net
