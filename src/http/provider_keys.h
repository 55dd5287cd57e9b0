// Users' own provider keys: sealed in the store, opened with what is made of the signing secret.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/runtime.h"
#include "http/key_ring.h"
#include "store/account_store.h"

namespace longhand::http {

enum class ProviderKeyErrc {
    none,            ///< the user has none
    other_provider,  ///< it is for another than the server's
    not_opened,      ///< its record was changed or moved, or is sealed under a secret that is not there any more
    unavailable,     ///< the database can't be read now
    stopping,        ///< the store is closing; quiet
};
/// Messages are for the key's owner and say what to do. Never a key.
template <class T>
using ProviderKeyResult = Result<T, ProviderKeyErrc>;

/// Thread-safe. The store and the runtime outlive it.
class ProviderKeys {
public:
    ProviderKeys(Runtime& runtime, store::AccountStore& accounts, std::shared_ptr<const KeyRing> keys)
        : runtime_(runtime), accounts_(accounts), keys_(std::move(keys)) {}

    /// Seals it and puts it in the place of the one that the user had. `provider` as job::Job has it. Errors as
    /// AccountStore::set_provider_key.
    awaitable<store::StoreResult<void>> keep(Uuid user, std::string provider, std::string key) const;
    /// The user's key for that provider, in clear.
    awaitable<ProviderKeyResult<std::string>> open(Uuid user, std::string provider) const;

    struct Resealed {
        std::size_t keys = 0;
        std::vector<Uuid> not_opened;  ///< users whose keys stay as they are, and are not used
    };
    /// Seals all keys under the newest secret of the file as it is now. What is sealed so already is left.
    awaitable<store::StoreResult<Resealed>> reseal_all() const;

private:
    std::optional<std::string> opened(const store::SealedProviderKey& record) const;

    Runtime& runtime_;
    store::AccountStore& accounts_;
    const std::shared_ptr<const KeyRing> keys_;
};

}  // namespace longhand::http
