#include "store/sqlite/verbs_provider_keys.h"

#include "store/sqlite/verbs_accounts.h"

namespace longhand::store::sqlite {
namespace {

SealedProviderKey provider_key_columns(Statement& row) {
    SealedProviderKey key;
    key.id = row.id();
    key.user = row.id();
    key.provider = row.text();
    key.sealed_with = row.text();
    key.sealed = row.text();
    key.created_at = row.time();
    return key;
}

}  // namespace

StoreResult<void> set_provider_key(Write& write, const SealedProviderKey& key) {
    if (auto found = user(write.connection, key.user); !found) return found.error();
    write.connection.query("set_provider_key")
        .bind_all(key.user, key.id, key.provider, key.sealed_with)
        .bind_bytes(key.sealed)
        .bind(write.now)
        .run();
    return {};
}

StoreResult<void> delete_provider_key(Write& write, const Uuid& user) {
    if (write.connection.query("delete_provider_key").bind(user).run() == 0) return no_such("provider key");
    return {};
}

StoreResult<void> reseal_provider_key(Write& write, const SealedProviderKey& key) {
    const auto changed = write.connection.query("reseal_provider_key")
                             .bind(key.sealed_with)
                             .bind_bytes(key.sealed)
                             .bind_all(key.user, key.id)
                             .run();
    if (changed == 0) return no_such("provider key");
    return {};
}

StoreResult<std::optional<SealedProviderKey>> provider_key(Connection& connection, const Uuid& id) {
    const Snapshot snapshot(connection);
    if (auto found = user(connection, id); !found) return found.error();
    auto query = connection.query("provider_key");
    query.bind(id);
    if (!query.step()) return std::optional<SealedProviderKey>();
    return std::optional(provider_key_columns(query));
}

StoreResult<std::vector<SealedProviderKey>> provider_keys_not_under(Connection& connection,
                                                                    const std::string& secret_id) {
    auto query = connection.query("provider_keys_not_under");
    query.bind(secret_id);
    std::vector<SealedProviderKey> found;
    while (query.step()) found.push_back(provider_key_columns(query));
    return found;
}

}  // namespace longhand::store::sqlite
