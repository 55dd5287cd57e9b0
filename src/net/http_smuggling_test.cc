// Requests that two readers could take apart differently, as bytes: whatever is made of them, what lies behind them is
// never taken for a request.
#include "net/net_testing.h"

namespace longhand::net {
namespace {

using testing::RawClient;
using testing::TestServer;

constexpr std::string_view kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/// What handlers saw, and the statuses that came, of one connection.
struct Exchanged {
    std::vector<std::string> seen;
    std::vector<int> statuses;
};

/// One server for all cases of a table, on one loop: a connection's requests come one after another.
class Witness {
public:
    Exchanged exchange(std::string_view bytes) {
        {
            const std::lock_guard lock(mutex_);
            seen_.clear();
        }
        RawClient client(server_.port());
        client.send(bytes);
        client.shut_down_sending();
        Exchanged result;
        for (auto reply = client.receive(); reply.status != 0; reply = client.receive())
            result.statuses.push_back(reply.status);
        const std::lock_guard lock(mutex_);
        result.seen = seen_;
        return result;
    }

private:
    static awaitable<void> answer(Witness* self, HttpExchange& exchange) {
        const auto body = co_await exchange.read_body(1024 * 1024);
        const HttpRequest& request = exchange.request();
        {
            const std::lock_guard lock(self->mutex_);
            self->seen_.push_back(request.method_name + " " + std::string(request.headers["host"]) + request.path +
                                  " " + (body ? *body : "(" + body.error().message + ")"));
        }
        if (!body) co_return;
        HttpResponse response;
        response.body = "{}";
        ignore_result(co_await exchange.respond(std::move(response)), "the client may be gone");
    }

