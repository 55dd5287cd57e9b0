#include "cli/own_keys.h"

namespace longhand::cli {
namespace {

using FoundModel = store::StoreResult<std::shared_ptr<llm::ChatModel>>;

store::StoreFailure no_own_model(const Failure<http::ProviderKeyErrc>& failure) {
    switch (failure.code) {
        case http::ProviderKeyErrc::none:
        case http::ProviderKeyErrc::other_provider:
        case http::ProviderKeyErrc::not_opened:
            return {store::StoreErrc::not_found, failure.message};
        case http::ProviderKeyErrc::stopping:
            return {store::StoreErrc::stopping, failure.message};
        case http::ProviderKeyErrc::unavailable:
            break;
    }
    return {store::StoreErrc::unavailable, failure.message};
}

awaitable<FoundModel> find_own_model(Provider* provider, const http::ProviderKeys* keys, Uuid owner) {
    const auto key = co_await keys->open(owner, provider->model().provider());
    if (!key) co_return no_own_model(key.error());
    co_return provider->with_key(*key);
}

}  // namespace

std::shared_ptr<const http::KeyRing> key_ring_of(const Installation& installation, const Runtime& runtime,
                                                 std::shared_ptr<spdlog::logger> log) {
    std::function<void(const std::string&)> tell;
    if (log) tell = [log](const std::string& problem) { log->warn("{}", problem); };
    return std::make_shared<http::KeyRing>(installation.secrets(), installation.secret_file(), runtime,
                                           std::move(tell));
}

engine::OwnModel own_model_of(Provider& provider, const http::ProviderKeys& keys) {
    return [provider = &provider, keys = &keys](Uuid owner) { return find_own_model(provider, keys, owner); };
}

void reseal(const http::ProviderKeys& keys, asio::io_context& loop, spdlog::logger& log) {
    const auto resealed = run_on(loop, keys.reseal_all());
    if (!resealed) return log.error("users' provider keys can't be sealed again: {}", resealed.error().message);
    if (resealed->keys > 0) log.info("{} provider keys of users are sealed under the newest secret", resealed->keys);
    for (const Uuid& user : resealed->not_opened) {
        log.error("the provider key of the user {} can't be opened and is not used; it has to be submitted again",
                  user.to_string());
    }
}

}  // namespace longhand::cli
