#include "store/sqlite/power_cut_testing.h"

#include <gtest/gtest.h>

#include <set>

#include "store/sqlite/database.h"
#include "store/sqlite/temporary_folder_testing.h"

namespace longhand::store::sqlite {
namespace {

constexpr std::size_t kPowerCutPage = 4'096;
const std::string kBefore(kPowerCutPage, 'b'), kAfter(kPowerCutPage, 'a');

TEST(DiskFile, ChangesThatHaveWaitedLongAreWrittenUnasked) {
    DiskFile file;
    file.write(0, "first");
    const std::string large(1U << 20, 'x');
    for (std::size_t written = 0; written < 2 * DiskFile::kMostUnsynced; written += large.size()) file.write(8, large);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        std::mt19937_64 random(seed);
        EXPECT_EQ(file.after_cut(random, 512).substr(0, 5), "first");
    }
}

/// One cut, and what the disk may hold afterwards.
class PowerCutTest : public testing::Test {
protected:
    static constexpr std::uint64_t kOutcomes = 200;

    std::unique_ptr<Connection> connect(OpenMode mode = OpenMode::create) {
        return std::make_unique<Connection>(path_, mode, Milliseconds{0}, machine_.vfs());
    }
    static sqlite3_file* file_of(Connection& connection) {
        sqlite3_file* file = nullptr;
        sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
        return file;
    }
    static void write(sqlite3_file* file, std::int64_t offset, const std::string& bytes) {
        EXPECT_EQ(file->pMethods->xWrite(file, bytes.data(), static_cast<int>(bytes.size()), offset), SQLITE_OK);
    }
    static void truncate(sqlite3_file* file, std::int64_t size) {
        EXPECT_EQ(file->pMethods->xTruncate(file, size), SQLITE_OK);
    }
    static void sync(sqlite3_file* file) { EXPECT_EQ(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK); }
    void remove(int syncs_folder) {
        sqlite3_vfs* vfs = sqlite3_vfs_find(machine_.vfs().c_str());
        EXPECT_EQ(vfs->xDelete(vfs, path_.c_str(), syncs_folder), SQLITE_OK);
    }

    void put(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }
    /// The file's content; nothing when there is no file.
    std::optional<std::string> bytes() {
        if (!std::filesystem::exists(path_)) return std::nullopt;
        std::ifstream file(path_, std::ios::binary);
        return std::string{std::istreambuf_iterator<char>(file), {}};
    }
    std::set<std::optional<std::string>> outcomes() {
        std::set<std::optional<std::string>> all;
        for (std::uint64_t seed = 0; seed < kOutcomes; ++seed) {
            machine_.settle(seed);
            all.insert(bytes());
        }
        return all;
    }

