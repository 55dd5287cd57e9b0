#include "net/fair_turns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <vector>

#include "net/net_testing.h"

namespace longhand::net {
namespace {

using testing::RawClient;
using testing::TestServer;

constexpr CallerId kFlood = 1, kOther = 2, kThird = 3;

/// Callers on a loop of the test's own, by the order in which they were served.
class Turns : public ::testing::Test {
protected:
    /// `count` requests at once.
    void send(CallerId caller, int count) {
        turns_.take(kThird);  // nobody is alone
        for (int i = 0; i < count; ++i) asio::co_spawn(context_, request(this, caller), asio::detached);
    }
    static awaitable<void> request(Turns* self, CallerId caller) {
        if (!self->turns_.take(caller)) co_await self->turns_.wait(caller);
        self->served_.push_back(caller);
    }
    /// How many of others were served before the caller's last.
    std::ptrdiff_t ahead_of(CallerId caller) const {
        const auto last = std::find(served_.rbegin(), served_.rend(), caller).base();
        return std::count_if(served_.begin(), last, [&](CallerId one) { return one != caller; });
    }

    asio::io_context context_;
    // Stands still unless a test says otherwise: then nobody rests, and no slice is over.
    bool clock_runs_ = false;
    FairTurns turns_{context_, [this] {
                         return FairTurns::Time(clock_runs_ ? std::chrono::steady_clock::now().time_since_epoch()
                                                            : std::chrono::hours(1));
                     }};
    std::vector<CallerId> served_;
    int served_by_flood = 0;
};

TEST_F(Turns, AFewRequestsWaitForNothing) {
    for (unsigned i = 0; i < FairTurns::kAtOnce; ++i) EXPECT_TRUE(turns_.take(kFlood) && turns_.take(kOther));
}

TEST_F(Turns, WhoIsAloneWaitsForNothing) {
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(turns_.take(kFlood));
    EXPECT_TRUE(turns_.take(kOther));
    bool has_waited = false;
    for (int i = 0; i < 1000; ++i) has_waited = !turns_.take(kFlood) || has_waited;
    EXPECT_TRUE(has_waited);
}

TEST_F(Turns, WhoComesIsServedAheadOfAFloodThatWasThereBefore) {
    send(kFlood, 1000);
    context_.poll_one();
    send(kOther, 5);
    context_.run();
    EXPECT_EQ(served_.size(), 1005U);
    EXPECT_LE(ahead_of(kOther), FairTurns::kAtOnce + FairTurns::kInTurn);
}

TEST_F(Turns, LinesHaveTheirTurnOneAfterTheOther) {
    send(kFlood, 1000);
    send(kOther, 100);
    send(kThird, 100);
    context_.run();
    EXPECT_EQ(served_.size(), 1200U);
    // A hundred of either of the others, and of the flood as many as of each of them.
    EXPECT_LE(ahead_of(kOther), 200 + FairTurns::kInTurn);
    EXPECT_LE(ahead_of(kThird), 200 + FairTurns::kInTurn);
}

TEST_F(Turns, AFloodLeavesMostOfTheLoop) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::microseconds kWork{100};
    clock_runs_ = true;
    const auto request = [&](CallerId caller) -> awaitable<void> {
        for (int i = 0; i < 4; ++i) {
            if (!turns_.take(caller)) co_await turns_.wait(caller);
            for (const auto end = Clock::now() + kWork; Clock::now() < end;) {
            }
            ++served_by_flood;
        }
    };
    turns_.take(kOther);
    for (int i = 0; i < 50; ++i) asio::co_spawn(context_, request(kFlood), asio::detached);
    const auto began = Clock::now();
    context_.run();
    EXPECT_EQ(served_by_flood, 200);
    EXPECT_GT(Clock::now() - began, 200 * kWork * 4);  // it takes eight times as long, but for the first few
}

TEST_F(Turns, TheEndLetsEverybodyGo) {
    send(kFlood, 1000);
    for (int i = 0; i < 20; ++i) context_.poll_one();
    turns_.end();
    EXPECT_TRUE(turns_.take(kFlood));
    const auto began = std::chrono::steady_clock::now();
    context_.run();
    EXPECT_EQ(served_.size(), 1000U);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST_F(Turns, ALineIsServedInTheOrderInWhichItCame) {
    std::vector<int> order;
    const auto numbered = [&](int number) -> awaitable<void> {
        if (!turns_.take(kFlood)) co_await turns_.wait(kFlood);
        order.push_back(number);
    };
    turns_.take(kOther);
    for (int number = 0; number < 100; ++number) asio::co_spawn(context_, numbered(number), asio::detached);
    context_.run();
    EXPECT_EQ(order.size(), 100U);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

awaitable<void> answer_in_turn(HttpExchange& exchange) {
    co_await exchange.turn(exchange.request().path == "/other" ? kOther : kFlood);
    HttpResponse response;
    response.body = exchange.request().path;
    ignore_result(co_await exchange.respond(std::move(response)), "the client may be gone");
}

TEST(HttpServer, AnswersEachRequestOfAFloodInItsConnectionsOrder) {
    HttpServerOptions options;
    // Every other path is known.
    options.repeated = [](const UnparsedRequest& request, std::string& out, CallerId& caller) {
        if (request.head.find("/known") == std::string_view::npos) return RepeatedAnswer::unknown;
        caller = kFlood;
        if (request.turns != nullptr && !request.turns->take(caller)) return RepeatedAnswer::waits;
        out += "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nknown";
        return RepeatedAnswer::appended;
    };
    TestServer server(answer_in_turn, options);
    std::vector<std::unique_ptr<RawClient>> clients;
    std::string requests;
    for (int i = 0; i < 50; ++i) {
        const std::string path = i % 2 == 0 ? "/known" : "/" + std::to_string(i);
        requests += "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
    }
    for (int i = 0; i < 20; ++i) clients.push_back(std::make_unique<RawClient>(server.port()));
    clients.front()->send("GET /0 HTTP/1.1\r\nHost: a\r\n\r\nGET /other HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 2; ++i) clients.front()->receive();
    for (auto& client : clients) client->send(requests);
    for (auto& client : clients) {
        for (int i = 0; i < 50; ++i) EXPECT_EQ(client->receive().body, i % 2 == 0 ? "known" : "/" + std::to_string(i));
    }
    EXPECT_EQ(server.requests(), 2 + 20 * 25);
}

TEST(HttpServer, WhatWaitsForItsTurnWhenTheServerEndsIsAnswered) {
    HttpServerOptions options;
    options.repeated = [](const UnparsedRequest& request, std::string& out, CallerId& caller) {
        caller = request.head.find("/other") == std::string_view::npos ? kFlood : kOther;
        if (request.turns != nullptr && !request.turns->take(caller)) return RepeatedAnswer::waits;
        out += "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nknown";
        return RepeatedAnswer::appended;
    };
    TestServer server(answer_in_turn, options);
    std::vector<std::unique_ptr<RawClient>> clients;
    EXPECT_EQ(testing::ask(server.port(), "GET /other HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").status, 200);
    for (int i = 0; i < 100; ++i) clients.push_back(std::make_unique<RawClient>(server.port()));
    const std::string request = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    // Each is taken on.
    for (auto& client : clients) {
        client->send(request);
        EXPECT_EQ(client->receive().status, 200);
    }
    for (auto& client : clients) client->send(request);
    server.server().stop(Milliseconds{5000});
    for (auto& client : clients) EXPECT_EQ(client->receive().status, 200);
}

}  // namespace
}  // namespace longhand::net
