#include "store/file_store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/digest.h"

namespace longhand::store {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
protected:
    Files() {
        std::string name = (fs::temp_directory_path() / "longhand-files-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~Files() override { fs::remove_all(folder_); }

    static std::string contents(const std::string& path) {
        std::ifstream in(path, std::ios::binary);
        std::stringstream text;
        text << in.rdbuf();
        return text.str();
    }
    static mode_t mode(const std::string& path) {
        struct stat info {};
        return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
    }
    std::size_t files_in(const std::string& part) const {
        std::size_t count = 0;
        if (!fs::exists(folder_ + "/" + part)) return 0;
        for (const auto& entry : fs::recursive_directory_iterator(folder_ + "/" + part))
            count += entry.is_regular_file();
        return count;
    }
    std::string outside_file(const std::string& text) {
        std::ofstream(folder_ + "/made", std::ios::binary) << text;
        return folder_ + "/made";
    }

    std::string folder_;
};

TEST_F(Files, CommittedUploadHoldsWhatWasWrittenUnderItsHash) {
    FileStore store(folder_);
    auto upload = store.begin_upload();
    ASSERT_TRUE(upload);
    ASSERT_TRUE((*upload)->write(std::string("ab\0c", 4)));
    ASSERT_TRUE((*upload)->write("def"));
    EXPECT_EQ((*upload)->size(), 7u);
    const auto stored = (*upload)->commit();
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->size, 7u);
    EXPECT_EQ(stored->sha256, sha256_hex(std::string_view("ab\0cdef", 7)));
    EXPECT_EQ(contents(store.absolute(stored->path)), std::string("ab\0cdef", 7));
    EXPECT_EQ(mode(store.absolute(stored->path)), 0600u);
    EXPECT_EQ(mode(folder_ + "/uploads"), 0700u);
}

TEST_F(Files, UploadWithoutCommitLeavesNothing) {
    FileStore store(folder_);
    {
        auto upload = store.begin_upload();
        ASSERT_TRUE(upload);
        ASSERT_TRUE((*upload)->write("half"));
        EXPECT_EQ(files_in("uploads"), 1u);
    }
    EXPECT_EQ(files_in("uploads"), 0u);
}

TEST_F(Files, WriteThatTheSystemRefusesIsUnavailableAndLeavesNothing) {
    FileStore store(folder_);
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    {
        auto upload = store.begin_upload();
        ASSERT_TRUE(upload);
        const rlimit small{4096, before.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
        const auto written = (*upload)->write(std::string(10'000, 'x'));
        ::setrlimit(RLIMIT_FSIZE, &before);
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().code, StoreErrc::unavailable);
        EXPECT_NE(written.error().message.find(folder_), std::string::npos) << written.error().message;
    }
    EXPECT_EQ(files_in("uploads"), 0u);
}

TEST_F(Files, MissingDataFolderIsUnavailableAndNamesIt) {
    FileStore store(folder_ + "/none/at/all");
    const auto upload = store.begin_upload();
    ASSERT_FALSE(upload);
    EXPECT_EQ(upload.error().code, StoreErrc::unavailable);
    EXPECT_NE(upload.error().message.find(folder_ + "/none/at/all/uploads"), std::string::npos);
}

TEST_F(Files, SameArtifactTwiceIsOneFileUnderOnePath) {
    FileStore store(folder_);
    const std::string from = outside_file("%PDF");
    const Uuid job = Uuid::v7(WallTime{}, 1, 2);
    const auto first = store.put_artifact(job, "pdf", sha256_hex("%PDF"), from);
    const auto second = store.put_artifact(job, "pdf", sha256_hex("%PDF"), from);
    ASSERT_TRUE(first);
    ASSERT_TRUE(second);
    EXPECT_EQ(*first, *second);
    EXPECT_EQ(*first, "artifacts/" + job.to_string() + "/pdf-" + sha256_hex("%PDF"));
    EXPECT_EQ(contents(store.absolute(*first)), "%PDF");
    EXPECT_EQ(mode(store.absolute(*first)), 0600u);
    EXPECT_EQ(files_in("artifacts"), 1u);
}

TEST_F(Files, ArtifactOfAMissingFileLeavesNothing) {
    FileStore store(folder_);
    const auto put = store.put_artifact(Uuid{}, "pdf", sha256_hex(""), folder_ + "/nothing");
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code, StoreErrc::unavailable);
    EXPECT_EQ(files_in("artifacts"), 0u);
}

TEST_F(Files, NamesThatAreNotOfOurMakingAreRefused) {
    FileStore store(folder_);
    const std::string from = outside_file("x");
    for (const std::string bad : {"../x", "", "a/b", "PDF", ".pdf"}) {
        const auto put = store.put_artifact(Uuid{}, bad, sha256_hex("x"), from);
        ASSERT_FALSE(put) << bad;
        EXPECT_EQ(put.error().code, StoreErrc::limit);
    }
    EXPECT_FALSE(store.put_artifact(Uuid{}, "pdf", "../../x", from));
    using namespace std::string_literals;
    for (const std::string& bad : {""s, "/etc/passwd"s, ".."s, "../made"s, "uploads/../made"s, "uploads//x"s,
                                   "uploads/"s, "./made"s, "made\0x"s}) {
        EXPECT_EQ(store.absolute(bad), "") << bad;
        store.remove(bad);
    }
    EXPECT_TRUE(fs::exists(folder_ + "/made"));
}

TEST_F(Files, RemoveTakesAFileAndForgivesAMissingOne) {
    FileStore store(folder_);
    auto upload = store.begin_upload();
    ASSERT_TRUE(upload);
    const auto stored = (*upload)->commit();
    ASSERT_TRUE(stored);
    store.remove(stored->path);
    EXPECT_FALSE(fs::exists(store.absolute(stored->path)));
    store.remove(stored->path);
}

TEST_F(Files, ScratchFoldersAreTheirOwnAndGoAtStart) {
    FileStore store(folder_);
    const auto one = store.scratch_folder(), two = store.scratch_folder();
    ASSERT_TRUE(one);
    ASSERT_TRUE(two);
    EXPECT_NE(*one, *two);
    EXPECT_EQ(mode(store.absolute(*one)), 0700u);
    std::ofstream(store.absolute(*one) + "/left") << "x";
    auto upload = store.begin_upload();
    auto finished = store.begin_upload();
    ASSERT_TRUE(upload && finished);
    ASSERT_TRUE((*finished)->commit());
    FileStore(folder_).clear_scratch();
    EXPECT_TRUE(fs::is_empty(folder_ + "/scratch"));
    EXPECT_EQ(files_in("uploads"), 1u);
}

TEST_F(Files, UploadsAreFoundByTheirAge) {
    FileStore files(folder_);
    std::vector<std::string> paths;
    for (const int hours : {0, 3, 30}) {
        auto upload = files.begin_upload().value();
        ASSERT_TRUE(upload->write("text"));
        paths.push_back(upload->commit().value().path);
        fs::last_write_time(files.absolute(paths.back()), fs::file_time_type::clock::now() - std::chrono::hours(hours));
    }
    const auto under_way = files.begin_upload().value();
    EXPECT_EQ(files.uploads_older_than(std::chrono::hours(10)), std::vector<std::string>{paths[2]});
    EXPECT_EQ(files.uploads_older_than(std::chrono::hours(0)).size(), 3U);
}

TEST_F(Files, TheCheckMakesFoldersThatAreGoneAndNamesOneThatIsNone) {
    const FileStore store(folder_);
    ASSERT_TRUE(store.check());
    fs::remove_all(folder_ + "/artifacts");
    ASSERT_TRUE(store.check());
    EXPECT_TRUE(fs::is_empty(folder_ + "/artifacts"));
    for (const std::string name : {"/artifacts", "/index"}) {
        fs::remove_all(folder_ + name);
        std::ofstream(folder_ + name) << "no folder";
        const auto checked = store.check();
        ASSERT_FALSE(checked);
        EXPECT_NE(checked.error().message.find(name), std::string::npos);
        EXPECT_NE(checked.error().message.find("that should be a folder"), std::string::npos)
            << checked.error().message;
        fs::remove(folder_ + name);
    }
}

TEST_F(Files, FreeBytesAreThoseOfTheDisk) {
    EXPECT_GT(FileStore(folder_).free_bytes(), 0u);
    EXPECT_EQ(FileStore(folder_ + "/none").free_bytes(), 0u);
}

}  // namespace
}  // namespace longhand::store
