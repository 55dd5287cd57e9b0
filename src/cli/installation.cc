#include "cli/installation.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/command.h"
#include "http/secret.h"
#include "store/sqlite/sqlite_store.h"

namespace longhand::cli {
namespace {

Failure<OpenErrc> failed(std::string message) {
    return {OpenErrc::failed, std::move(message)};
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
    auto folder = DataFolder::lock(*path);
    if (folder) {
        installation->folder_ = std::move(*folder);
    } else if (folder.error().code == FolderErrc::unusable) {
        return failed(folder.error().message);
    } else if (hold == Hold::exclusive) {
        return Failure<OpenErrc>{OpenErrc::held, folder.error().message};
    }
    installation->path_ = *path;
    installation->files_ = std::make_unique<store::FileStore>(*path);
    auto secret = http::load_or_make_secret(secret_path(options, *path));
    if (!secret) return failed(secret.error().message);
    installation->secret_ = std::move(*secret);
    auto store = store::sqlite::open_sqlite_store(*path + "/longhand.db", runtime, {});
    if (!store) return failed(store.error().message);
    installation->store_ = std::move(*store);
    if (hold == Hold::exclusive) installation->files_->clear_scratch();
    return installation;
}

awaitable<store::StoreResult<store::User>> owner_account(store::AccountStore& accounts) {
    auto user = co_await accounts.user_by_email(kOwnerEmail);
    if (user || user.error().code != store::StoreErrc::not_found) co_return user;
    co_return co_await accounts.add_user(kOwnerEmail);
}

}  // namespace longhand::cli
