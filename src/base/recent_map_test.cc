#include "base/recent_map.h"

#include <gtest/gtest.h>

#include <string>

namespace longhand {
namespace {

TEST(RecentMap, GivesWhatWasPut) {
    RecentMap<int, std::string> map(4);
    map.put(1, "one");
    map.put(1, "ONE");
    ASSERT_NE(map.find(1), nullptr);
    EXPECT_EQ(*map.find(1), "ONE");
    EXPECT_EQ(map.find(2), nullptr);
    map.erase(1);
    EXPECT_EQ(map.find(1), nullptr);
}

TEST(RecentMap, StaysBoundedAndForgetsWhatWasLongNotUsed) {
    RecentMap<int, int> map(4);
    for (int i = 0; i < 100; ++i) {
        map.put(i, i);
        ASSERT_LE(map.size(), 8U);
    }
    EXPECT_EQ(map.find(0), nullptr);
    EXPECT_NE(map.find(99), nullptr);
}

TEST(RecentMap, KeepsWhatIsUsedWhateverComesBetween) {
    RecentMap<int, int> map(4);
    map.put(-1, 7);
    for (int i = 0; i < 100; ++i) {
        map.put(i, i);
        ASSERT_NE(map.find(-1), nullptr);
        EXPECT_EQ(*map.find(-1), 7);
    }
}

TEST(RecentMap, ErasesOutOfBothGenerations) {
    RecentMap<int, int> map(2);
    map.put(1, 1);
    map.put(2, 2);
    map.put(3, 3);  // 1 and 2 are the old generation now
    map.erase(1);
    map.erase(3);
    EXPECT_EQ(map.find(1), nullptr);
    EXPECT_EQ(map.find(3), nullptr);
    EXPECT_NE(map.find(2), nullptr);
}

}  // namespace
}  // namespace longhand
