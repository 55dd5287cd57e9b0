// migrate.
#include <fmt/format.h>

#include <cstdio>

#include "cli/command.h"
#include "cli/installation.h"
#include "store/sqlite/database.h"

namespace longhand::cli {
namespace {

using store::sqlite::schema_version;

constexpr Milliseconds kPatience{10'000};  // for another process's lock

int bring_up_to_date(const std::string& data, const std::string& database, std::int64_t found) {
    const auto folder = DataFolder::lock(data);
    if (!folder) return complain(folder.error().message);
    const auto opened = store::sqlite::open_database(database, kPatience);
    if (!opened) return complain(opened.error().message);
    std::printf("%s was at schema %lld and is at schema %lld now.\n", database.c_str(), static_cast<long long>(found),
                static_cast<long long>(schema_version()));
    return kDone;
}

int migrate(const Options& options) {
    const auto data = data_path(options);
    if (!data) return complain(data.error().message, status_of(data.error().code));
    const std::string database = *data + "/longhand.db";
    if (const auto there = check_installation_is_there(*data); !there) return complain(there.error().message);
    const auto found = store::sqlite::schema_of(database, kPatience);
    if (!found) return complain(found.error().message);
    if (*found == schema_version()) {
        std::printf("%s is at schema %lld, which is this program's.\n", database.c_str(),
                    static_cast<long long>(*found));
        return kDone;
    }
    if (!options.flag("check")) return bring_up_to_date(*data, database, *found);
    return complain(
        fmt::format("{} is at schema {}, and this program needs {}. Back it up, then run 'longhand "
                    "migrate{}', or start the server, which does the same.",
                    database, *found, schema_version(), typed_again(options, {"data", "config"})));
}

}  // namespace

std::vector<Command> migrate_commands() {
    std::vector<OptionSpec> options = {
        {.name = "check", .value = {}, .help = "changes nothing; exit status 1 when there is something to do"}};
    const auto shared = store_options();
    options.insert(options.end(), shared.begin(), shared.end());
    return {{{"migrate",
              "brings the database's schema up to date",
              "longhand migrate --check --data ./data",
              {},
              std::move(options),
              "'longhand serve' does it by itself at its start, in one transaction. There is no way back but a backup: "
              "an older program refuses a newer schema."},
             migrate}};
}

}  // namespace longhand::cli
