#include "llm/loop_guard.h"

#include <gtest/gtest.h>

#include "llm/chat.h"

namespace longhand::llm {
namespace {

/// Tokens fed until the guard trips; nothing when it does not.
std::optional<std::uint64_t> tokens_until_trip(std::string_view intro, std::string_view cycle, int repeats) {
    LoopGuard guard;
    EXPECT_TRUE(guard.feed(intro));
    std::string fed;
    for (int i = 0; i < repeats; ++i) {
        for (std::size_t at = 0; at < cycle.size(); at += 3) {
            fed += cycle.substr(at, 3);
            if (!guard.feed(cycle.substr(at, 3))) return estimate_tokens(fed);
        }
    }
    return std::nullopt;
}

constexpr const char* kIntro =
    "A lease is a number that grows. It never falls, and no two workers ever hold the same one. ";

TEST(LoopGuard, CutsARepeatedSentenceWithin300Tokens) {
    const auto tokens = tokens_until_trip(kIntro, "The worker holds the lease until the next beat. ", 100);
    ASSERT_TRUE(tokens);
    EXPECT_LE(*tokens, 300u);
}

TEST(LoopGuard, CutsOneWordAndALongCycleWithin300Tokens) {
    EXPECT_LE(tokens_until_trip(kIntro, "the ", 1000).value_or(9999), 300u);
    const std::string cycle =
        "When the worker beats the store says held and when it does not the store says lost so that the engine drops "
        "what it has and the next worker walks the steps again from the first one on, paying for nothing twice; ";
    EXPECT_LE(tokens_until_trip(kIntro, cycle, 100).value_or(9999), 300u);
}

TEST(LoopGuard, CutsANumberedListOfTheSameAndTextWithoutSpaces) {
    LoopGuard guard;
    bool open = true;
    for (int i = 1; i < 40 && open; ++i) open = guard.feed(std::to_string(i) + ". Check the lease of the worker.\n");
    EXPECT_FALSE(open);
    EXPECT_LE(tokens_until_trip("", "租约只会增长。", 200).value_or(9999), 300u);
}

TEST(LoopGuard, LetsTablesAndListsPass) {
    LoopGuard guard;
    EXPECT_TRUE(guard.feed("| state | claim | cancel | retry |\n|---|---|---|---|\n"));
    for (int i = 0; i < 24; ++i) EXPECT_TRUE(guard.feed("| state" + std::to_string(i) + " | yes | no | no |\n")) << i;
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(guard.feed("| allowed | yes | no | no |\n")) << i;
    EXPECT_TRUE(guard.feed("\n"));
    for (const char* month : {"January", "February", "March", "April", "May", "June", "July", "August", "September"})
        EXPECT_TRUE(
            guard.feed(std::string("- ") + month + ": the report is due on the last working day of the month.\n"));
    for (int i = 0; i < 8; ++i)
        EXPECT_TRUE(
            guard.feed("- `--option" + std::to_string(i) + "`. It may be left out, then the default is taken.\n"));
}

TEST(LoopGuard, LetsARefrainPass) {
    LoopGuard guard;
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(guard.feed("Every write carries the lease of its worker. " + std::string(kIntro) +
                               std::to_string(i) + " is next. "));
}

}  // namespace
}  // namespace longhand::llm
