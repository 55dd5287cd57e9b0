#include "store/sqlite/verbs_accounts.h"

#include <limits>

#include "store/sqlite/reads_jobs.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs_jobs.h"
#include "store/sqlite/verbs_webhooks.h"

namespace longhand::store::sqlite {
namespace {

StoreResult<User> one_user(Statement query) {
    if (!query.step()) return no_such("user");
    return user_columns(query);
}

StoreResult<void> cancel_all_jobs(Write& write, const Uuid& owner) {
    for (const job::State state : job::kStates) {
        if (job::is_terminal(state)) continue;
        const auto ids =
            job_ids_in_state(write.connection, owner, state, past_all_ids(), std::numeric_limits<std::size_t>::max());
        for (const Uuid& id : ids) {
            if (auto cancelled = cancel(write, owner, id); !cancelled) return cancelled.error();
        }
    }
    return {};
}

}  // namespace

StoreResult<User> add_user(Write& write, const std::string& email) {
    if (user_by_email(write.connection, email)) {
        return StoreFailure{StoreErrc::duplicate, "there is a user with that e-mail address"};
    }
    const User user{write.runtime.new_id(), email, write.now};
    write.connection.query("insert_user").bind_all(user.id, user.email, user.created_at).run();
    return user;
}

StoreResult<void> remove_user(Write& write, const Uuid& user) {
    Connection& connection = write.connection;
    if (connection.query("remove_user").bind_all(write.now, user).run() == 0) return no_such("user");
    connection.query("delete_api_key").bind(user).run();
    connection.query("delete_provider_key").bind(user).run();
    // Nobody is told of what the removal ends.
    delete_webhooks_of_owner(write, user);
    write.removed_user = user;
    return cancel_all_jobs(write, user);
}

StoreResult<void> set_api_key(Write& write, const Uuid& id, const std::string& key_sha256) {
    if (auto found = user(write.connection, id); !found) return found.error();
    write.connection.query("set_api_key").bind_all(id, key_sha256, write.now).run();
    return {};
}

bool user_is_removed(Connection& connection, const Uuid& user) {
    auto query = connection.query("user_is_removed");
    query.bind(user);
    return query.step();
}

StoreResult<std::vector<User>> users(Connection& connection) {
    auto query = connection.query("users");
    std::vector<User> found;
    while (query.step()) found.push_back(user_columns(query));
    return found;
}

StoreResult<User> user(Connection& connection, const Uuid& id) {
    auto query = connection.query("user");
    query.bind(id);
    return one_user(std::move(query));
}

StoreResult<User> user_by_email(Connection& connection, const std::string& email) {
    auto query = connection.query("user_by_email");
    query.bind(email);
    return one_user(std::move(query));
}

StoreResult<User> user_by_api_key(Connection& connection, const std::string& key_sha256) {
    auto query = connection.query("user_by_api_key");
    query.bind(key_sha256);
    return one_user(std::move(query));
}

StoreResult<std::optional<WallTime>> api_key_created_at(Connection& connection, const Uuid& id) {
    const Snapshot snapshot(connection);
    if (auto found = user(connection, id); !found) return found.error();
    auto query = connection.query("api_key_created_at");
    query.bind(id);
    if (!query.step()) return std::optional<WallTime>();
    return std::optional(query.time());
}

}  // namespace longhand::store::sqlite
