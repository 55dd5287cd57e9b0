#include "writing/references.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "writing/quality.h"

namespace longhand::writing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string entry_of(SourceInfo source, std::string_view language = "en") {
    source.sha256 = std::string(64, 'a');
    SourceUse use;
    use.sha256 = source.sha256;
    use.number = 1;
    use.places[0] = {"1.2"};
    use.where[0] = sources::Place{};
    return bibliography({use}, {source}, language);
}

SourceInfo link() {
    SourceInfo source{.sha256 = "", .name = "https://a.example/asked"};
    source.title = "The river";
    source.address = "https://a.example/read?x=1";
    source.accessed_at = "2026-11-29T18:50:12.000Z";
    return source;
}

TEST(Bibliography, ALinkHasItsTitleItsAddressAndTheTimeOfAccess) {
    EXPECT_THAT(entry_of(link()),
                HasSubstr("The river, <https://a.example/read?x=1>, accessed 2026-11-29 18:50 UTC: (in 1.2)"));
    EXPECT_THAT(entry_of(link(), "de"), HasSubstr(", abgerufen am 2026-11-29 18:50 UTC"));
}

TEST(Bibliography, ALinksAddressCanNotEndItsMark) {
    SourceInfo source = link();
    source.address = "https://a.example/>{.x}\"`\\";
    EXPECT_THAT(entry_of(source), HasSubstr("<https://a.example/%3E%7B.x%7D%22%60%5C>"));
}

TEST(Bibliography, AFileHasItsNameBesideItsTitle) {
    SourceInfo source{.sha256 = "", .name = "notes"};
    source.title = "The river";
    EXPECT_THAT(entry_of(source), HasSubstr("The river, *notes*"));
    EXPECT_THAT(entry_of(source), Not(HasSubstr("accessed")));
}

}  // namespace
}  // namespace longhand::writing
