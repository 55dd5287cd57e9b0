// Who asks: from the headers of a request to a user that exists.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/runtime.h"
#include "http/errors.h"
#include "http/token.h"
#include "store/account_store.h"

namespace longhand::http {

enum class CredentialKind { session, api_key, link };

struct Identity {
    Uuid user;
    CredentialKind kind = CredentialKind::session;
    std::optional<Session> session = {};
    std::string key_sha256 = {};  ///< of an API key
};

/// Thread-safe. The store and the runtime outlive it.
class Credentials {
public:
    Credentials(Runtime& runtime, store::AccountStore& accounts, const Tokens& tokens)
        : runtime_(runtime), accounts_(accounts), tokens_(tokens) {}

    /// Takes `Authorization: Bearer JWT`, a bare JWT, `Bearer dw_…`, and `x-api-key: dw_…`; of several one valid one is
    /// enough. Errors: unauthorized, unavailable.
    awaitable<ApiResult<Identity>> identify(std::string authorization, std::string api_key) const;
    /// Whether the user is still there at this moment, and what it came with still valid: for what has gone on for a
    /// while. Errors: unauthorized, unavailable.
    awaitable<ApiResult<Identity>> still_there(Identity identity) const;

private:
    awaitable<ApiResult<Identity>> identify_one(std::string credential) const;

    Runtime& runtime_;
    store::AccountStore& accounts_;
    const Tokens& tokens_;
};

}  // namespace longhand::http
