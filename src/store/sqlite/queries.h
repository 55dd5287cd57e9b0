// The named queries of store/sqlite/sql/*.sql: one query, one name, one place.
#pragma once

#include <cstddef>
#include <string_view>

namespace longhand::store::sqlite {

/// Views of text that is part of the program.
struct Query {
    std::string_view name;
    std::string_view sql;
    std::size_t number = 0;  ///< below `query_count`, the same for the life of the process
};

/// In a file, a query follows a line `-- name: NAME`. Asking for a name that is not there is a bug.
Query named_query(std::string_view name);
std::size_t query_count();
std::string_view query_name(std::size_t number);

}  // namespace longhand::store::sqlite
