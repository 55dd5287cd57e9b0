#include "sources/markdown.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace longhand::sources {
namespace {

std::vector<std::string> texts(const ReadText& read) {
    std::vector<std::string> texts;
    for (const auto& block : read.blocks) texts.push_back(block.text);
    return texts;
}

TEST(Markdown, IsReadTheSameByManyAtOnce) {
    std::string text = "# Rivers\n\nThe ~~long~~ short way.\n\n| a | b |\n| --- | --- |\n| 1 | ~~2~~ 3 |\n\n";
    for (int i = 0; i < 200; ++i) text += "A line with ~~struck~~ words, and others.\n\n";
    std::atomic<int> at_once = 0;
    std::vector<std::vector<std::string>> found(8);
    std::vector<std::thread> threads;
    for (auto& one : found) {
        threads.emplace_back([&] {
            // All of them come to the parser, and to its set-up, together.
            for (++at_once; at_once < 8;) std::this_thread::yield();
            for (int i = 0; i < 60; ++i) {
                auto now = texts(read_markdown(text));
                if (i > 0 && now != one) now.push_back("differs from the time before");
                one = std::move(now);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    ASSERT_GT(found[0].size(), 200U);
    EXPECT_EQ(found[0].at(1).find('~'), std::string::npos) << found[0].at(1);
    for (const auto& one : found) EXPECT_EQ(one, found[0]);
}

}  // namespace
}  // namespace longhand::sources
