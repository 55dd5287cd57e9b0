#include "store/sqlite/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <filesystem>

#include "store/embedded.h"

namespace longhand::store::sqlite {
namespace {

// In order; a migration that was published is never edited.
constexpr std::array kMigrations = {
    "migrations/0001_initial.sql",      "migrations/0002_ledger.sql",       "migrations/0003_provider_keys.sql",
    "migrations/0004_requests.sql",     "migrations/0005_deleted_jobs.sql", "migrations/0006_usage.sql",
    "migrations/0007_feeds.sql",        "migrations/0008_webhooks.sql",     "migrations/0009_milestones.sql",
    "migrations/0010_prompt_calls.sql", "migrations/0011_live_index.sql",   "migrations/0012_what_jobs_leave.sql",
    "migrations/0013_readings.sql"};

std::int64_t user_version(Connection& connection) {
    return connection.number("PRAGMA user_version");
}

// Nothing of anybody's is in it yet.
bool is_blank(Connection& connection) {
    return connection.number("PRAGMA application_id") == 0 && user_version(connection) == 0 &&
           connection.number("SELECT count(*) FROM sqlite_schema") == 0;
}

StoreResult<void> check_identity(Connection& connection, const std::string& path) {
    if (is_blank(connection)) return {};
    if (connection.number("PRAGMA application_id") != kApplicationId) {
        return StoreFailure{StoreErrc::unusable,
                            fmt::format("{} is the database of another application: choose another folder", path)};
    }
    if (user_version(connection) > schema_version()) {
        return StoreFailure{
            StoreErrc::unusable,
            fmt::format(
                "{} has schema {}, newer than the {} that this program knows: start the newer version again, or "
                "restore a backup from before the upgrade",
                path, user_version(connection), schema_version())};
    }
    return {};
}

void migrate_one(Connection& connection, std::size_t index) {
    connection.execute(std::string(embedded(kMigrations[index]).value()));
    connection.execute(fmt::format("PRAGMA user_version = {}", index + 1));
}

// A file without a schema is a new database.
StoreResult<void> check_age(Connection& connection, const std::string& path, OlderSchema older) {
    const std::int64_t found = user_version(connection);
    if (older == OlderSchema::migrated || found == 0 || found >= schema_version()) return {};
    return StoreFailure{
        StoreErrc::unusable,
        fmt::format("{} is at schema {} and this program needs {}: back it up and run 'longhand migrate', or start the "
                    "server with this version, which does the same",
                    path, found, schema_version())};
}

// In one transaction: the schema is up to date, or as it was.
StoreResult<void> migrate(Connection& connection, const std::string& path, OlderSchema older) {
    if (user_version(connection) == schema_version()) return {};
    connection.query("begin_write").run();
    // Another process may have been first.
    if (auto fits = check_age(connection, path, older); !fits) {
        connection.execute("ROLLBACK");
        return fits;
    }
    for (auto at = static_cast<std::size_t>(user_version(connection)); at < kMigrations.size(); ++at) {
        migrate_one(connection, at);
    }
    connection.execute(fmt::format("PRAGMA application_id = {}", kApplicationId));
    connection.query("commit").run();
    return {};
}

void configure(Connection& connection) {
    connection.execute("PRAGMA journal_mode = WAL");
    connection.execute("PRAGMA synchronous = FULL");
    connection.execute("PRAGMA foreign_keys = ON");
    // What is deleted is overwritten in the file too: of a job that a user deletes, or of a text that was stored while
    // it was written, nothing is to be found in what the file has free.
    connection.number("PRAGMA secure_delete = ON");
    // Checkpoints are made beside the writer, see Checkpointer.
    connection.execute("PRAGMA wal_autocheckpoint = 0");
    connection.execute("PRAGMA cache_size = -16384");
}

StoreFailure opening_failure(const DatabaseFailure& failure, const std::string& path) {
    switch (failure.primary_code()) {
        case SQLITE_NOTADB:
            return {StoreErrc::unusable,
                    fmt::format("{} is not a SQLite database: move it away, or choose another folder", path)};
        case SQLITE_CORRUPT:
            return {StoreErrc::unusable, fmt::format("{} is damaged ({}): restore a backup", path, failure.what())};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {StoreErrc::unavailable, fmt::format("{} is locked by another process: end that one first", path)};
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return {StoreErrc::unavailable,
                    fmt::format("{} can't be opened for writing ({}): check the folder and its permissions", path,
                                failure.what())};
        default:
            return {StoreErrc::unavailable, fmt::format("{} can't be opened: {}", path, failure.what())};
    }
}

}  // namespace

std::int64_t schema_version() {
    return static_cast<std::int64_t>(kMigrations.size());
}

StoreResult<std::int64_t> schema_of(const std::string& path, Milliseconds busy_timeout) {
    try {
        Connection connection(path, OpenMode::read_only, busy_timeout);
        if (auto fits = check_identity(connection, path); !fits) return fits.error();
        return user_version(connection);
    } catch (const DatabaseFailure& failure) {
        return opening_failure(failure, path);
    }
}

StoreResult<std::unique_ptr<Connection>> open_database(const std::string& path, Milliseconds busy_timeout,
                                                       const std::string& vfs, OlderSchema older) {
    try {
        auto connection = std::make_unique<Connection>(path, OpenMode::create, busy_timeout, vfs);
        if (sqlite3_db_readonly(connection->handle(), "main") == 1) {
            throw DatabaseFailure(SQLITE_READONLY, "write-protected");
        }
        if (auto fits = check_identity(*connection, path); !fits) return fits.error();
        if (auto fits = check_age(*connection, path, older); !fits) return fits.error();
        configure(*connection);
        if (auto fits = migrate(*connection, path, older); !fits) return fits.error();
        return connection;
    } catch (const DatabaseFailure& failure) {
        return opening_failure(failure, path);
    }
}

}  // namespace longhand::store::sqlite
