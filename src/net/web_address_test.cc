#include "net/web_address.h"

#include <gtest/gtest.h>

namespace longhand::net {
namespace {

std::string reading_of(std::string_view text) {
    const auto address = parse_web_address(text);
    if (!address) return address.error().message;
    return address->url + " " + address->host + " " + std::to_string(address->port);
}

TEST(WebAddress, IsReadIntoTheFormThatIsFetched) {
    EXPECT_EQ(reading_of("https://Example.ORG/a?b=c#d"), "https://example.org/a?b=c example.org 443");
    EXPECT_EQ(reading_of("HTTP://example.org.:8080"), "http://example.org:8080/ example.org 8080");
    EXPECT_EQ(reading_of("http://bücher.example/"), "http://xn--bcher-kva.example/ xn--bcher-kva.example 80");
    EXPECT_EQ(reading_of("http://[2606:4700::1111]:81/x"), "http://[2606:4700::1111]:81/x 2606:4700::1111 81");
}

TEST(WebAddress, AHostThatIsANumberIsTheAddressItStandsFor) {
    for (const char* text :
         {"http://2130706433/", "http://0x7f000001/", "http://017700000001/", "http://127.1/", "http://127.0.1/",
          "http://0177.0.0.1/", "http://0x7f.0.0.1/", "http://127.0.0.1./", "http://127%2e0%2e0%2e1/", "http://127.1./",
          "http://０x7f.1/", "http://１２７.0.0.1/", "http://127。0。0。1/"}) {
        const auto address = parse_web_address(text);
        ASSERT_TRUE(address) << text << " " << address.error().message;
        ASSERT_TRUE(address->literal) << text << " is read as " << address->url;
        EXPECT_EQ(address->literal->to_string(), "127.0.0.1") << text;
    }
}

TEST(WebAddress, SaysWhatIsWrong) {
    EXPECT_EQ(reading_of("ftp://example.org/"), "should begin with http:// or https://");
    EXPECT_EQ(reading_of("file:///etc/passwd"), "should begin with http:// or https://");
    EXPECT_EQ(reading_of("gopher://127.0.0.1/"), "should begin with http:// or https://");
    EXPECT_EQ(reading_of("javascript:alert(1)"), "should begin with http:// or https://");
    EXPECT_EQ(reading_of("example.org"), "should begin with http:// or https://");
    EXPECT_EQ(reading_of("http://user:word@example.org/"), "has a user name or a password in it");
    EXPECT_EQ(reading_of("http://example.org@127.0.0.1/"), "has a user name or a password in it");
    EXPECT_EQ(reading_of("http://exa mple.org/"), "has a space or a control character in it");
    EXPECT_EQ(reading_of("http://example.org/\r\nHost: x"), "has a space or a control character in it");
    EXPECT_EQ(reading_of("http://[fe80::1%25eth0]/"), "names a network interface");
    EXPECT_EQ(reading_of("http://example.org:0/"), "has a port that no server can have");
    EXPECT_EQ(reading_of("http://" + std::string(3000, 'a')), "is longer than 2048 bytes");
    EXPECT_FALSE(parse_web_address("http://example.org:99999/"));
    EXPECT_FALSE(parse_web_address("http:///"));
    EXPECT_FALSE(parse_web_address(""));
}

TEST(WebAddress, ARedirectMayBeRelative) {
    const auto from = parse_web_address("https://example.org/a/b?c");
    ASSERT_TRUE(from);
    EXPECT_EQ(follow(*from, "d")->url, "https://example.org/a/d");
    EXPECT_EQ(follow(*from, "/d")->url, "https://example.org/d");
    EXPECT_EQ(follow(*from, "//other.example/")->url, "https://other.example/");
    EXPECT_EQ(follow(*from, "http://other.example:81/e")->url, "http://other.example:81/e");
    EXPECT_EQ(follow(*from, "http://other.example/caf\xe9")->url, "http://other.example/caf%E9");
    EXPECT_FALSE(follow(*from, "file:///etc/passwd"));
    EXPECT_FALSE(follow(*from, "http://u:p@other.example/"));
}

TEST(WebAddress, ItsOriginHasNoPath) {
    EXPECT_EQ(parse_web_address("https://example.org/a?b")->origin(), "https://example.org");
    EXPECT_EQ(parse_web_address("http://127.0.0.1:81?b")->origin(), "http://127.0.0.1:81");
}

}  // namespace
}  // namespace longhand::net
