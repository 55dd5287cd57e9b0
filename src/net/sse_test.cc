#include "net/sse.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace longhand::net {

bool operator==(const SseEvent& a, const SseEvent& b) {
    return a.id == b.id && a.event == b.event && a.data == b.data;
}

namespace {

using Events = std::vector<SseEvent>;

Events parse(const std::vector<std::string>& pieces) {
    Events events;
    SseParser parser([&events](SseEvent event) { events.push_back(std::move(event)); });
    for (const auto& piece : pieces) EXPECT_TRUE(parser.feed(piece));
    return events;
}

TEST(Sse, ReadsFieldsCommentsAndEveryLineEnd) {
    const auto events =
        parse({"\xEF\xBB\xBF"
               "data: one\ndata:two\r\n\r\n: comment\rid: 7\revent: x\rdata\r\rdata:  y\n\n"});
    EXPECT_EQ(events, (Events{{"", "", "one\ntwo"}, {"7", "x", ""}, {"7", "", " y"}}));
}

TEST(Sse, DropsWhatHasNoDataAndWhatIsNotEnded) {
    EXPECT_EQ(parse({"event: a\n\nid: 1\n\ndata: b\n\ndata: lost\n"}), (Events{{"1", "", "b"}}));
}

TEST(Sse, TakesNoIdWithANul) {
    EXPECT_EQ(parse({std::string("id: a\0b\ndata: x\n\n", 17)}), (Events{{"", "", "x"}}));
}

TEST(Sse, RefusesALineOrAnEventPastTheLimitForGood) {
    SseParser line([](SseEvent) { FAIL(); }, 100);
    EXPECT_TRUE(line.feed("data: " + std::string(90, 'x')));
    EXPECT_FALSE(line.feed("yyyyyyyyyy\n\n"));
    EXPECT_FALSE(line.feed("\n\n"));
    SseParser lines([](SseEvent) { FAIL(); }, 100);
    bool goes_on = true;
    for (int i = 0; goes_on && i < 1000; ++i) goes_on = lines.feed("data: 0123456789\n");
    EXPECT_FALSE(goes_on);
}

TEST(Sse, BoundsEachEventAndNotTheStream) {
    int count = 0;
    SseParser parser([&count](SseEvent) { ++count; }, 100);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(parser.feed("id: 12345678901234567890\ndata: 0123456789\n\n"));
    EXPECT_EQ(count, 1000);
}

TEST(Sse, WhatIsFormattedIsReadBack) {
    const SseEvent event{"3:1:20", "text", "a\n\n b\nc\n"};
    EXPECT_EQ(parse({format_sse(event) + format_sse_comment("still\nhere") + format_sse({"", "", ""})}),
              (Events{event, {"3:1:20", "", ""}}));
    EXPECT_EQ(format_sse_comment("ping"), ": ping\n\n");
}

TEST(Sse, NoFieldCanForgeAnother) {
    EXPECT_EQ(parse({format_sse({"1\ndata: forged", "e\r\rdata: f\n\n", "x\rid: 9\r\nevent: z"})}),
              (Events{{"1data: forged", "edata: f", "x\nid: 9\nevent: z"}}));
}

TEST(Sse, AnySplitOfTheInputGivesTheSameEvents) {
    std::mt19937 random(20250717);
    const std::vector<std::string> words{
        "data", ":",    ": ", "id", "event",        "\r",          "\n",      "\r\n",
        "\n\n", "\r\r", " ",  "x",  "\xEF\xBB\xBF", "data: y\n\n", "id: 1\n", std::string(1, '\0')};
    std::size_t seen = 0;
    for (int round = 0; round < 2000; ++round) {
        std::string input;
        for (int i = 0; i < 30; ++i) input += words[random() % words.size()];
        std::vector<std::string> pieces;
        for (std::size_t at = 0; at < input.size();) {
            const std::size_t size = random() % 5;
            pieces.push_back(input.substr(at, size));
            at += size;
        }
        const auto whole = parse({input});
        seen += whole.size();
        ASSERT_EQ(parse(pieces), whole) << "round " << round;
    }
    EXPECT_GT(seen, 2000U);
}

}  // namespace
}  // namespace longhand::net