    std::mutex mutex_;
    std::vector<std::string> seen_;
    TestServer server_{[this](HttpExchange& exchange) { return answer(this, exchange); }};
};

std::string smuggling_post(const std::string& rest) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + rest + std::string(kSmuggled);
}
std::string smuggling_get(const std::string& rest) {
    return "GET / HTTP/1.1\r\n" + rest + "\r\n" + std::string(kSmuggled);
}

TEST(Smuggling, WhatIsRefusedIsTheLastOfItsConnection) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"two lengths that differ", smuggling_post("Content-Length: 0\r\nContent-Length: 37\r\n\r\n")},
        {"two lengths in one line", smuggling_post("Content-Length: 0, 37\r\n\r\n")},
        {"a length with a sign", smuggling_post("Content-Length: +0\r\n\r\n")},
        {"a length with a unit", smuggling_post("Content-Length: 0x0\r\n\r\n")},
        {"a length with a blank inside", smuggling_post("Content-Length: 3 7\r\n\r\n")},
        {"a length with a semicolon", smuggling_post("Content-Length: 0;\r\n\r\n")},
        {"a length that is no number", smuggling_post("Content-Length: none\r\n\r\n")},
        {"a length with a decimal point", smuggling_post("Content-Length: 0.0\r\n\r\n")},
        {"a length of another script", smuggling_post("Content-Length: \xd9\xa0\r\n\r\n")},
        {"a length and chunks", smuggling_post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
        {"chunks and a length", smuggling_post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")},
        {"chunked twice", smuggling_post("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")},
        {"chunked before another coding", smuggling_post("Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n")},
        {"another coding before chunked", smuggling_post("Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n")},
        {"chunked with a parameter", smuggling_post("Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n")},
        {"chunked in quotes", smuggling_post("Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n")},
        {"chunked behind a vertical tab", smuggling_post("Transfer-Encoding: \x0b"
                                                         "chunked\r\n\r\n0\r\n\r\n")},
        {"chunked on two lines",
         smuggling_post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
        {"chunked on a folded line", smuggling_post("Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n")},
        {"an empty coding", smuggling_post("Transfer-Encoding:\r\n\r\n")},
        {"white space before the colon", smuggling_post("Content-Length : 0\r\n\r\n")},
        {"a tab before the colon", smuggling_post("Content-Length\t: 0\r\n\r\n")},
        {"white space before the name", smuggling_post(" Content-Length: 0\r\n\r\n")},
        {"white space before the first name", "GET / HTTP/1.1\r\n Host: a\r\nX: b\r\n\r\n" + std::string(kSmuggled)},
        {"a name with a control character", smuggling_post("Content\x01-Length: 0\r\n\r\n")},
        {"a name that is not ASCII", smuggling_post("Content-L\xc3\xa4nge: 0\r\n\r\n")},
        {"a name with a slash", smuggling_post("Content/Length: 0\r\n\r\n")},
        {"a line without a colon", smuggling_post("Content-Length\r\n\r\n")},
        {"NUL in a name", smuggling_post(std::string("X\0Y: a\r\n\r\n", 10))},
        {"NUL in a value", smuggling_post(std::string("X: a\0b\r\n\r\n", 10))},
        {"a bare CR in a value", smuggling_post("X: a\rContent-Length: 37\r\n\r\n")},
        {"a bare CR at a line's end", smuggling_post("X: a\r\r\n\r\n")},
        {"a bare LF at a line's end", smuggling_post("X: a\nContent-Length: 37\r\n\r\n")},
        {"a bare LF at the head's end", "GET / HTTP/1.1\r\nHost: a\r\n\n" + std::string(kSmuggled)},
        {"a folded line", smuggling_post("X: a\r\n b\r\n\r\n")},
        {"a folded line of a tab alone", smuggling_post("X: a\r\n\t\r\n\r\n")},
        {"no host", smuggling_get("")},
        {"two hosts", smuggling_get("Host: a\r\nHost: a\r\n")},
        {"two hosts, however they are spelled", smuggling_get("Host: a\r\nhOST: b\r\n")},
        {"two hosts in one line", smuggling_get("Host: a, b\r\n")},
        {"a host with a path", smuggling_get("Host: a/b\r\n")},
        {"a host with a user", smuggling_get("Host: u@a\r\n")},
        {"a host with a blank", smuggling_get("Host: a b\r\n")},
        {"HTTP/0.9", "GET /\r\n\r\n" + std::string(kSmuggled)},
        {"HTTP/0.9 by its name", "GET / HTTP/0.9\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
        {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
        {"HTTP/11", "GET / HTTP/11\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
        {"a version in small letters", "GET / Http/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
        {"a word after the version", "GET / HTTP/1.1 x\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
        {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
        {"a blank before the method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
        {"a tab between the words", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
        {"a method that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
        {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(kSmuggled)},
        {"a target of another scheme", "GET file:///etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
        {"an absolute target without a host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
        {"an absolute target with a user", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
        {"a star for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
        {"a path before a star", "OPTIONS *x HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
        {"an authority as target", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled)},
    };
    Witness witness;
    for (const auto& [name, bytes] : cases) {
        const Exchanged result = witness.exchange(bytes);
        EXPECT_EQ(result.statuses, std::vector<int>{400}) << name;
        EXPECT_EQ(result.seen, std::vector<std::string>{}) << name;
    }
}

TEST(Smuggling, ABodyThatLiesIsTheLastOfItsConnection) {
    const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"a chunk longer than it says", chunked + "3\r\nabcd\r\n0\r\n\r\n"},
        {"a chunk shorter than it says", chunked + "5\r\nabc\r\n0\r\n\r\n"},
        {"a chunk's size with a sign", chunked + "+3\r\nabc\r\n0\r\n\r\n"},
        {"a negative size", chunked + "-3\r\nabc\r\n0\r\n\r\n"},
        {"a size with 0x", chunked + "0x3\r\nabc\r\n0\r\n\r\n"},
        {"no size", chunked + "\r\nabc\r\n0\r\n\r\n"},
        {"a size with a blank before it", chunked + " 3\r\nabc\r\n0\r\n\r\n"},
        {"a size that overflows", chunked + "10000000000000003\r\nabc\r\n0\r\n\r\n"},
        {"a chunk that ends with a bare LF", chunked + "3\r\nabc\n0\r\n\r\n"},
        {"a chunk that ends with a bare CR", chunked + "3\r\nabc\r0\r\n\r\n"},
        {"a last chunk that is followed by a request", chunked + "0\r\n"},
        {"a length behind the last chunk", chunked + "0\r\nContent-Length: 37\r\n\r\n"},
    };
    Witness witness;
    for (const auto& [name, rest] : cases) {
        const Exchanged result = witness.exchange(smuggling_post(rest));
        EXPECT_LE(result.statuses.size(), 1U) << name;
        for (const int status : result.statuses) EXPECT_EQ(status, 400) << name;
        for (const auto& seen : result.seen) EXPECT_TRUE(seen.starts_with("POST a/ (")) << name << ": " << seen;
    }
}

TEST(Smuggling, WhatHasOneMeaningIsTakenAndSoIsWhatFollows) {
    const std::string next = "GET a/smuggled ";
    const std::vector<std::pair<std::string, std::vector<std::string>>> cases{
        {smuggling_post("Content-Length: 3\r\n\r\nabc"), {"POST a/ abc", next}},
        {smuggling_post("Content-Length: 003\r\n\r\nabc"), {"POST a/ abc", next}},
        {smuggling_post("content-LENGTH:3\r\n\r\nabc"), {"POST a/ abc", next}},
        {smuggling_post("Content_Length: 3\r\n\r\n"), {"POST a/ ", next}},
        {smuggling_post("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), {"POST a/ abc", next}},
        {smuggling_post("Transfer-Encoding: CHUNKED\r\n\r\n3;x=\"y\"\r\nabc\r\n0\r\nX: y\r\n\r\n"),
         {"POST a/ abc", next}},
        {smuggling_post("Connection: keep-alive, Content-Length\r\nContent-Length: 3\r\n\r\nabc"),
         {"POST a/ abc", next}},
        {smuggling_post("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n"),
         {"POST a/ ", next}},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + std::string(kSmuggled), {"GET a/ abc", next}},
        {smuggling_get("Host: \r\n"), {"GET / ", next}},
        {"GET http://b:80/x?y=1 HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled), {"GET b:80/x ", next}},
        {"GET HTTP://[::1]:8080 HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled), {"GET [::1]:8080/ ", next}},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled), {"OPTIONS a* ", next}},
        {"GET //b/x HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kSmuggled), {"GET a//b/x ", next}},
        {"GET / HTTP/1.0\r\nHost: a\r\n\r\n" + std::string(kSmuggled), {"GET a/ "}},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + std::string(kSmuggled), {"GET a/ "}},
    };
    Witness witness;
    for (const auto& [bytes, seen] : cases) {
        const Exchanged result = witness.exchange(bytes);
        EXPECT_EQ(result.seen, seen) << bytes;
        EXPECT_EQ(result.statuses, std::vector<int>(seen.size(), 200)) << bytes;
    }
}

TEST(Smuggling, TenThousandHeadersAreTooManyHoweverShort) {
    std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 10'000; ++i) many += "a:\r\n";
    Witness witness;
    const Exchanged result = witness.exchange(many + "\r\n" + std::string(kSmuggled));
    EXPECT_EQ(result.statuses, std::vector<int>{431});
    EXPECT_EQ(result.seen, std::vector<std::string>{});
}

}  // namespace
}  // namespace longhand::net