    TemporaryFolder folder_;
    const std::string path_ = folder_.file("test.db");
    PowerCutMachine machine_;
};

TEST_F(PowerCutTest, WhatWasSyncedIsThereAndTheRestMayBeLostInAnyOfItsSectors) {
    put(kBefore + kBefore);
    const auto connection = connect();
    write(file_of(*connection), 0, kAfter);
    sync(file_of(*connection));
    write(file_of(*connection), kPowerCutPage, kAfter);
    const auto all = outcomes();
    for (const auto& content : all) EXPECT_EQ(content->substr(0, kPowerCutPage), kAfter);
    EXPECT_TRUE(all.contains(kAfter + kBefore));
    EXPECT_TRUE(all.contains(kAfter + kAfter));
    EXPECT_GT(all.size(), 10U);
}

TEST_F(PowerCutTest, OfTwoWritesEitherMayBeLost) {
    put(kBefore + kBefore);
    const auto connection = connect();
    write(file_of(*connection), 0, kAfter);
    write(file_of(*connection), kPowerCutPage, kAfter);
    const auto all = outcomes();
    for (const auto* first : {&kBefore, &kAfter}) {
        for (const auto* second : {&kBefore, &kAfter}) EXPECT_TRUE(all.contains(*first + *second));
    }
}

TEST_F(PowerCutTest, ATruncationIsSureOnceItIsSynced) {
    put(kBefore + kBefore);
    const auto connection = connect();
    truncate(file_of(*connection), kPowerCutPage);
    EXPECT_EQ(outcomes(), (std::set<std::optional<std::string>>{kBefore, kBefore + kBefore}));
}

TEST_F(PowerCutTest, ASyncedTruncationIsNotUndone) {
    put(kBefore + kBefore);
    const auto connection = connect();
    truncate(file_of(*connection), kPowerCutPage);
    sync(file_of(*connection));
    EXPECT_EQ(outcomes(), (std::set<std::optional<std::string>>{kBefore}));
}

TEST_F(PowerCutTest, ANewFileMayBeGoneThoughItsBytesWereSynced) {
    const auto connection = connect();
    write(file_of(*connection), 0, kAfter);
    sync(file_of(*connection));
    EXPECT_EQ(outcomes(), (std::set<std::optional<std::string>>{std::nullopt, kAfter}));
}

TEST_F(PowerCutTest, ARemovedFileMayComeBackUnlessItsFolderWasSynced) {
    put(kBefore);
    remove(0);
    EXPECT_EQ(outcomes(), (std::set<std::optional<std::string>>{std::nullopt, kBefore}));
}

TEST_F(PowerCutTest, AFileThatWasRemovedWithItsFolderSyncedStaysGone) {
    put(kBefore);
    remove(1);
    EXPECT_EQ(outcomes(), (std::set<std::optional<std::string>>{std::nullopt}));
}

TEST_F(PowerCutTest, AfterTheCutTheOldMachineFailsAndTouchesNothing) {
    auto connection = connect();
    connection->execute("PRAGMA journal_mode = WAL; CREATE TABLE notes (text TEXT)");
    machine_.settle(1);
    const auto left = bytes();
    for (const char* sql : {"SELECT * FROM notes", "INSERT INTO notes VALUES ('late')", "PRAGMA wal_checkpoint"}) {
        try {
            connection->execute(sql);
            ADD_FAILURE() << sql;
        } catch (const DatabaseFailure& failure) {
            EXPECT_EQ(failure.primary_code(), SQLITE_IOERR) << sql << ": " << failure.what();
        }
    }
    EXPECT_THROW(connect(), DatabaseFailure);
    const auto names = [this] { return std::distance(std::filesystem::directory_iterator(folder_.path()), {}); };
    const auto count = names();
    connection.reset();
    EXPECT_EQ(bytes(), left);
    EXPECT_EQ(names(), count);
}

TEST_F(PowerCutTest, ThePowerGoesInThePlaceOfTheOperationThatWasNamed) {
    put(kBefore);
    const auto connection = connect();
    sqlite3_file* file = file_of(*connection);
    machine_.cut_at(3);
    write(file, 0, kAfter);
    sync(file);
    EXPECT_TRUE(machine_.has_power());
    EXPECT_EQ(file->pMethods->xWrite(file, kBefore.data(), static_cast<int>(kPowerCutPage), 0), SQLITE_IOERR_WRITE);
    EXPECT_FALSE(machine_.has_power());
    EXPECT_EQ(outcomes(), (std::set<std::optional<std::string>>{kAfter}));
}

/// How many of five commits are there after each of the outcomes of a cut that follows the last at once; -1: not even
/// the table, which a commit of its own made.
class PowerCutCommits : public testing::Test {
protected:
    static std::set<std::int64_t> kept(const std::string& pragmas) {
        const TemporaryFolder folder;
        const std::string path = folder.file("test.db");
        PowerCutMachine machine;
        Connection connection(path, OpenMode::create, Milliseconds{0}, machine.vfs());
        connection.execute(pragmas + "; CREATE TABLE notes (text TEXT)");
        for (int i = 0; i < 5; ++i) connection.execute("INSERT INTO notes VALUES (hex(zeroblob(3000)))");
        std::set<std::int64_t> all;
        for (std::uint64_t seed = 0; seed < 100; ++seed) {
            machine.settle(seed);
            all.insert(count(path));
        }
        return all;
    }

private:
    static std::int64_t count(const std::string& path) {
        Connection after(path, OpenMode::create, Milliseconds{0});
        EXPECT_EQ(after.number("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
        if (after.number("SELECT count(*) FROM sqlite_schema") == 0) return -1;
        return after.number("SELECT count(*) FROM notes WHERE length(text) = 6000");
    }
};

TEST_F(PowerCutCommits, AreAllThereWithTheSettingsOfTheProduct) {
    EXPECT_EQ(kept("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"), std::set<std::int64_t>{5});
}

TEST_F(PowerCutCommits, AreLostWithoutSyncs) {
    EXPECT_TRUE(kept("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF").contains(-1));
    EXPECT_TRUE(kept("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL").contains(-1));
}

// https://www.sqlite.org/pragma.html#pragma_synchronous: with FULL the last commit may be rolled back, for the journal
// that was removed comes back; EXTRA syncs its folder.
TEST_F(PowerCutCommits, OfARollbackJournalNeedItsFolderSynced) {
    EXPECT_EQ(kept("PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA"), std::set<std::int64_t>{5});
    EXPECT_EQ(kept("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL"), (std::set<std::int64_t>{4, 5}));
}

TEST(PowerCutOpening, IsFinishedByTheNextOneWhereverItWasCut) {
    bool was_cut = true;
    for (std::uint64_t operation = 1; was_cut; operation += 1 + operation / 8) {
        SCOPED_TRACE(operation);
        const TemporaryFolder folder;
        const std::string path = folder.file("longhand.db");
        PowerCutMachine machine;
        machine.cut_at(operation);
        ignore_result(open_database(path, Milliseconds{0}, machine.vfs()), "it may be cut at any place");
        was_cut = !machine.has_power();
        machine.settle(operation);
        const auto opened = open_database(path, Milliseconds{0});
        ASSERT_TRUE(opened) << opened.error().message;
        EXPECT_EQ((*opened)->number("PRAGMA user_version"), schema_version());
        EXPECT_EQ((*opened)->number("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    }
}

}  // namespace
}  // namespace longhand::store::sqlite
