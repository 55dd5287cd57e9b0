// generateApiKey, apiKeyStatus: of one's own key, and with a session alone, so that a key that leaked can't replace
// itself.
#include "base/digest.h"
#include "http/handlers.h"
#include "http/json_out.h"

namespace longhand::http {
namespace {

std::optional<ApiError> not_a_session(const Call& call) {
    if (call.identity.kind == CredentialKind::session) return std::nullopt;
    return ApiError{ApiErrc::session_needed,
                    "API keys are managed with a session, not with an API key. Send `Authorization: Bearer TOKEN` "
                    "(made with `longhand token EMAIL`)."};
}

awaitable<ApiResult<Reply>> generate_api_key(const Services& services, Call& call) {
    if (auto refused = not_a_session(call)) co_return std::move(*refused);
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
    if (auto refused = not_a_session(call)) co_return std::move(*refused);
    auto created = co_await services.deps.accounts.api_key_created_at(call.owner());
    if (!created) co_return from_store(created.error(), "user");
    JsonObject out;
    out.add("hasApiKey", created->has_value()).add("createdAt", *created);
    co_return json_reply(std::move(out).str());
}

}  // namespace

std::vector<Route> key_routes(const Services& services) {
    return {
        {"POST", "/api/generateApiKey", Access::user, bound(services, generate_api_key)},
        {"GET", "/api/apiKeyStatus", Access::user, bound(services, api_key_status)},
    };
}

}  // namespace longhand::http
