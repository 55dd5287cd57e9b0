#include "store/sqlite/copy.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>

#include "store/sqlite/connection.h"
#include "store/sqlite/database.h"
#include "store/sqlite/rows.h"

namespace longhand::store::sqlite {
namespace {

constexpr Milliseconds kPatience{10'000};
// Some 16 MB: often enough to hear of a stop.
constexpr int kPagesAtOnce = 4'096;

using OnlineBackup = std::unique_ptr<sqlite3_backup, int (*)(sqlite3_backup*)>;

/// False: stopped.
bool copy_pages(Connection& source, Connection& target, const StopToken& stop) {
    OnlineBackup backup(sqlite3_backup_init(target.handle(), "main", source.handle(), "main"), &sqlite3_backup_finish);
    if (!backup) throw DatabaseFailure(sqlite3_extended_errcode(target.handle()), sqlite3_errmsg(target.handle()));
    int result = SQLITE_OK;
    while (result == SQLITE_OK) {
        if (stop.stopped()) return false;
        result = sqlite3_backup_step(backup.get(), kPagesAtOnce);
    }
    if (result != SQLITE_DONE) throw DatabaseFailure(result, sqlite3_errstr(result));
    return true;
}

StoreFailure about(const std::string& path, const DatabaseFailure& failure) {
    StoreFailure told = failure_of(failure);
    told.message = fmt::format("{}: {}", path, failure.what());
    return told;
}

StoreFailure unusable(std::string message) {
    return {StoreErrc::unusable, std::move(message)};
}

}  // namespace

StoreResult<void> copy_database(const std::string& from, const std::string& to, const StopToken& stop) {
    try {
        Connection source(from, OpenMode::read_only, kPatience);
        Connection target(to, OpenMode::create, kPatience);
        target.execute("PRAGMA synchronous = OFF");
        {
            // Pages are copied in several steps; a transaction that has read makes them all of one moment, and a
            // writer goes on beside it.
            const Snapshot snapshot(source);
            if (source.number("PRAGMA application_id") != kApplicationId)
                return unusable(fmt::format("{} is not a database of this program", from));
            source.number("SELECT count(*) FROM sqlite_schema");
            if (!copy_pages(source, target, stop)) return StoreFailure{StoreErrc::stopping, "stopped"};
        }
        target.execute("PRAGMA journal_mode = DELETE");
        return {};
    } catch (const DatabaseFailure& failure) {
        return about(from, failure);
    }
}

StoreResult<std::vector<std::string>> named_files(const std::string& path) {
    try {
        Connection connection(path, OpenMode::existing, kPatience);
        return read_texts(connection.query("named_files"));
    } catch (const DatabaseFailure& failure) {
        return about(path, failure);
    }
}

StoreResult<void> check_database(const std::string& path) {
    try {
        Connection connection(path, OpenMode::existing, kPatience);
        if (connection.number("PRAGMA application_id") != kApplicationId)
            return unusable("it is not a database of this program");
        if (connection.number("PRAGMA user_version") > schema_version())
            return unusable("it was written by a newer version of this program, which is needed to read it");
        if (connection.number("SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'view')") != 0)
            return unusable("it holds triggers or views, which no database of this program has");
        // The number of problems; a whole one says `ok`.
        if (connection.number("SELECT count(*) FROM pragma_quick_check(1) WHERE quick_check <> 'ok'") != 0)
            return unusable("it is damaged");
        return {};
    } catch (const DatabaseFailure& failure) {
        return StoreFailure{failure_of(failure).code, failure.what()};
    }
}

}  // namespace longhand::store::sqlite
