#include "cli/document_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace longhand::cli {
namespace {

namespace fs = std::filesystem;

class DocumentFiles : public testing::Test {
protected:
    void SetUp() override {
        folder_ = testing::TempDir() + "longhand-document-" + std::to_string(getpid());
        fs::create_directory(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string file(const std::string& name) const { return folder_ + "/" + name; }
    static std::string text_of(const std::string& path) {
        std::ifstream in(path);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static void put(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
    static void deliver(const std::string& path, const std::string& text) {
        auto document = DocumentFile::open(path);
        ASSERT_TRUE(document) << document.error().message;
        EXPECT_TRUE((*document)->write(text));
        EXPECT_EQ(*(*document)->finish(), text.size());
    }
    std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
    }

    std::string folder_;
};

TEST_F(DocumentFiles, AFileIsReplacedOnceAllIsWritten) {
    put(file("book.pdf"), "old");
    auto document = DocumentFile::open(file("book.pdf"));
    ASSERT_TRUE(document);
    EXPECT_TRUE((*document)->write("new"));
    EXPECT_EQ(text_of(file("book.pdf")), "old");
    ASSERT_TRUE((*document)->finish());
    EXPECT_EQ(text_of(file("book.pdf")), "new");
    EXPECT_EQ(entries(), 1U);
}

TEST_F(DocumentFiles, WhatIsNotFinishedLeavesNothing) {
    put(file("book.pdf"), "old");
    auto document = DocumentFile::open(file("book.pdf"));
    ASSERT_TRUE(document);
    EXPECT_TRUE((*document)->write("half"));
    document->reset();
    EXPECT_EQ(text_of(file("book.pdf")), "old");
    EXPECT_EQ(entries(), 1U);
}

TEST_F(DocumentFiles, ALinkStaysAndWhereItLeadsIsWritten) {
    fs::create_directory(file("shelf"));
    put(file("shelf/book.pdf"), "old");
    fs::create_symlink("shelf/book.pdf", file("link"));
    fs::create_symlink("link", file("link to a link"));
    deliver(file("link to a link"), "new");
    EXPECT_TRUE(fs::is_symlink(file("link")));
    EXPECT_TRUE(fs::is_symlink(file("link to a link")));
    EXPECT_EQ(text_of(file("shelf/book.pdf")), "new");
    fs::create_symlink("shelf/none yet.pdf", file("dangling"));
    deliver(file("dangling"), "first");
    EXPECT_TRUE(fs::is_symlink(file("dangling")));
    EXPECT_EQ(text_of(file("shelf/none yet.pdf")), "first");
}

TEST_F(DocumentFiles, AFifoIsWrittenIntoAndStaysOne) {
    ASSERT_EQ(mkfifo(file("pipe").c_str(), 0600), 0);
    const auto early = DocumentFile::open(file("pipe"));
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().code, DocumentErrc::no_reader);
    fs::create_symlink("pipe", file("link"));
    const int reader = open(file("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(reader, 0);
    deliver(file("link"), "%PDF");
    std::string read_back(16, '\0');
    read_back.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(reader, read_back.data(), read_back.size()))));
    close(reader);
    EXPECT_EQ(read_back, "%PDF");
    EXPECT_TRUE(fs::is_fifo(file("pipe")));
    EXPECT_EQ(entries(), 2U);
}

TEST_F(DocumentFiles, AFolderIsNoneAndSaysSo) {
    const auto opened = DocumentFile::open(folder_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, DocumentErrc::failed);
    EXPECT_NE(opened.error().message.find("directory"), std::string::npos);
}

}  // namespace
}  // namespace longhand::cli
