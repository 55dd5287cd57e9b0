#include "http/json_out.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>

namespace longhand::http {
namespace {

std::string read_back(const std::string& json) {
    const auto value = boost::json::parse(json);
    return {value.get_string().data(), value.get_string().size()};
}

TEST(JsonOut, EveryByteAtEveryPlaceIsReadBack) {
    for (std::size_t size = 1; size <= 19; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (int byte = 0; byte < 0x80; ++byte) {
                std::string text(size, 'a');
                text[at] = static_cast<char>(byte);
                ASSERT_EQ(read_back(json_string(text)), text) << size << " " << at << " " << byte;
            }
        }
    }
}

TEST(JsonOut, OnlyWhatMustBeIsEscaped) {
    EXPECT_EQ(json_string(""), R"("")");
    EXPECT_EQ(json_string("Flüsse und Städte, 東京, \x7f!#[]"), "\"Flüsse und Städte, 東京, \x7f!#[]\"");
    EXPECT_EQ(json_string("a \"b\"\\\n"), R"("a \"b\"\\\n")");
    EXPECT_EQ(json_string(std::string("\x1f", 1)), R"("\u001f")");
}

}  // namespace
}  // namespace longhand::http
