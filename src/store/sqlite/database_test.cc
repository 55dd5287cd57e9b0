#include "store/sqlite/database.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <fstream>

#include "store/embedded.h"
#include "store/sqlite/temporary_folder_testing.h"

namespace longhand::store::sqlite {
namespace {

class DatabaseTest : public testing::Test {
protected:
    StoreResult<std::unique_ptr<Connection>> open() { return open_database(path_, Milliseconds{10}); }
    /// Runs SQL on the file beside this room's own way of opening it.
    void prepare(const std::string& sql) { Connection(path_, OpenMode::create, Milliseconds{10}).execute(sql); }
    void expect_refusal(StoreErrc code, const std::string& words) {
        const auto opened = open();
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, code);
        EXPECT_NE(opened.error().message.find(words), std::string::npos) << opened.error().message;
        EXPECT_NE(opened.error().message.find(path_), std::string::npos) << opened.error().message;
    }
    std::string bytes() {
        std::ifstream file(path_, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    TemporaryFolder folder_;
    std::string path_ = folder_.file("longhand.db");
};

TEST_F(DatabaseTest, ANewFileGetsTheSchemaAndSettings) {
    const auto connection = open().value();
    EXPECT_EQ(connection->number("PRAGMA user_version"), schema_version());
    EXPECT_EQ(connection->number("PRAGMA application_id"), kApplicationId);
    EXPECT_EQ(connection->number("PRAGMA synchronous"), 2);
    EXPECT_EQ(connection->number("PRAGMA foreign_keys"), 1);
    EXPECT_EQ(connection->number("SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    EXPECT_EQ(connection->number("SELECT count(*) FROM jobs"), 0);
}

TEST_F(DatabaseTest, OpeningAgainChangesNothing) {
    open().value()->execute("INSERT INTO users (id, email, created_at) VALUES (x'00', 'a@x.org', 1)");
    const auto connection = open().value();
    EXPECT_EQ(connection->number("SELECT count(*) FROM users"), 1);
}

TEST_F(DatabaseTest, JobsFromBeforeTheLedgerGetABudgetWithoutCaps) {
    prepare(std::string(embedded("migrations/0001_initial.sql").value()));
    prepare(fmt::format("PRAGMA user_version = 1; PRAGMA application_id = {}", kApplicationId));
    prepare(
        "INSERT INTO jobs (id, owner, project, state, stage, run, lease, worker, has_begun, progress, words_done,"
        " words_planned, prompt_tokens, completion_tokens, is_byok, is_starred, provider, pipeline_version, created_at,"
        " updated_at, last_event, rescues, occupies, start_tag, hangs) VALUES (x'01', x'0a', x'0b', 'queued', 'queued',"
        " 1, 0, x'', 0, 0, 0, 0, 0, 0, 0, 0, '', 1, 0, 0, 0, 0, 1, 0, 0)");
    const auto connection = open().value();
    EXPECT_EQ(connection->number("SELECT count(*) FROM budgets WHERE job = x'01' AND max_cost IS NULL"), 1);
    EXPECT_EQ(connection->number("SELECT count(*) FROM jobs"), 1);
}

TEST_F(DatabaseTest, OfWhatWasReadBeforeReadingsNoFileNameStaysAsATitle) {
    for (const char* name : {"0001_initial", "0002_ledger", "0003_provider_keys", "0004_requests", "0005_deleted_jobs",
                             "0006_usage", "0007_feeds", "0008_webhooks", "0009_milestones", "0010_prompt_calls",
                             "0011_live_index", "0012_what_jobs_leave"})
        prepare(std::string(embedded(fmt::format("migrations/{}.sql", name)).value()));
    prepare(fmt::format("PRAGMA user_version = 12; PRAGMA application_id = {}", kApplicationId));
    prepare(
        "INSERT INTO job_sources (job, position, file, sha256, name, size, path)"
        " VALUES (x'01', 0, x'02', 'named', 'For Smith', 1, '');"
        "INSERT INTO sources (owner, sha256, title, kind) VALUES (x'0a', 'plain', 'For Smith', 'text'),"
        " (x'0a', 'named', 'For Smith', 'markdown'), (x'0a', 'gone', 'For Smith.MD', 'markdown'),"
        " (x'0a', 'own', 'Of bees', 'markdown');"
        "INSERT INTO passages (owner, sha256, position, key, locator, text)"
        " VALUES (x'0a', 'own', 0, 'p-0', '{}', 'Bees fly.')");
    const auto connection = open().value();
    EXPECT_EQ(connection->number("SELECT count(*) FROM sources WHERE title = '' AND reading = ''"), 3);
    EXPECT_EQ(connection->number("SELECT count(*) FROM sources WHERE sha256 = 'own' AND title = 'Of bees'"), 1);
    EXPECT_EQ(connection->number("SELECT count(*) FROM passages WHERE reading = '' AND text = 'Bees fly.'"), 1);
}

TEST_F(DatabaseTest, TheSchemaOfAFileIsToldWithoutAChange) {
    EXPECT_EQ(schema_of(path_, Milliseconds(100)).error().code, StoreErrc::unavailable);
    EXPECT_FALSE(std::filesystem::exists(path_));
    prepare(std::string(embedded("migrations/0001_initial.sql").value()));
    prepare(fmt::format("PRAGMA user_version = 1; PRAGMA application_id = {}", kApplicationId));
    const std::string before = bytes();
    EXPECT_EQ(*schema_of(path_, Milliseconds(100)), 1);
    EXPECT_EQ(bytes(), before);
    ASSERT_TRUE(open());
    EXPECT_EQ(*schema_of(path_, Milliseconds(100)), schema_version());
}

TEST_F(DatabaseTest, AnOlderSchemaIsLeftToWhoMayMigrateIt) {
    prepare(std::string(embedded("migrations/0001_initial.sql").value()));
    prepare(fmt::format("PRAGMA user_version = 1; PRAGMA application_id = {}", kApplicationId));
    const std::string before = bytes();
    const auto refused = open_database(path_, Milliseconds{10}, {}, OlderSchema::refused);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, StoreErrc::unusable);
    const std::string words = fmt::format("{} is at schema 1 and this program needs {}", path_, schema_version());
    EXPECT_TRUE(refused.error().message.starts_with(words)) << refused.error().message;
    EXPECT_EQ(bytes(), before);
    ASSERT_TRUE(open());
    EXPECT_TRUE(open_database(path_, Milliseconds{10}, {}, OlderSchema::refused));
}

TEST_F(DatabaseTest, ANewDatabaseIsMadeAlsoByWhoMayNotMigrate) {
    EXPECT_TRUE(open_database(path_, Milliseconds{10}, {}, OlderSchema::refused));
    EXPECT_EQ(*schema_of(path_, Milliseconds(100)), schema_version());
}

TEST_F(DatabaseTest, ANewerSchemaIsRefusedAndNamesBothVersions) {
    open().value()->execute("PRAGMA user_version = 4711");
    expect_refusal(StoreErrc::unusable, "schema 4711");
    expect_refusal(StoreErrc::unusable, "newer than the " + std::to_string(schema_version()));
}

TEST_F(DatabaseTest, AFileThatIsNoDatabaseIsRefusedAndLeftAsItWas) {
    const std::string text(5'000, 'x');
    std::ofstream(path_) << text;
    expect_refusal(StoreErrc::unusable, "not a SQLite database");
    EXPECT_EQ(bytes(), text);
}

TEST_F(DatabaseTest, AnotherApplicationsDatabaseIsRefusedAndLeftAsItWas) {
    prepare("CREATE TABLE bookmarks (url TEXT)");
    const auto before = bytes();
    expect_refusal(StoreErrc::unusable, "another application");
    EXPECT_EQ(bytes(), before);
    prepare("PRAGMA application_id = 252006674");
    expect_refusal(StoreErrc::unusable, "another application");
}

TEST_F(DatabaseTest, ADamagedDatabaseIsUnusable) {
    open().value()->execute("PRAGMA wal_checkpoint(TRUNCATE)");
    {
        std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(100);
        file << std::string(3'000, '\x7f');
    }
    expect_refusal(StoreErrc::unusable, "damaged");
}

TEST_F(DatabaseTest, ALockedDatabaseIsUnavailable) {
    open().value();
    Connection other(path_, OpenMode::existing, Milliseconds{0});
    other.execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    expect_refusal(StoreErrc::unavailable, "locked by another process");
    other.execute("ROLLBACK");
}

TEST_F(DatabaseTest, AFolderThatIsNotThereIsUnavailable) {
    path_ = folder_.file("missing/longhand.db");
    expect_refusal(StoreErrc::unavailable, "check the folder");
}

// Root may write everywhere: the test gives that up for a moment.
class AsNobody {
public:
    AsNobody() : was_root_(geteuid() == 0) {
        if (was_root_ && seteuid(65534) != 0) throw std::runtime_error("seteuid");
    }
    ~AsNobody() {
        if (was_root_ && seteuid(0) != 0) std::abort();
    }

private:
    bool was_root_;
};

TEST_F(DatabaseTest, AReadOnlyFolderOrFileIsUnavailable) {
    open().value();
    std::filesystem::permissions(path_, std::filesystem::perms{0444});
    std::filesystem::permissions(folder_.path(), std::filesystem::perms{0555});
    {
        const AsNobody nobody;
        expect_refusal(StoreErrc::unavailable, "can't be opened for writing");
        path_ = folder_.file("new.db");
        expect_refusal(StoreErrc::unavailable, "can't be opened for writing");
    }
    std::filesystem::permissions(folder_.path(), std::filesystem::perms{0755});
}

TEST_F(DatabaseTest, TwoJobsCannotOccupyAProjectWhateverTheCodeSays) {
    const auto connection = open().value();
    const auto insert = [&](const std::string& id) {
        connection->execute(
            "INSERT INTO jobs (id, owner, project, state, stage, run, lease, worker, has_begun, progress, words_done,"
            " words_planned, prompt_tokens, completion_tokens, is_byok, is_starred, provider, pipeline_version,"
            " created_at, updated_at, last_event, rescues, occupies, start_tag, hangs) VALUES (x'" +
            id + "', x'0a', x'0b', 'queued', 'queued', 1, 0, x'', 0, 0, 0, 0, 0, 0, 0, 0, '', 1, 0, 0, 0, 0, 1, 0, 0)");
    };
    insert("01");
    EXPECT_THROW(insert("02"), DatabaseFailure);
}

}  // namespace
}  // namespace longhand::store::sqlite
