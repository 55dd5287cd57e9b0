#include "base/owner_places.h"

#include <gtest/gtest.h>

namespace longhand {
namespace {

TEST(OwnerPlaces, AreSoManyForEachOwnerAndComeBack) {
    OwnerPlaces places(2);
    const Uuid ada = *Uuid::parse("0190a2f4-5b1c-7d3e-8f00-000000000001");
    const Uuid bob = *Uuid::parse("0190a2f4-5b1c-7d3e-8f00-000000000002");
    auto first = places.take(ada);
    {
        const auto second = places.take(ada);
        EXPECT_TRUE(first && second);
        EXPECT_FALSE(places.take(ada));
        EXPECT_TRUE(places.take(bob));
    }
    auto again = places.take(ada);
    EXPECT_TRUE(again);
    EXPECT_FALSE(places.take(ada));
    // Whoever has it holds it.
    const auto shared = again;
    again.reset();
    EXPECT_FALSE(places.take(ada));
}

TEST(OwnerPlaces, MayOutliveWhoGivesThem) {
    OwnerPlaces::Place place;
    {
        OwnerPlaces places(1);
        place = places.take(Uuid{});
        EXPECT_TRUE(place);
    }
}

}  // namespace
}  // namespace longhand
