#include "cli/installation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "cli/command.h"
#include "cli/values.h"
#include "sandbox/run.h"
#include "store/sqlite/sqlite_store.h"

namespace longhand::cli {
namespace {

Failure<OpenErrc> failed(std::string message) {
    return {OpenErrc::failed, std::move(message)};
}

// Who made a secret here would sign what the server, with another one, refuses.
OpenResult<void> check_secret_is_there(const std::string& path, const std::string& data) {
    const auto there = is_there(path);
    if (!there) return there.error();
    if (*there) return {};
    return failed(
        fmt::format("There is no secret at {}, with which the server of {} signs. Give the --secret-file that it was "
                    "started with; where there is none yet, 'longhand serve' makes it.",
                    path, data));
}

// SQLite makes its database readable for all, and its logs with the database's mode. An empty file is a new database.
// Where it can't be made the store says why.
void make_private_file(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) close(file);
}

}  // namespace

int status_of(OpenErrc code) {
    return code == OpenErrc::usage ? kUsage : kFailed;
}

OpenResult<std::string> data_path(const Options& options) {
    const auto given = options.find("data");
    const auto path = given ? given : default_data_folder();
    if (!path || path->empty())
        return Failure<OpenErrc>{OpenErrc::usage, "There is no HOME to keep data in: name a folder with --data."};
    std::error_code error;
    const auto whole = std::filesystem::absolute(*path, error);
    if (error) return failed(fmt::format("{} is no usable folder: {}.", *path, error.message()));
    return whole.lexically_normal().string();
}

std::string secret_path(const Options& options, const std::string& data) {
    return options.find("secret-file").value_or(data + "/secret");
}

OpenResult<bool> is_there(const std::string& path) {
    std::error_code error;
    const bool there = std::filesystem::exists(path, error);
    if (error) return failed(fmt::format("{} can't be read: {}.", path, error.message()));
    return there;
}

OpenResult<void> check_installation_is_there(const std::string& data) {
    const auto there = is_there(data + "/longhand.db");
    if (!there) return there.error();
    if (*there) return {};
    return failed(
        fmt::format("There is no installation in {}: it has no longhand.db. 'longhand serve' or 'longhand user add' "
                    "makes one; name another folder with --data.",
                    data));
}

OpenResult<void> Installation::take_folder(Hold hold) {
    if (hold == Hold::exclusive) {
        auto folder = DataFolder::lock(path_);
        if (!folder) {
            const bool held = folder.error().code == FolderErrc::held;
            return Failure<OpenErrc>{held ? OpenErrc::held : OpenErrc::failed, folder.error().message};
        }
        folder_ = std::move(*folder);
        return {};
    }
    if (hold == Hold::founding) {
        if (const auto prepared = prepare_folder(path_); !prepared) return failed(prepared.error().message);
        return {};
    }
    return check_installation_is_there(path_);
}

OpenResult<void> Installation::take_secrets(Hold hold, WallTime now) {
    if (hold == Hold::signing) {
        if (auto there = check_secret_is_there(secret_file_, path_); !there) return there;
    }
    if (hold == Hold::beside) {
        const auto there = is_there(secret_file_);
        if (!there) return there.error();
        if (!*there) return {};
    }
    auto secrets = http::load_or_make_secrets(secret_file_, now);
    if (!secrets) return failed(secrets.error().message);
    secrets_ = std::move(*secrets);
    return {};
}

OpenResult<std::unique_ptr<Installation>> Installation::open(const Options& options, Hold hold, Runtime& runtime) {
    const auto path = data_path(options);
    if (!path) return path.error();
    auto installation = std::unique_ptr<Installation>(new Installation);
    installation->path_ = *path;
    installation->secret_file_ = secret_path(options, *path);
    if (auto taken = installation->take_folder(hold); !taken) return taken.error();
    if (auto taken = installation->take_secrets(hold, runtime.wall_now()); !taken) return taken.error();
    installation->files_ = std::make_unique<store::FileStore>(*path);
    const std::string database = *path + "/longhand.db";
    const bool makes = hold == Hold::exclusive || hold == Hold::founding;
    if (makes) make_private_file(database);
    store::sqlite::SqliteOptions how;
    // A server of an older version may run, unless this process holds the folder.
    if (hold != Hold::exclusive) how.older_schema = store::sqlite::OlderSchema::refused;
    auto store = store::sqlite::open_sqlite_store(database, runtime, how);
    if (!store) return failed(sentence(store.error().message));
    installation->store_ = std::move(*store);
    if (hold == Hold::exclusive) {
        sandbox::end_strays(*path);
        installation->files_->clear_scratch();
    }
    return installation;
}

awaitable<store::StoreResult<store::User>> owner_account(store::AccountStore& accounts) {
    auto user = co_await accounts.user_by_email(kOwnerEmail);
    if (user || user.error().code != store::StoreErrc::not_found) co_return user;
    co_return co_await accounts.add_user(kOwnerEmail);
}

}  // namespace longhand::cli
