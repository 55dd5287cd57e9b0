#include "http/credentials.h"

#include <array>

#include "base/digest.h"
#include "http/text.h"

namespace longhand::http {
namespace {

ApiError refused() {
    return {ApiErrc::unauthorized,
            "No valid credential came with the request. Send `Authorization: Bearer TOKEN` (made with `longhand token "
            "EMAIL`) or "
            "`x-api-key: dw_…` (made with `longhand key EMAIL`)."};
}

std::string without_scheme(std::string_view authorization) {
    constexpr std::string_view kScheme = "bearer ";
    const bool has_scheme =
        authorization.size() > kScheme.size() && equal_ignoring_case(authorization.substr(0, kScheme.size()), kScheme);
    return std::string(trimmed(has_scheme ? authorization.substr(kScheme.size()) : authorization));
}

ApiError of_account(const store::StoreFailure& failure) {
    return failure.code == store::StoreErrc::not_found ? refused() : from_store(failure, "user");
}

}  // namespace

awaitable<ApiResult<Identity>> Credentials::identify(std::string authorization, std::string api_key) const {
    std::optional<ApiError> problem;
    std::optional<Identity> found;
    const std::array<std::string, 2> credentials = {without_scheme(authorization), std::string(trimmed(api_key))};
    for (const std::string& credential : credentials) {
        if (credential.empty()) continue;
        auto identity = co_await identify_one(credential);
        if (!identity) {
            // A database that is away says more than a credential that is wrong.
            if (!problem || problem->code == ApiErrc::unauthorized) problem = identity.error();
            continue;
        }
        const bool is_session = identity->kind == CredentialKind::session;
        // A session may do what a key may not; of one user it is what the request comes with.
        if (!found || (is_session && identity->user == found->user)) found = std::move(*identity);
        if (found->kind == CredentialKind::session) break;
    }
    if (found) co_return std::move(*found);
    co_return problem ? std::move(*problem) : refused();
}

awaitable<ApiResult<Identity>> Credentials::identify_one(std::string credential) const {
    if (looks_like_api_key(credential)) {
        if (!is_well_formed_api_key(credential)) co_return refused();
        std::string hash = sha256_hex(credential);
        auto user = co_await accounts_.user_by_api_key(hash);
        if (!user) co_return of_account(user.error());
        co_return Identity{user->id, CredentialKind::api_key, {}, std::move(hash)};
    }
    const auto session = tokens_.session(credential, runtime_.wall_now());
    if (!session) co_return refused();
    const auto there = co_await accounts_.user_is_there(session->user);
    if (!there) co_return of_account(there.error());
    co_return Identity{session->user, CredentialKind::session, *session, {}};
}

awaitable<ApiResult<Identity>> Credentials::still_there(Identity identity) const {
    if (identity.kind == CredentialKind::api_key) {
        const auto holder = co_await accounts_.user_by_api_key(identity.key_sha256);
        if (!holder) co_return of_account(holder.error());
        if (holder->id != identity.user) co_return refused();
        co_return identity;
    }
    if (identity.session && runtime_.wall_now() >= identity.session->ends) co_return refused();
    const auto user = co_await accounts_.user(identity.user);
    if (!user) co_return of_account(user.error());
    co_return identity;
}

}  // namespace longhand::http
