// The codes that a job can fail with, against docs/errors.md.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace longhand::engine {
namespace {

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::set<std::string> found(const std::string& text, const std::regex& pattern) {
    std::set<std::string> words;
    for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) words.insert((*it)[1].str());
    return words;
}

TEST(ProblemCodes, EachHasItsLineInTheDocument) {
    const std::filesystem::path root = LONGHAND_SOURCE_DIR;
    const std::string document = text_of(root / "docs/errors.md");
    const auto documented = found(document.substr(document.find("## Jobs")), std::regex(R"(\n\| `([a-z_]+)` \|)"));
    const std::regex code(
        R"re((?:step_failed\([^"]*|\bfailed\(|Problem\{|fail\(\{|moderate\(\{|return \{)"([a-z_]+)")re");
    std::set<std::string> used;
    for (const char* folder : {"src/engine", "src/store/sqlite"}) {
        for (const auto& entry : std::filesystem::directory_iterator(root / folder)) {
            const std::string name = entry.path().filename().string();
            if (!name.ends_with(".cc") || name.ends_with("_test.cc")) continue;
            used.merge(found(text_of(entry.path()), code));
        }
    }
    EXPECT_TRUE(used.contains("provider_key")) << "the pattern finds no codes";
    EXPECT_EQ(used, documented);
}

}  // namespace
}  // namespace longhand::engine
