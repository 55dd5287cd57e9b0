// The thin edge to SQLite that the index needs: a connection and its statements.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace longhand::sources {

struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct FinishStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

/// A prepared statement; one that could not be prepared has no rows.
class Statement {
public:
    Statement() = default;
    Statement(sqlite3* database, std::string_view sql);

    /// Parameters count from 1. Texts must live until the next `reset`.
    void bind(int index, std::string_view text);
    void bind(int index, std::int64_t value);
    /// True when there is a row.
    bool step();
    /// Whether the last step ended well.
    bool done() const { return last_ == SQLITE_DONE; }
    void reset();
    std::string text(int column) const;
    std::int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
    double real(int column) const { return sqlite3_column_double(statement_.get(), column); }

private:
    std::unique_ptr<sqlite3_stmt, FinishStatement> statement_;
    int last_ = SQLITE_ERROR;
};

bool execute(sqlite3* database, const char* sql);
/// Nothing when it can't be opened.
Database open_database(const std::string& path, int flags);

}  // namespace longhand::sources
