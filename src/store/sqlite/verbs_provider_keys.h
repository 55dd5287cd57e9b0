// AccountStore's verbs on users' own provider keys.
#pragma once

#include "store/account_store.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

StoreResult<void> set_provider_key(Write& write, const SealedProviderKey& key);
StoreResult<void> delete_provider_key(Write& write, const Uuid& user);
StoreResult<void> reseal_provider_key(Write& write, const SealedProviderKey& key);

StoreResult<std::optional<SealedProviderKey>> provider_key(Connection& connection, const Uuid& user);
StoreResult<std::vector<SealedProviderKey>> provider_keys_not_under(Connection& connection,
                                                                    const std::string& secret_id);

}  // namespace longhand::store::sqlite
