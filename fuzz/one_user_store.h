// Accounts with one user, who has one API key.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "store/account_store.h"

namespace longhand::fuzz {

class OneUserStore final : public store::AccountStore {
public:
    /// 0190a2f4-5b1c-7d3e-8f00-0123456789ab
    static constexpr Uuid kUser{
        {0x01, 0x90, 0xa2, 0xf4, 0x5b, 0x1c, 0x7d, 0x3e, 0x8f, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab}};
    /// Well-formed: 32 bytes of `k`, and their checksum.
    static std::string api_key() {
        const std::string random = to_base64url(std::string(32, 'k'));
        return "dw_" + random + sha256_hex(random).substr(0, 6);
    }

    awaitable<store::StoreResult<store::User>> add_user(std::string) override { co_return not_there(); }
    awaitable<store::StoreResult<std::vector<store::User>>> users() override { co_return std::vector{one()}; }
    awaitable<store::StoreResult<store::User>> user(Uuid id) override {
        if (id != kUser) co_return not_there();
        co_return one();
    }
    awaitable<store::StoreResult<void>> user_is_there(Uuid id) override {
        if (id != kUser) co_return not_there();
        co_return store::StoreResult<void>();
    }
    bool user_is_known(const Uuid& id) override { return id == kUser; }
    awaitable<store::StoreResult<store::User>> user_by_email(std::string) override { co_return not_there(); }
    awaitable<store::StoreResult<void>> remove_user(Uuid) override { co_return not_there(); }
    awaitable<store::StoreResult<void>> set_api_key(Uuid, std::string, store::Once<void>) override {
        co_return not_there();
    }
    awaitable<store::StoreResult<store::User>> user_by_api_key(std::string key_sha256) override {
        if (key_sha256 != sha256_hex(api_key())) co_return not_there();
        co_return one();
    }
    awaitable<store::StoreResult<std::optional<WallTime>>> api_key_created_at(Uuid) override { co_return not_there(); }
    awaitable<store::StoreResult<void>> set_provider_key(store::SealedProviderKey) override { co_return not_there(); }
    awaitable<store::StoreResult<std::optional<store::SealedProviderKey>>> provider_key(Uuid) override {
        co_return std::optional<store::SealedProviderKey>();
    }
    awaitable<store::StoreResult<void>> delete_provider_key(Uuid) override { co_return not_there(); }
    awaitable<store::StoreResult<std::vector<store::SealedProviderKey>>> provider_keys_not_under(std::string) override {
        co_return std::vector<store::SealedProviderKey>();
    }
    awaitable<store::StoreResult<void>> reseal_provider_key(store::SealedProviderKey) override {
        co_return not_there();
    }

private:
    static store::StoreFailure not_there() { return {store::StoreErrc::not_found, "there is one user here"}; }
    static store::User one() { return {kUser, "ada@example.org", WallTime{}}; }
};

}  // namespace longhand::fuzz
