// Users, their API keys, and their own keys at providers.
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

/// A user's own key at a provider. What opens it is not in the store.
struct SealedProviderKey {
    Uuid id;  ///< of this record: new with each key that is submitted
    Uuid user;
    std::string provider;     ///< as job::Job has it
    std::string sealed_with;  ///< names the secret
    std::string sealed;       ///< bytes
    WallTime created_at{};    ///< set by the store
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

    /// Replaces the user's own key. Errors: not_found.
    virtual awaitable<StoreResult<void>> set_provider_key(SealedProviderKey key) = 0;
    virtual awaitable<StoreResult<std::optional<SealedProviderKey>>> provider_key(
        Uuid user) = 0;                                                       // not_found: the user
    virtual awaitable<StoreResult<void>> delete_provider_key(Uuid user) = 0;  // not_found: the key
    /// Those that are sealed under any other secret, by user.
    virtual awaitable<StoreResult<std::vector<SealedProviderKey>>> provider_keys_not_under(std::string secret_id) = 0;
    /// The record of that id, sealed again. Errors: not_found (the user has submitted another meanwhile, or removed
    /// it).
    virtual awaitable<StoreResult<void>> reseal_provider_key(SealedProviderKey key) = 0;
};

}  // namespace longhand::store
