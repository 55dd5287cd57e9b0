// The named queries of store/sqlite/sql/*.sql: one query, one name, one place.
#pragma once

#include <string_view>

namespace longhand::store::sqlite {

/// Views of text that is part of the program.
struct Query {
    std::string_view name;
    std::string_view sql;
};

/// In a file, a query follows a line `-- name: NAME`. Asking for a name that is not there is a bug.
Query named_query(std::string_view name);

}  // namespace longhand::store::sqlite
