#include "store/sqlite/queries.h"

#include <array>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/embedded.h"

namespace longhand::store::sqlite {
namespace {

constexpr std::array kFiles = {"transactions.sql", "jobs.sql",          "claim.sql",       "journal.sql",
                               "ledger.sql",       "projects.sql",      "accounts.sql",    "sources.sql",
                               "lists.sql",        "provider_keys.sql", "requests.sql",    "feeds.sql",
                               "webhooks.sql",     "milestones.sql",    "prompt_calls.sql"};
constexpr std::string_view kMark = "-- name: ";

struct Queries {
    std::vector<Query> all;
    std::unordered_map<std::string_view, std::size_t> numbers;
};

void add_queries(std::string_view file, Queries& queries) {
    auto at = file.find(kMark);
    while (at != std::string_view::npos) {
        const auto name_at = at + kMark.size();
        const auto line_end = file.find('\n', name_at);
        const auto name = file.substr(name_at, line_end - name_at);
        at = file.find(kMark, line_end);
        const bool added = queries.numbers.emplace(name, queries.all.size()).second;
        if (!added) throw std::logic_error("two queries named " + std::string(name));
        queries.all.push_back({name, file.substr(line_end + 1, at - line_end - 1), queries.all.size()});
    }
}

const Queries& queries() {
    static const Queries kQueries = [] {
        Queries read;
        for (const char* file : kFiles) add_queries(embedded(file).value(), read);
        return read;
    }();
    return kQueries;
}

}  // namespace

Query named_query(std::string_view name) {
    const auto found = queries().numbers.find(name);
    if (found == queries().numbers.end()) throw std::logic_error("no query named " + std::string(name));
    return queries().all[found->second];
}

std::size_t query_count() {
    return queries().all.size();
}

std::string_view query_name(std::size_t number) {
    return queries().all.at(number).name;
}

}  // namespace longhand::store::sqlite
