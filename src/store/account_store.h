// Users and their API keys.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/runtime.h"
#include "base/uuid.h"
#include "store/errors.h"
#include "store/request_store.h"

namespace longhand::store {

struct User {
    Uuid id;
    std::string email;  ///< as given; compared without case
    WallTime created_at{};
};

/// As JobStore: atomic, durable when resumed, thread-safe, `unavailable` and `stopping` besides the errors named.
class AccountStore {
public:
    virtual ~AccountStore() = default;
    virtual awaitable<StoreResult<User>> add_user(std::string email) = 0;  // duplicate
    virtual awaitable<StoreResult<std::vector<User>>> users() = 0;         ///< by e-mail
    virtual awaitable<StoreResult<User>> user(Uuid id) = 0;                // not_found
    /// Whether the user is there, for who asks at each request: what this store has removed is gone at once, what
    /// another process has, within half a second. Errors: not_found.
    virtual awaitable<StoreResult<void>> user_is_there(Uuid id) = 0;
    /// The same as far as it is in memory; false says nothing.
    virtual bool user_is_known(const Uuid& id) = 0;
    virtual awaitable<StoreResult<User>> user_by_email(std::string email) = 0;  // not_found
    /// Out at once: credentials of that user are not valid any more. Its running jobs are cancelled. Errors: not_found.
    virtual awaitable<StoreResult<void>> remove_user(Uuid id) = 0;

    /// Replaces the user's key. Only the SHA-256 (hex) of a key is ever stored. Errors: not_found.
    virtual awaitable<StoreResult<void>> set_api_key(Uuid user, std::string key_sha256, Once<void> once = {}) = 0;
    virtual awaitable<StoreResult<User>> user_by_api_key(std::string key_sha256) = 0;           // not_found
    virtual awaitable<StoreResult<std::optional<WallTime>>> api_key_created_at(Uuid user) = 0;  // not_found
};

}  // namespace longhand::store
