// A thin edge to SQLite: connections with their prepared statements, and rows.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "base/uuid.h"
#include "store/errors.h"

struct sqlite3;
struct sqlite3_stmt;

namespace longhand::store::sqlite {

/// SQLite could not do it. The one exception of this room: it unwinds a verb to the edge of its transaction, where it
/// is undone and becomes a StoreFailure (see `failure_of`). It never leaves the room.
class DatabaseFailure : public std::runtime_error {
public:
    DatabaseFailure(int extended_code, const std::string& message)
        : std::runtime_error(message), code_(extended_code) {}
    int primary_code() const { return code_ & 0xff; }
    bool is_constraint() const;

private:
    int code_;
};

/// `unusable` for a damaged file, one that is no database, or a write that its schema never takes; `unavailable` for
/// all that may pass (full, locked, read-only).
StoreFailure failure_of(const DatabaseFailure& failure);
/// The database's last error, with the system's reason where the disk was it.
DatabaseFailure failure_on(sqlite3* database, int code);

class QueryFigures;

/// A prepared statement in use: bind in order, then step. Resets itself when it goes. `?` in the order of the binds.
class Statement {
public:
    /// `figures`, where given, outlive it and are told of its run as that of query `number`.
    Statement(sqlite3* database, sqlite3_stmt* statement, QueryFigures* figures = nullptr, std::size_t number = 0)
        : database_(database), statement_(statement), figures_(figures), number_(number) {}
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    Statement& bind(std::int64_t value);
    Statement& bind(std::int32_t value) { return bind(static_cast<std::int64_t>(value)); }
    Statement& bind(std::uint32_t value) { return bind(static_cast<std::int64_t>(value)); }
    Statement& bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }
    Statement& bind(bool value) { return bind(static_cast<std::int64_t>(value)); }
    Statement& bind(double value);
    /// Text and ids are not copied: they outlive the step.
    Statement& bind(std::string_view text);
    Statement& bind(const std::string& text) { return bind(std::string_view(text)); }
    Statement& bind(std::string&&) = delete;
    Statement& bind(const char* text) { return bind(std::string_view(text)); }
    Statement& bind(const Uuid& id);
    Statement& bind(Uuid&&) = delete;
    Statement& bind(WallTime time) { return bind(time.time_since_epoch().count()); }
    Statement& bind_bytes(std::string_view bytes);
    Statement& bind_null();
    template <class T>
    Statement& bind(const std::optional<T>& value) {
        return value ? bind(*value) : bind_null();
    }
    template <class... T>
    Statement& bind_all(const T&... values) {
        (bind(values), ...);
        return *this;
    }

    /// True while there is a row.
    bool step();
    /// For a statement that gives no rows: the number of rows that it changed.
    std::int64_t run();

    // Columns are read in order, from the first.
    bool is_null() const;  ///< of the next column
    std::int64_t integer();
    double real();
    std::string text();
    Uuid id();
    WallTime time() { return WallTime(Milliseconds(integer())); }
    bool flag() { return integer() != 0; }
    std::optional<std::int64_t> optional_integer();
    std::optional<std::string> optional_text();
    std::optional<WallTime> optional_time();

private:
    [[noreturn]] void fail() const;
    void check(int result) const;

    sqlite3* database_;
    sqlite3_stmt* statement_;
    QueryFigures* figures_;
    std::size_t number_;
    std::optional<std::chrono::steady_clock::time_point> begun_;  ///< its first step
    int parameter_ = 0;
    int column_ = 0;
};

enum class OpenMode { create, existing, read_only };

/// Used by one thread at a time.
class Connection {
public:
    /// Throws DatabaseFailure. `path` may be `:memory:`. `vfs`: what SQLite reaches files through, by its registered
    /// name; empty: the system's own, which is for all but tests.
    Connection(const std::string& path, OpenMode mode, Milliseconds busy_timeout, const std::string& vfs = {});
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// The query of that name (store/sqlite/sql/*.sql), prepared once. Not to be asked for again while it is in use.
    Statement query(std::string_view name);
    /// Runs SQL that takes and gives nothing. Throws DatabaseFailure.
    void execute(const std::string& sql);
    /// The one number that `sql` gives.
    std::int64_t number(const std::string& sql);

    /// From now on its queries count there, until it goes.
    void count_into(std::shared_ptr<QueryFigures> figures) { figures_ = std::move(figures); }

    bool in_transaction() const;
    /// Rows that were inserted, changed or deleted since it was opened; never falls, also when they are rolled back.
    std::int64_t changes() const;
    sqlite3* handle() const { return database_; }

private:
    sqlite3_stmt* prepare(std::string_view sql);

    struct Prepared {
        sqlite3_stmt* statement = nullptr;
        std::size_t number = 0;
    };
    sqlite3* database_ = nullptr;
    std::shared_ptr<QueryFigures> figures_;
    std::unordered_map<std::string_view, Prepared> prepared_;
};

/// One consistent view for several reads. Ends when it goes.
class Snapshot {
public:
    explicit Snapshot(Connection& connection);
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

private:
    Connection& connection_;
    bool own_;  ///< inside a transaction that runs already there is nothing to begin
};

}  // namespace longhand::store::sqlite
