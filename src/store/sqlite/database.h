// Opening the database file: what it must be, its settings, its schema.
#pragma once

#include <memory>
#include <string>

#include "store/errors.h"
#include "store/sqlite/connection.h"

namespace longhand::store::sqlite {

/// Written into the file's header, so that another program's database is never taken for ours: "LhJb".
inline constexpr std::int64_t kApplicationId = 0x4c684a62;

/// The schema of this program: the number of the last migration (store/sqlite/sql/migrations).
std::int64_t schema_version();

/// The schema that the file has, at most this program's; 0: it is empty. Changes nothing. Errors: as `open_database`,
/// and unavailable where there is no file.
StoreResult<std::int64_t> schema_of(const std::string& path, Milliseconds busy_timeout);

/// What is done with a schema older than this program's. A program of that version may be at work on the database, and
/// would go on with statements that fit no longer: only who knows that there is none may migrate.
enum class OlderSchema { migrated, refused };

/// The connection that writes. Makes the file where there is none, and brings its schema up to date. `path` may be
/// `:memory:`. Errors: unusable (a newer schema, an older one that is refused, no database, another application's,
/// damaged), unavailable (not writable, locked, disk full). `vfs`: as Connection has it.
StoreResult<std::unique_ptr<Connection>> open_database(const std::string& path, Milliseconds busy_timeout,
                                                       const std::string& vfs = {},
                                                       OlderSchema older = OlderSchema::migrated);

}  // namespace longhand::store::sqlite
