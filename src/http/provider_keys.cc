#include "http/provider_keys.h"

#include <fmt/format.h>

#include "base/seal.h"

namespace longhand::http {

using store::SealedProviderKey;
using store::StoreErrc;

namespace {

using KeyFailure = Failure<ProviderKeyErrc>;
constexpr std::string_view kAdvice = "Submit it again with POST /api/submitApiKey";

std::string_view bytes_of(const Uuid& id) {
    return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

/// What a sealed key belongs to: this record, of this user, for this provider. The ids have one length, so that no two
/// records give the same text.
std::string belonging(const SealedProviderKey& record) {
    std::string text = "longhand provider key 1\n";
    text += bytes_of(record.id);
    text += bytes_of(record.user);
    text += record.provider;
    return text;
}

KeyFailure from_accounts(const store::StoreFailure& failure) {
    switch (failure.code) {
        case StoreErrc::stopping:
            return {ProviderKeyErrc::stopping, ""};
        case StoreErrc::not_found:
            return {ProviderKeyErrc::none, "The account was removed."};
        case StoreErrc::wrong_state:
        case StoreErrc::stale:
        case StoreErrc::duplicate:
        case StoreErrc::repeated:
        case StoreErrc::budget:
        case StoreErrc::limit:
        case StoreErrc::unavailable:
        case StoreErrc::unusable:
            break;
    }
    return {ProviderKeyErrc::unavailable, failure.message};
}

}  // namespace

awaitable<store::StoreResult<void>> ProviderKeys::keep(Uuid user, std::string provider, std::string key) const {
    // The file as it is now: what is sealed under a secret that was just replaced would wait for the next rotation.
    const auto keys = keys_->latest();
    SealedProviderKey record;
    record.id = runtime_.new_id();
    record.user = user;
    record.provider = std::move(provider);
    record.sealed_with = keys->newest().id;
    record.sealed = seal(keys->newest().seal_key, key, belonging(record));
    co_return co_await accounts_.set_provider_key(std::move(record));
}

std::optional<std::string> ProviderKeys::opened(const SealedProviderKey& record) const {
    const auto key = keys_->find(record.sealed_with);
    if (key == nullptr) return std::nullopt;
    return unseal(key->seal_key, record.sealed, belonging(record));
}

awaitable<ProviderKeyResult<std::string>> ProviderKeys::open(Uuid user, std::string provider) const {
    const auto record = co_await accounts_.provider_key(user);
    if (!record) co_return from_accounts(record.error());
    if (!*record) {
        co_return KeyFailure{
            ProviderKeyErrc::none,
            fmt::format("Your own provider key is not here any more. {}, then retry the job.", kAdvice)};
    }
    if ((*record)->provider != provider) {
        co_return KeyFailure{ProviderKeyErrc::other_provider,
                             fmt::format("Your own provider key is for {}, and this server writes with {}. Submit one "
                                         "for it with POST /api/submitApiKey, or remove yours with DELETE "
                                         "/api/submitApiKey and start a new job.",
                                         (*record)->provider, provider)};
    }
    auto key = opened(**record);
    if (key) co_return std::move(*key);
    co_return KeyFailure{
        ProviderKeyErrc::not_opened,
        fmt::format("Your own provider key can't be opened, so it is not used: its record was changed, "
                    "or the server's secret is not the one that it was sealed under. {}.",
                    kAdvice)};
}

awaitable<store::StoreResult<ProviderKeys::Resealed>> ProviderKeys::reseal_all() const {
    const auto keys = keys_->latest();
    const SigningKey& newest = keys->newest();
    auto records = co_await accounts_.provider_keys_not_under(newest.id);
    if (!records) co_return records.error();
    Resealed done;
    for (SealedProviderKey& record : *records) {
        const auto key = opened(record);
        if (!key) {
            done.not_opened.push_back(record.user);
            continue;
        }
        record.sealed_with = newest.id;
        record.sealed = seal(newest.seal_key, *key, belonging(record));
        const auto stored = co_await accounts_.reseal_provider_key(std::move(record));
        if (stored) ++done.keys;
        // Replaced or removed meanwhile: there is nothing left to seal.
        if (!stored && stored.error().code != StoreErrc::not_found) co_return stored.error();
    }
    co_return done;
}

}  // namespace longhand::http
