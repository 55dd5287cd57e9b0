#include "backup/backup.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "backup/restore.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/database.h"
#include "store/sqlite/temporary_folder_testing.h"

namespace {
bool knows_noreplace = true;
}

/// Before the C library's own, so that a test has a file system like NFS, which knows no flags of a rename.
extern "C" int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
    if (knows_noreplace) return static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
    errno = EINVAL;
    return -1;
}

namespace longhand::backup {
namespace {

namespace fs = std::filesystem;

std::string upload_name(char digit) {
    return "uploads/" + std::string(32, digit);
}

std::string content_of(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

/// An installation with two uploads that rows name, and one that none does.
class Backups : public testing::Test {
protected:
    Backups() {
        fs::create_directories(data + "/uploads");
        database = store::sqlite::open_database(data + "/longhand.db", Milliseconds(1000)).value();
        for (const char digit : {'1', '2'}) name_upload(digit);
        write_upload('3');
    }

    void write_upload(char digit) const { std::ofstream(data + "/" + upload_name(digit)) << "upload " << digit; }
    void name_upload(char digit) {
        write_upload(digit);
        database->execute(std::string("INSERT INTO job_sources VALUES (x'00', ") + digit +
                          ", x'00', 'hash', 'name', 8, '" + upload_name(digit) + "')");
    }
    BackupSource source() const {
        return {data, "test", [] { return BackupResult<std::string>("the secret\n"); }};
    }
    BackupResult<BackupReport> back_up() { return make_backup(source(), file, {}); }
    BackupResult<RestoreReport> restore() {
        fs::create_directories(target);
        return restore_backup(file, {target, target + "/secret"}, {});
    }
    /// What lies in the folder of the test, but for the installation: names, in order.
    std::vector<std::string> left() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder.path())) names.push_back(entry.path().filename());
        std::ranges::sort(names);
        return names;
    }

    store::sqlite::TemporaryFolder folder;
    const std::string data = folder.file("data"), file = folder.file("backup.tar"), target = folder.file("restored");
    std::unique_ptr<store::sqlite::Connection> database;
};

TEST_F(Backups, HoldWhatRowsNameAndComeBackTheSame) {
    const auto made = back_up();
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->files, 2U);
    EXPECT_TRUE(made->missing.empty());
    struct stat info {};
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    EXPECT_EQ(left(), (std::vector<std::string>{"backup.tar", "data"}));

    const auto restored = restore();
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(restored->files, 2U);
    EXPECT_EQ(restored->missing, 0U);
    for (const char digit : {'1', '2'})
        EXPECT_EQ(content_of(target + "/" + upload_name(digit)), std::string("upload ") + digit);
    EXPECT_FALSE(fs::exists(target + "/" + upload_name('3')));
    EXPECT_EQ(content_of(target + "/secret"), "the secret\n");
    const auto again = store::sqlite::open_database(target + "/longhand.db", Milliseconds(1000)).value();
    EXPECT_EQ(again->number("SELECT count(*) FROM job_sources"), 2);
}

TEST_F(Backups, HaveWhatIsCommittedAndNotYetInTheDatabaseFileItself) {
    database->execute("PRAGMA wal_autocheckpoint = 0");
    name_upload('4');
    ASSERT_TRUE(back_up());
    ASSERT_TRUE(restore());
    EXPECT_TRUE(fs::exists(target + "/" + upload_name('4')));
}

TEST_F(Backups, AFileThatIsLostIsNamedAndTheRestIsKept) {
    fs::remove(data + "/" + upload_name('1'));
    const auto made = back_up();
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->missing, std::vector<std::string>{upload_name('1')});
    const auto restored = restore();
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(restored->missing, 1U);
    EXPECT_EQ(restored->files, 1U);
}

TEST_F(Backups, NeverReplaceAFileAndNeverLeaveAHalf) {
    std::ofstream(file) << "mine";
    EXPECT_NE(back_up().error().message.find("already"), std::string::npos);
    EXPECT_EQ(content_of(file), "mine");
    StopSource stop;
    stop.stop(StopReason::cancelled);
    EXPECT_EQ(make_backup(source(), folder.file("other.tar"), stop.token()).error().code, BackupErrc::stopped);
    EXPECT_FALSE(make_backup(source(), folder.file("none/other.tar"), {}));
    BackupSource without = source();
    without.read_secret = []() -> BackupResult<std::string> { return BackupFailure{BackupErrc::failed, "it is gone"}; };
    EXPECT_EQ(make_backup(without, folder.file("other.tar"), {}).error().message, "it is gone");
    EXPECT_EQ(left(), (std::vector<std::string>{"backup.tar", "data"}));
}

TEST_F(Backups, HaveASecretThatIsNoOlderThanTheirDatabase) {
    BackupSource rotated = source();
    rotated.read_secret = [this] {
        // As `secret rotate` seals again what the secret that it has just written opens.
        database->execute("UPDATE job_sources SET name = 'sealed again'");
        return BackupResult<std::string>("the new secret\nthe secret\n");
    };
    ASSERT_TRUE(make_backup(rotated, file, {}));
    ASSERT_TRUE(restore());
    EXPECT_EQ(content_of(target + "/secret"), "the new secret\nthe secret\n");
    const auto again = store::sqlite::open_database(target + "/longhand.db", Milliseconds(1000)).value();
    EXPECT_EQ(again->number("SELECT count(*) FROM job_sources WHERE name = 'sealed again'"), 0);
}

