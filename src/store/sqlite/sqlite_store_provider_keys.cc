// AccountStore's verbs on provider keys.
#include "store/sqlite/sqlite_store_impl.h"
#include "store/sqlite/verbs_provider_keys.h"

namespace longhand::store::sqlite {

awaitable<StoreResult<void>> SqliteStore::set_provider_key(SealedProviderKey key) {
    return write<void>("set_provider_key",
                       [key = std::move(key)](Write& write) { return sqlite::set_provider_key(write, key); });
}

awaitable<StoreResult<std::optional<SealedProviderKey>>> SqliteStore::provider_key(Uuid user) {
    return read<std::optional<SealedProviderKey>>(
        [user](Connection& connection) { return sqlite::provider_key(connection, user); });
}

awaitable<StoreResult<void>> SqliteStore::delete_provider_key(Uuid user) {
    return write<void>("delete_provider_key",
                       [user](Write& write) { return sqlite::delete_provider_key(write, user); });
}

awaitable<StoreResult<std::vector<SealedProviderKey>>> SqliteStore::provider_keys_not_under(std::string secret_id) {
    return read<std::vector<SealedProviderKey>>([secret_id = std::move(secret_id)](Connection& connection) {
        return sqlite::provider_keys_not_under(connection, secret_id);
    });
}

awaitable<StoreResult<void>> SqliteStore::reseal_provider_key(SealedProviderKey key) {
    return write<void>("reseal_provider_key",
                       [key = std::move(key)](Write& write) { return sqlite::reseal_provider_key(write, key); });
}

}  // namespace longhand::store::sqlite
