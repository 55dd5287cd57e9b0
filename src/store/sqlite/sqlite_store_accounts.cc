// ProjectStore, AccountStore and RequestStore over the verbs.
#include "store/sqlite/sqlite_store_impl.h"
#include "store/sqlite/verbs_accounts.h"
#include "store/sqlite/verbs_projects.h"

namespace longhand::store::sqlite {

awaitable<StoreResult<Project>> SqliteStore::create_project(Uuid owner, std::string title, std::string email,
                                                            Once<Project> once) {
    return write<Project>(
        "create_project",
        [owner, title = std::move(title), email = std::move(email)](Write& write) {
            return sqlite::create_project(write, owner, title, email);
        },
        std::move(once));
}

awaitable<StoreResult<std::vector<Project>>> SqliteStore::projects_of_owner(Uuid owner) {
    return read<std::vector<Project>>(
        [owner](Connection& connection) { return sqlite::projects_of_owner(connection, owner); });
}

awaitable<StoreResult<Project>> SqliteStore::project_for_owner(Uuid owner, Uuid project) {
    return read<Project>(
        [owner, project](Connection& connection) { return sqlite::project_for_owner(connection, owner, project); });
}

awaitable<StoreResult<Project>> SqliteStore::update_project(Uuid owner, Uuid project, ProjectChange change) {
    return write<Project>("update_project", [owner, project, change = std::move(change)](Write& write) {
        return sqlite::update_project(write, owner, project, change);
    });
}

awaitable<StoreResult<std::vector<std::string>>> SqliteStore::delete_project(Uuid owner, Uuid project) {
    return write<std::vector<std::string>>(
        "delete_project", [owner, project](Write& write) { return sqlite::delete_project(write, owner, project); });
}

awaitable<StoreResult<ProjectFile>> SqliteStore::add_file(ProjectFile file) {
    return write<ProjectFile>("add_file",
                              [file = std::move(file)](Write& write) { return sqlite::add_file(write, file); });
}

awaitable<StoreResult<AddedFiles>> SqliteStore::add_files(Uuid owner, Uuid project, std::vector<ProjectFile> files,
                                                          Once<AddedFiles> once) {
    return write<AddedFiles>(
        "add_files",
        [owner, project, files = std::move(files)](Write& write) {
            return sqlite::add_files(write, owner, project, files);
        },
        std::move(once));
}

awaitable<StoreResult<std::vector<ProjectFile>>> SqliteStore::files_of_project(Uuid owner, Uuid project) {
    return read<std::vector<ProjectFile>>(
        [owner, project](Connection& connection) { return sqlite::files_of_project(connection, owner, project); });
}

awaitable<StoreResult<ProjectFile>> SqliteStore::file_for_owner(Uuid owner, Uuid file) {
    return read<ProjectFile>(
        [owner, file](Connection& connection) { return sqlite::file_for_owner(connection, owner, file); });
}

awaitable<StoreResult<std::vector<std::string>>> SqliteStore::delete_file(Uuid owner, Uuid file) {
    return write<std::vector<std::string>>(
        "delete_file", [owner, file](Write& write) { return sqlite::delete_file(write, owner, file); });
}

awaitable<StoreResult<std::vector<std::string>>> SqliteStore::unnamed(std::vector<std::string> paths) {
    return read<std::vector<std::string>>(
        [paths = std::move(paths)](Connection& connection) { return sqlite::unnamed(connection, paths); });
}

awaitable<StoreResult<User>> SqliteStore::add_user(std::string email) {
    return write<User>("add_user", [email = std::move(email)](Write& write) { return sqlite::add_user(write, email); });
}

awaitable<StoreResult<std::vector<User>>> SqliteStore::users() {
    return read<std::vector<User>>([](Connection& connection) { return sqlite::users(connection); });
}

awaitable<StoreResult<User>> SqliteStore::user(Uuid id) {
    return read<User>([id](Connection& connection) { return sqlite::user(connection, id); });
}

awaitable<StoreResult<void>> SqliteStore::user_is_there(Uuid id) {
    const SteadyTime now = runtime_.steady_now();
    if (known_users_->is_there(id, now)) co_return StoreResult<void>{};
    const auto ticket = known_users_->ticket();
    const auto found = co_await user(id);
    if (!found) co_return found.error();
    known_users_->note(id, now, ticket);
    co_return StoreResult<void>{};
}

awaitable<StoreResult<User>> SqliteStore::user_by_email(std::string email) {
    return read<User>(
        [email = std::move(email)](Connection& connection) { return sqlite::user_by_email(connection, email); });
}

awaitable<StoreResult<void>> SqliteStore::remove_user(Uuid id) {
    return write<void>("remove_user", [id](Write& write) { return sqlite::remove_user(write, id); });
}

awaitable<StoreResult<void>> SqliteStore::set_api_key(Uuid user, std::string key_sha256, Once<void> once) {
    return write<void>(
        "set_api_key",
        [user, key_sha256 = std::move(key_sha256)](Write& write) {
            return sqlite::set_api_key(write, user, key_sha256);
        },
        std::move(once));
}

awaitable<StoreResult<User>> SqliteStore::user_by_api_key(std::string key_sha256) {
    return read<User>([key_sha256 = std::move(key_sha256)](Connection& connection) {
        return sqlite::user_by_api_key(connection, key_sha256);
    });
}

awaitable<StoreResult<std::optional<WallTime>>> SqliteStore::api_key_created_at(Uuid user) {
    return read<std::optional<WallTime>>(
        [user](Connection& connection) { return sqlite::api_key_created_at(connection, user); });
}

awaitable<StoreResult<std::optional<KeptRequest>>> SqliteStore::kept_answer(Uuid owner, std::string key) {
    return read<std::optional<KeptRequest>>([owner, key = std::move(key), now = runtime_.wall_now()](
                                                Connection& connection) -> StoreResult<std::optional<KeptRequest>> {
        return sqlite::kept_answer(connection, owner, key, now);
    });
}

awaitable<StoreResult<void>> SqliteStore::keep_answer(RepeatableRequest request, KeptAnswer answer) {
    return write<void>("keep_answer", [request = std::move(request), answer = std::move(answer)](Write& write) {
        return sqlite::keep_answer(write, request, answer);
    });
}

awaitable<StoreResult<std::size_t>> SqliteStore::drop_old_answers(std::size_t limit) {
    return write<std::size_t>("drop_old_answers",
                              [limit](Write& write) { return sqlite::drop_old_answers(write, limit); });
}

}  // namespace longhand::store::sqlite
