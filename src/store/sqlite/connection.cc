#include "store/sqlite/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstring>
#include <system_error>

#include "store/sqlite/queries.h"
#include "store/sqlite/query_figures.h"

namespace longhand::store::sqlite {
namespace {

// SQLite counts what it allocates under one mutex of the process, which is a twentieth of a write; nobody asks for the
// count. Only before SQLite is first used: later it says no, and goes on counting.
void leave_memory_uncounted() {
    static const int asked = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)asked;
}

}  // namespace

bool DatabaseFailure::is_constraint() const {
    return primary_code() == SQLITE_CONSTRAINT;
}

StoreFailure failure_of(const DatabaseFailure& failure) {
    switch (failure.primary_code()) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return {StoreErrc::unusable, fmt::format("the database is damaged ({}): restore a backup", failure.what())};
        // What is written is not what the schema takes, whenever it is tried.
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
        case SQLITE_TOOBIG:
        case SQLITE_RANGE:
        case SQLITE_MISUSE:
            return {StoreErrc::unusable, failure.what()};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {StoreErrc::unavailable,
                    fmt::format("another program holds the lock of longhand.db in the data folder ({}): end that "
                                "program; fuser longhand.db names it",
                                failure.what())};
        case SQLITE_FULL:
            return {StoreErrc::unavailable,
                    fmt::format("the disk of the data folder is full ({}): free some space there", failure.what())};
        case SQLITE_READONLY:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return {StoreErrc::unavailable,
                    fmt::format("the data folder's disk refuses longhand.db ({}): look at its mount, its permissions "
                                "and the system's log",
                                failure.what())};
        default:
            return {StoreErrc::unavailable, failure.what()};
    }
}

DatabaseFailure failure_on(sqlite3* database, int code) {
    std::string message = sqlite3_errmsg(database);
    const int primary = code & 0xff;
    const int error = sqlite3_system_errno(database);
    if (error != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN))
        message += ": " + std::generic_category().message(error);
    return {code, message};
}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      figures_(other.figures_),
      number_(other.number_),
      begun_(other.begun_),
      parameter_(other.parameter_),
      column_(other.column_) {}

Statement::~Statement() {
    if (statement_ == nullptr) return;
    if (begun_) figures_->ran(number_, std::chrono::steady_clock::now() - *begun_);
    // A failed step says so again here; it has been told already.
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

void Statement::fail() const {
    throw failure_on(database_, sqlite3_extended_errcode(database_));
}

void Statement::check(int result) const {
    if (result != SQLITE_OK) fail();
}

Statement& Statement::bind(std::int64_t value) {
    check(sqlite3_bind_int64(statement_, ++parameter_, value));
    return *this;
}

Statement& Statement::bind(double value) {
    check(sqlite3_bind_double(statement_, ++parameter_, value));
    return *this;
}

Statement& Statement::bind(std::string_view text) {
    // An empty view may have no address, which SQLite takes for NULL.
    const char* data = text.empty() ? "" : text.data();
    check(sqlite3_bind_text64(statement_, ++parameter_, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind(const Uuid& id) {
    check(
        sqlite3_bind_blob(statement_, ++parameter_, id.bytes.data(), static_cast<int>(id.bytes.size()), SQLITE_STATIC));
    return *this;
}

Statement& Statement::bind_bytes(std::string_view bytes) {
    const char* data = bytes.empty() ? "" : bytes.data();
    check(sqlite3_bind_blob64(statement_, ++parameter_, data, bytes.size(), SQLITE_STATIC));
    return *this;
}

Statement& Statement::bind_null() {
    check(sqlite3_bind_null(statement_, ++parameter_));
    return *this;
}

bool Statement::step() {
    column_ = 0;
    if (figures_ != nullptr && !begun_) begun_ = std::chrono::steady_clock::now();
    const int result = sqlite3_step(statement_);
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    fail();
}

std::int64_t Statement::run() {
    step();
    return sqlite3_changes64(database_);
}

bool Statement::is_null() const {
    return sqlite3_column_type(statement_, column_) == SQLITE_NULL;
}
std::int64_t Statement::integer() {
    return sqlite3_column_int64(statement_, column_++);
}
double Statement::real() {
    return sqlite3_column_double(statement_, column_++);
}

std::string Statement::text() {
    // The bytes first: asking for the size as UTF-8 of a BLOB would convert it.
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column_));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column_++));
    return data == nullptr ? std::string() : std::string(data, size);
}

Uuid Statement::id() {
    Uuid id;
    const void* data = sqlite3_column_blob(statement_, column_);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column_++));
    if (data != nullptr && size == id.bytes.size()) std::memcpy(id.bytes.data(), data, size);
    return id;
}

std::optional<std::int64_t> Statement::optional_integer() {
    if (!is_null()) return integer();
    ++column_;
    return std::nullopt;
}

std::optional<std::string> Statement::optional_text() {
    if (!is_null()) return text();
    ++column_;
    return std::nullopt;
}

std::optional<WallTime> Statement::optional_time() {
    if (!is_null()) return time();
    ++column_;
    return std::nullopt;
}

Connection::Connection(const std::string& path, OpenMode mode, Milliseconds busy_timeout, const std::string& vfs) {
    leave_memory_uncounted();
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (mode == OpenMode::create) flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (mode == OpenMode::existing) flags |= SQLITE_OPEN_READWRITE;
    if (mode == OpenMode::read_only) flags |= SQLITE_OPEN_READONLY;
    const int result = sqlite3_open_v2(path.c_str(), &database_, flags, vfs.empty() ? nullptr : vfs.c_str());
    if (result != SQLITE_OK) {
        const DatabaseFailure failure =
            database_ ? failure_on(database_, result) : DatabaseFailure(result, sqlite3_errstr(result));
        sqlite3_close(database_);
        throw failure;
    }
    sqlite3_busy_timeout(database_, static_cast<int>(busy_timeout.count()));
}

Connection::~Connection() {
    for (const auto& [name, prepared] : prepared_) sqlite3_finalize(prepared.statement);
    sqlite3_close(database_);
}

sqlite3_stmt* Connection::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int result = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (result != SQLITE_OK) throw failure_on(database_, result);
    return statement;
}

Statement Connection::query(std::string_view name) {
    auto found = prepared_.find(name);
    if (found == prepared_.end()) {
        const Query query = named_query(name);
        found = prepared_.emplace(query.name, Prepared{prepare(query.sql), query.number}).first;
    }
    const auto [statement, number] = found->second;
    if (sqlite3_stmt_busy(statement)) throw std::logic_error(fmt::format("query {} is in use", name));
    return Statement(database_, statement, figures_.get(), number);
}

void Connection::execute(const std::string& sql) {
    const int result = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) throw failure_on(database_, sqlite3_extended_errcode(database_));
}

std::int64_t Connection::number(const std::string& sql) {
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owned(prepare(sql), &sqlite3_finalize);
    Statement statement(database_, owned.get());
    return statement.step() ? statement.integer() : 0;
}

bool Connection::in_transaction() const {
    return sqlite3_get_autocommit(database_) == 0;
}

std::int64_t Connection::changes() const {
    return sqlite3_total_changes64(database_);
}

Snapshot::Snapshot(Connection& connection) : connection_(connection), own_(!connection.in_transaction()) {
    if (own_) connection_.query("begin_read").run();
}

Snapshot::~Snapshot() {
    if (!own_) return;
    try {
        connection_.query("end_read").run();
    } catch (const DatabaseFailure&) {
        // Nothing was written; SQLite has ended the transaction by itself.
    }
}

}  // namespace longhand::store::sqlite