/// Whose renames know no flags.
class BackupsOnAPlainFileSystem : public Backups {
protected:
    BackupsOnAPlainFileSystem() { knows_noreplace = false; }
    ~BackupsOnAPlainFileSystem() override { knows_noreplace = true; }
};

TEST_F(BackupsOnAPlainFileSystem, AreMadeAndRestoredAllTheSame) {
    const auto made = back_up();
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(left(), (std::vector<std::string>{"backup.tar", "data"}));
    struct stat info {};
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    EXPECT_EQ(info.st_nlink, 1U);
    const auto restored = restore();
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(content_of(target + "/" + upload_name('1')), "upload 1");
    EXPECT_EQ(content_of(target + "/secret"), "the secret\n");
    EXPECT_EQ(contents_of(target), "longhand.db, secret, uploads");
}

TEST_F(BackupsOnAPlainFileSystem, ReplaceNothingThatCameMeanwhile) {
    BackupSource slow = source();
    slow.read_secret = [this] {
        std::ofstream(file) << "mine";
        return BackupResult<std::string>("the secret\n");
    };
    EXPECT_NE(make_backup(slow, file, {}).error().message.find("File exists"), std::string::npos);
    EXPECT_EQ(content_of(file), "mine");
    EXPECT_EQ(left(), (std::vector<std::string>{"backup.tar", "data"}));
}

TEST_F(Backups, AreRestoredIntoFoldersForTheirOwnerAlone) {
    const std::string artifact = "artifacts/0190a2f4-5b1c-7d3e-8f00-0123456789ab/pdf-" + std::string(64, 'a');
    fs::create_directories(fs::path(data + "/" + artifact).parent_path());
    std::ofstream(data + "/" + artifact) << "a document";
    database->execute("INSERT INTO job_sources VALUES (x'00', 9, x'00', 'hash', 'name', 8, '" + artifact + "')");
    ASSERT_TRUE(back_up());
    const mode_t before = ::umask(022);
    const auto restored = restore();
    ::umask(before);
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(content_of(target + "/" + artifact), "a document");
    for (const auto& entry : fs::recursive_directory_iterator(target)) {
        const auto mode = static_cast<unsigned>(entry.status().permissions());
        EXPECT_EQ(mode, entry.is_directory() ? 0700U : 0600U) << entry.path();
    }
}

TEST_F(Backups, AreRestoredIntoAnEmptyFolderAlone) {
    ASSERT_TRUE(back_up());
    fs::create_directories(target);
    std::ofstream(target + "/notes.txt") << "mine";
    EXPECT_NE(restore().error().message.find("notes.txt"), std::string::npos);
    fs::remove(target + "/notes.txt");
    std::ofstream(target + "/lock") << "";
    fs::create_directories(target + "/lost+found");
    EXPECT_TRUE(restore());
    EXPECT_FALSE(restore());
}

TEST_F(Backups, CutShortAtAnyPlaceOrWithAnyByteChangedAreRefusedAndLeaveNothing) {
    ASSERT_TRUE(back_up());
    const std::string whole = content_of(file);
    const auto expect_refused = [&](const std::string& bytes, const std::string& what) {
        std::ofstream(file, std::ios::trunc) << bytes;
        EXPECT_FALSE(restore()) << what;
        EXPECT_EQ(contents_of(target), "") << what;
    };
    for (std::size_t size = 0; size + 10'240 < whole.size(); size += 7'919)
        expect_refused(whole.substr(0, size), "cut at " + std::to_string(size));
    for (std::size_t at = 0; at + 10'240 < whole.size(); at += 4'999) {
        if (whole[at] == '\0') continue;  // perhaps padding, which says nothing
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 0x10);
        expect_refused(changed, "changed at " + std::to_string(at));
    }
    // In a file, in the secret, in a row: what neither the tar nor the database would notice.
    for (const std::string words : {"upload 1", "the secret", "hash"}) {
        const auto at = whole.find(words);
        ASSERT_NE(at, whole.npos) << words;
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 0x01);
        expect_refused(changed, "changed in '" + words + "'");
    }
    std::ofstream(file, std::ios::trunc) << whole;
    EXPECT_TRUE(restore());
}

TEST_F(Backups, OfANewerProgramOrOfAnotherDatabaseAreRefused) {
    database->execute("PRAGMA user_version = 999");
    ASSERT_TRUE(back_up());
    EXPECT_NE(restore().error().message.find("newer version"), std::string::npos);
    fs::remove(file);
    database->execute("PRAGMA user_version = 1");
    database->execute("CREATE TRIGGER t AFTER INSERT ON users BEGIN DELETE FROM jobs; END");
    ASSERT_TRUE(back_up());
    EXPECT_NE(restore().error().message.find("triggers"), std::string::npos);
    fs::remove(file);
    database->execute("PRAGMA application_id = 1");
    EXPECT_FALSE(back_up());
}

}  // namespace
}  // namespace longhand::backup
