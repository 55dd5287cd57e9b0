// AccountStore's verbs. What they promise is said in store/account_store.h.
#pragma once

#include "store/account_store.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

StoreResult<User> add_user(Write& write, const std::string& email);
StoreResult<void> remove_user(Write& write, const Uuid& user);
StoreResult<void> set_api_key(Write& write, const Uuid& user, const std::string& key_sha256);

/// True for a user that was there and was removed: nothing begins in its name any more.
bool user_is_removed(Connection& connection, const Uuid& user);
StoreResult<std::vector<User>> users(Connection& connection);
StoreResult<User> user(Connection& connection, const Uuid& id);
StoreResult<User> user_by_email(Connection& connection, const std::string& email);
StoreResult<User> user_by_api_key(Connection& connection, const std::string& key_sha256);
StoreResult<std::optional<WallTime>> api_key_created_at(Connection& connection, const Uuid& user);

}  // namespace longhand::store::sqlite
