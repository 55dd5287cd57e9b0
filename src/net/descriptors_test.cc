#include "net/descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "net/http_server.h"
#include "net/net_testing.h"

namespace longhand::net {
namespace {

using testing::RawClient;
using testing::TestServer;

awaitable<void> say_well(HttpExchange& exchange) {
    HttpResponse response;
    response.body = "{}";
    ignore_result(co_await exchange.respond(std::move(response)), "the client may be gone");
}

class CrowdedServer : public ::testing::Test {
protected:
    static constexpr const char* kRequest = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    HttpServerOptions options() {
        HttpServerOptions options;
        options.room = [this](int) {
            ++asked;
            return room.load();
        };
        return options;
    }
    std::atomic<DescriptorRoom> room = DescriptorRoom::plenty;
    std::atomic<int> asked = 0;
    TestServer server{say_well, options()};
};

TEST_F(CrowdedServer, TurnsAwayPastTheShareOfConnections) {
    room = DescriptorRoom::little;
    RawClient refused(server.port());
    refused.send(kRequest);
    const auto reply = refused.receive();
    EXPECT_EQ(reply.status, 503);
    EXPECT_NE(reply.body.find("too_many_connections"), std::string::npos) << reply.body;
    EXPECT_TRUE(reply.headers.contains("Retry-After"));
    EXPECT_EQ(refused.read_to_end(), "") << "the descriptor is given back";
    room = DescriptorRoom::plenty;
    EXPECT_EQ(testing::ask(server.port(), kRequest).status, 200);
    ASSERT_EQ(server.log().size(), 2U) << "once each way";
    EXPECT_NE(server.log()[0].find("LimitNOFILE"), std::string::npos);
}

TEST_F(CrowdedServer, AConnectionWaitsWhereNothingIsLeftAndIsAnsweredThen) {
    room = DescriptorRoom::none;
    RawClient waiting(server.port());
    waiting.send(kRequest);
    while (asked < 3) std::this_thread::yield();
    EXPECT_EQ(server.requests(), 0);
    room = DescriptorRoom::plenty;
    EXPECT_EQ(waiting.receive().status, 200);
}

TEST(Descriptors, AQuarterOfTheLimitIsKept) {
    EXPECT_EQ(descriptor_room(700, 1024), DescriptorRoom::plenty);
    EXPECT_EQ(descriptor_room(766, 1024), DescriptorRoom::plenty);
    EXPECT_EQ(descriptor_room(767, 1024), DescriptorRoom::little);
    EXPECT_EQ(descriptor_room(894, 1024), DescriptorRoom::little);
    EXPECT_EQ(descriptor_room(895, 1024), DescriptorRoom::none);
    EXPECT_EQ(descriptor_room(-1, 1024), DescriptorRoom::none);
    EXPECT_EQ(descriptor_room(100'000, 1'000'000), DescriptorRoom::plenty);
    EXPECT_EQ(descriptor_room(999'000, 1'000'000), DescriptorRoom::little);
}

TEST(Descriptors, TheLowestFreeIsTheOneThatIsGivenNext) {
    const int expected = lowest_free_descriptor(0);
    const int given = open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(given, expected);
    close(given);
}

}  // namespace
}  // namespace longhand::net
