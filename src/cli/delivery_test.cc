#include "cli/delivery.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>

namespace longhand::cli {
namespace {

TEST(Figures, ComeFromTheQualitySheet) {
    const auto sheet = boost::json::parse(R"({"pages":13,"words":4321,"citations":77,
        "sources_unread":[{"name":"a.bin","reason":"it is no text"}],"warnings":["The length asked for was not met."]})");
    const Figures figures = figures_of(sheet.get_object());
    EXPECT_EQ(figures.pages, 13);
    EXPECT_EQ(figures.words, 4321);
    EXPECT_EQ(figures.citations, 77);
    EXPECT_EQ(figures.remarks,
              (std::vector<std::string>{"not used: a.bin: it is no text", "The length asked for was not met."}));
    EXPECT_EQ(figures_of(boost::json::parse(R"({"pages":"many","warnings":3})").get_object()).pages, 0);
}

TEST(Delivery, DoesNotOverwriteWhatIsThere) {
    const std::string folder = testing::TempDir() + "longhand-delivery-" + std::to_string(getpid());
    std::filesystem::create_directories(folder);
    EXPECT_EQ(free_path(folder, "Book.pdf"), folder + "/Book.pdf");
    std::ofstream(folder + "/Book.pdf") << "x";
    EXPECT_EQ(free_path(folder, "Book.pdf"), folder + "/Book-2.pdf");
    std::filesystem::remove_all(folder);
}

TEST(Remarks, NameAFileOnce) {
    EXPECT_EQ(with_file("enc.pdf", "enc.pdf is encrypted."), "enc.pdf is encrypted.");
    EXPECT_EQ(with_file("/tmp/enc.pdf", "enc.pdf is encrypted."), "enc.pdf is encrypted.");
    EXPECT_EQ(with_file("enc.pdf", "it is empty"), "enc.pdf: it is empty");
}

}  // namespace
}  // namespace longhand::cli
