// Whose word about a client is taken.
#include "http/forwarded.h"

#include <gtest/gtest.h>

namespace longhand::http {
namespace {

using Headers = std::vector<std::pair<const char*, const char*>>;

Forwarded ask(const std::string& peer, const Headers& headers, const char* trusted = "10.0.0.0/8") {
    net::Networks networks;
    EXPECT_TRUE(*trusted == 0 || networks.add(trusted));
    net::HttpRequest request;
    request.remote_address = peer;
    for (const auto& [name, value] : headers) request.headers.insert(name, value);
    return forwarded(request, networks);
}
std::string client(const std::string& peer, const char* chain) {
    return ask(peer, {{"X-Forwarded-For", chain}}).client;
}

TEST(Forwarded, TheClientIsTheNearestThatNoTrustedProxyIs) {
    EXPECT_EQ(client("10.0.0.1", "192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(client("10.0.0.1", "192.0.2.7, 10.0.0.2"), "192.0.2.7");
    EXPECT_EQ(client("10.0.0.1", "198.51.100.1, 192.0.2.7, 10.0.0.2"), "192.0.2.7");
    EXPECT_EQ(client("10.0.0.1", "[2001:db8::1]:5000"), "2001:db8::1");
    EXPECT_EQ(client("::ffff:10.0.0.1", "192.0.2.7:5000"), "192.0.2.7");
    EXPECT_EQ(client("10.0.0.1", "10.0.0.3, 10.0.0.2"), "10.0.0.3");
    EXPECT_EQ(client("10.0.0.1", "192.0.2.7, unknown"), "10.0.0.1");
    EXPECT_EQ(client("10.0.0.1", ""), "10.0.0.1");
    EXPECT_EQ(ask("10.0.0.1", {{"X-Forwarded-For", "192.0.2.7"}, {"x-forwarded-for", "10.0.0.2"}}).client, "192.0.2.7");
}

TEST(Forwarded, NobodyElseIsBelieved) {
    const Headers all{{"X-Forwarded-For", "192.0.2.7"}, {"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "evil"}};
    for (const char* peer : {"198.51.100.1", "127.0.0.1", "::1", "11.0.0.1", ""}) {
        EXPECT_EQ(ask(peer, all).client, peer);
        EXPECT_EQ(ask(peer, all).base_url, "");
    }
    EXPECT_EQ(ask("10.0.0.1", all, "").client, "10.0.0.1");
}

TEST(Forwarded, TheAddressForLinksIsWhatATrustedProxySaysWhole) {
    const auto base = [](const char* protocol, const char* host) {
        return ask("10.0.0.1", {{"X-Forwarded-Proto", protocol}, {"X-Forwarded-Host", host}}).base_url;
    };
    EXPECT_EQ(base("https", "books.example"), "https://books.example");
    EXPECT_EQ(base("HTTP", "books.example:8080"), "http://books.example:8080");
    EXPECT_EQ(base("http, https", "inner, [::1]:8443"), "https://[::1]:8443");
    for (const char* bad : {"", "a b", "a/b", "a\"b", "u@a", "<a>"}) EXPECT_EQ(base("https", bad), "") << bad;
    for (const char* bad : {"", "ftp", "javascript"}) EXPECT_EQ(base(bad, "books.example"), "") << bad;
    EXPECT_EQ(ask("10.0.0.1", {{"X-Forwarded-Host", "books.example"}}).base_url, "");
}

}  // namespace
}  // namespace longhand::http
