#include "cli/data_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace longhand::cli {
namespace {

class Folder : public testing::Test {
protected:
    void SetUp() override { path_ = testing::TempDir() + "longhand-folder-" + std::to_string(getpid()); }
    void TearDown() override { std::filesystem::remove_all(path_); }
    std::string path_;
};

TEST_F(Folder, IsHeldByOneProcessAtATime) {
    auto mine = DataFolder::lock(path_);
    ASSERT_TRUE(mine.has_value());
    // flock is of the open file: a second open in this process meets it as another process would.
    const auto other = DataFolder::lock(path_);
    ASSERT_FALSE(other.has_value());
    EXPECT_EQ(other.error().code, FolderErrc::held);
    EXPECT_NE(other.error().message.find(std::to_string(getpid())), std::string::npos);
    EXPECT_EQ(holder_of(path_)->pid, getpid());
    mine->reset();
    EXPECT_EQ(holder_of(path_), std::nullopt);
    EXPECT_TRUE(DataFolder::lock(path_).has_value());
}

TEST_F(Folder, AnnouncesItsServerWhileItLives) {
    auto mine = DataFolder::lock(path_);
    ASSERT_TRUE(mine.has_value());
    EXPECT_EQ(holder_of(path_)->address, "");
    ASSERT_TRUE((*mine)->announce("http://127.0.0.1:1", "").has_value());
    EXPECT_EQ(holder_of(path_)->address, "http://127.0.0.1:1");
    EXPECT_EQ(holder_of(path_)->key_pin, "");
    ASSERT_TRUE((*mine)->announce("https://127.0.0.1:1", "pin").has_value());
    EXPECT_EQ(holder_of(path_)->address, "https://127.0.0.1:1");
    EXPECT_EQ(holder_of(path_)->key_pin, "pin");
    mine->reset();
    EXPECT_FALSE(std::filesystem::exists(path_ + "/server.json"));
}

TEST_F(Folder, DoesNotBelieveWhatADeadServerLeft) {
    auto mine = DataFolder::lock(path_);
    ASSERT_TRUE(mine.has_value());
    std::ofstream(path_ + "/server.json") << R"({"address":"http://127.0.0.1:1","pid":1})";
    EXPECT_EQ(holder_of(path_)->address, "");
}

TEST_F(Folder, IsNotHeldByChildren) {
    auto mine = DataFolder::lock(path_);
    ASSERT_TRUE(mine.has_value());
    int ready[2], done[2];
    ASSERT_EQ(pipe(ready), 0);
    ASSERT_EQ(pipe(done), 0);
    const pid_t child = fork();
    if (child == 0) {
        // An exec closes what is close-on-exec; cat then waits for its input.
        dup2(done[0], 0);
        dup2(ready[1], 1);
        close(done[1]);
        close(ready[0]);
        execlp("sh", "sh", "-c", "echo; cat", nullptr);
        _exit(1);
    }
    close(ready[1]);
    char byte = 0;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    mine->reset();
    EXPECT_TRUE(DataFolder::lock(path_).has_value());
    close(done[1]);
    waitpid(child, nullptr, 0);
}

TEST_F(Folder, ThatCannotBeMadeIsNamed) {
    std::ofstream(path_) << "a file";
    const auto folder = DataFolder::lock(path_ + "/below");
    ASSERT_FALSE(folder.has_value());
    EXPECT_EQ(folder.error().code, FolderErrc::unusable);
    EXPECT_NE(folder.error().message.find(path_ + "/below"), std::string::npos);
}

}  // namespace
}  // namespace longhand::cli
