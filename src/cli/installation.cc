#include "cli/installation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "cli/command.h"
#include "sandbox/run.h"
#include "store/sqlite/sqlite_store.h"

namespace longhand::cli {
namespace {

Failure<OpenErrc> failed(std::string message) {
    return {OpenErrc::failed, std::move(message)};
}

// A client that made a secret would sign what its server, with another one, refuses.
OpenResult<void> check_secret_is_there(const std::string& path, const std::string& data) {
    std::error_code error;
    if (std::filesystem::exists(path, error)) return {};
    return failed(
        fmt::format("There is no secret at {}, with which the server of {} would know this command. Give the "
                    "--secret-file that it was started with, or a token with --token.",
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

OpenResult<std::unique_ptr<Installation>> Installation::open(const Options& options, Hold hold, Runtime& runtime) {
    const auto path = data_path(options);
    if (!path) return path.error();
    auto installation = std::unique_ptr<Installation>(new Installation);
    if (hold == Hold::exclusive) {
        auto folder = DataFolder::lock(*path);
        if (!folder) {
            const bool held = folder.error().code == FolderErrc::held;
            return Failure<OpenErrc>{held ? OpenErrc::held : OpenErrc::failed, folder.error().message};
        }
        installation->folder_ = std::move(*folder);
    } else if (hold == Hold::client) {
        if (auto there = check_secret_is_there(secret_path(options, *path), *path); !there) return there.error();
    } else if (const auto prepared = prepare_folder(*path); !prepared) {
        return failed(prepared.error().message);
    }
    installation->path_ = *path;
    installation->files_ = std::make_unique<store::FileStore>(*path);
    installation->secret_file_ = secret_path(options, *path);
    auto secrets = http::load_or_make_secrets(installation->secret_file_, runtime.wall_now());
    if (!secrets) return failed(secrets.error().message);
    installation->secrets_ = std::move(*secrets);
    const std::string database = *path + "/longhand.db";
    if (hold != Hold::client) make_private_file(database);
    auto store = store::sqlite::open_sqlite_store(database, runtime, {});
    if (!store) return failed(store.error().message);
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
