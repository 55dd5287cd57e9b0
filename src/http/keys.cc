// generateApiKey, apiKeyStatus, submitApiKey: of one's own keys, and with a session alone, so that a key that leaked
// can't replace itself.
#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "http/handlers.h"
#include "http/json_body.h"
#include "http/json_out.h"

namespace longhand::http {
namespace {

awaitable<ApiResult<Reply>> generate_api_key(const Services& services, Call& call) {
    const std::string key = make_api_key();
    JsonObject out;
    out.add("apiKey", key);
    out.add("message", "API key generated successfully. It is shown this once; the key before it is void.");
    const std::string answer = std::move(out).str();
    if (call.keyed != nullptr) call.keyed->hold_secret();
    auto once = call.once_saying<void>(answer);
    auto stored = co_await services.deps.accounts.set_api_key(call.owner(), sha256_hex(key), std::move(once));
    if (!stored) co_return from_store(stored.error(), "user");
    co_return json_reply(answer);
}

awaitable<ApiResult<Reply>> api_key_status(const Services& services, Call& call) {
    auto created = co_await services.deps.accounts.api_key_created_at(call.owner());
    if (!created) co_return from_store(created.error(), "user");
    const auto own = co_await services.deps.accounts.provider_key(call.owner());
    if (!own) co_return from_store(own.error(), "user");
    JsonObject out;
    out.add("hasApiKey", created->has_value()).add("createdAt", *created);
    out.add("hasProviderKey", own->has_value());
    out.add("providerKeyCreatedAt", *own ? std::optional((*own)->created_at) : std::nullopt);
    co_return json_reply(std::move(out).str());
}

/// It becomes a header's value.
bool fits_a_header(std::string_view key) {
    return std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

ApiResult<std::string> read_provider_key(const boost::json::object& body) {
    constexpr std::string_view kName = "apiKey";
    BodyReader reader(body);
    std::string key = reader.required_line(kName, {1, 512});
    if (!fits_a_header(key)) reader.refuse(kName, "should be a key as the provider gave it: visible ASCII characters");
    if (is_well_formed_api_key(key))
        reader.refuse(kName, "is an API key of this server; send the key that your model provider gave you");
    if (reader.problem()) return *reader.problem();
    return key;
}

ApiError takes_no_keys() {
    return {ApiErrc::provider_takes_no_keys,
            "This server writes with the offline model, which takes no keys: nothing was stored. Its operator can name "
            "a provider with --provider."};
}

ApiError not_validated(const Failure<llm::LlmErrc>& failure) {
    switch (failure.code) {
        case llm::LlmErrc::refused_key:
            return {ApiErrc::provider_key_refused, failure.message};
        case llm::LlmErrc::stopped:
            return {ApiErrc::unavailable, "The server is stopping. Nothing was stored; try again."};
        case llm::LlmErrc::unavailable:
        case llm::LlmErrc::no_credit:
        case llm::LlmErrc::unknown_model:
        case llm::LlmErrc::bad_request:
        case llm::LlmErrc::content_filtered:
        case llm::LlmErrc::malformed:
        case llm::LlmErrc::withheld:
        case llm::LlmErrc::loop:
            break;
    }
    return {ApiErrc::provider_unreachable,
            fmt::format("The key can't be tried now, so it was not stored. {}", failure.message)};
}

awaitable<ApiResult<Reply>> submit_api_key(const Services& services, Call& call) {
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    const auto key = read_provider_key(*body);
    if (!key) co_return key.error();
    if (!services.deps.check_provider_key) co_return takes_no_keys();
    const std::string provider = services.defaults.get()->provider;
    auto checking = services.deps.check_provider_key(*key, call.exchange.gone());
    const auto checked = co_await std::move(checking);
    if (!checked) co_return not_validated(checked.error());
    const auto kept = co_await services.provider_keys.keep(call.owner(), provider, *key);
    if (!kept) co_return from_store(kept.error(), "user");
    co_return json_reply(R"({"message":"API key validated and stored successfully"})");
}

awaitable<ApiResult<Reply>> remove_provider_key(const Services& services, Call& call) {
    const auto removed = co_await services.deps.accounts.delete_provider_key(call.owner());
    if (!removed) co_return from_store(removed.error(), "provider key");
    co_return json_reply(
        R"({"message":"Provider key removed. Jobs that were to be written with it fail at their next model call."})");
}

}  // namespace

awaitable<ApiResult<WrittenWith>> written_with(const Services& services, Uuid owner, std::string provider) {
    const auto key = co_await services.provider_keys.open(owner, std::move(provider));
    if (key) co_return WrittenWith::own_key;
    switch (key.error().code) {
        case ProviderKeyErrc::none:
            co_return WrittenWith::servers_key;
        case ProviderKeyErrc::other_provider:
        case ProviderKeyErrc::not_opened:
            co_return ApiError{ApiErrc::provider_key_unusable, key.error().message};
        case ProviderKeyErrc::unavailable:
        case ProviderKeyErrc::stopping:
            break;
    }
    co_return ApiError{ApiErrc::unavailable, "The database can't be read now. Nothing was started; try again."}.logging(
        key.error().message);
}

std::vector<Route> key_routes(const Services& services) {
    return {
        {"POST", "/api/generateApiKey", Access::session, bound(services, generate_api_key)},
        {"GET", "/api/apiKeyStatus", Access::session, bound(services, api_key_status)},
        {"POST", "/api/submitApiKey", Access::session, bound(services, submit_api_key)},
        {"DELETE", "/api/submitApiKey", Access::session, bound(services, remove_provider_key)},
    };
}

}  // namespace longhand::http
