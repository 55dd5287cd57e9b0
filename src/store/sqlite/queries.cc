#include "store/sqlite/queries.h"

#include <array>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include "store/embedded.h"

namespace longhand::store::sqlite {
namespace {

constexpr std::array kFiles = {"transactions.sql", "jobs.sql",     "claim.sql",   "journal.sql", "ledger.sql",
                               "projects.sql",     "accounts.sql", "sources.sql", "lists.sql"};
constexpr std::string_view kMark = "-- name: ";

using Queries = std::unordered_map<std::string_view, std::string_view>;

void add_queries(std::string_view file, Queries& queries) {
    auto at = file.find(kMark);
    while (at != std::string_view::npos) {
        const auto name_at = at + kMark.size();
        const auto line_end = file.find('\n', name_at);
        const auto name = file.substr(name_at, line_end - name_at);
        at = file.find(kMark, line_end);
        const bool added = queries.emplace(name, file.substr(line_end + 1, at - line_end - 1)).second;
        if (!added) throw std::logic_error("two queries named " + std::string(name));
    }
}

Queries all_queries() {
    Queries queries;
    for (const char* file : kFiles) add_queries(embedded(file).value(), queries);
    return queries;
}

}  // namespace

Query named_query(std::string_view name) {
    static const Queries kQueries = all_queries();
    const auto found = kQueries.find(name);
    if (found == kQueries.end()) throw std::logic_error("no query named " + std::string(name));
    return {found->first, found->second};
}

}  // namespace longhand::store::sqlite
