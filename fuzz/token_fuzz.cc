// Credentials: session tokens, API keys, and the file of the secrets that sign. An input is, all at once: a credential
// as it is sent; a token's header and claims, with a line end between, which are signed here; and a secret's file.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/parse.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/digest.h"
#include "base/text.h"
#include "fuzz/memory_file.h"
#include "fuzz/one_user_store.h"
#include "fuzz/still_runtime.h"
#include "fuzz/target.h"
#include "http/credentials.h"
#include "http/key_ring.h"
#include "http/secret.h"
#include "http/token.h"

namespace longhand::fuzz {
namespace {

using namespace longhand::http;

const std::string kNewest = "the newest secret, of 32 bytes..";
const std::string kFormer = "the former secret, of 32 bytes..";
const std::string kForeign = "a secret of another installation";
constexpr WallTime kFormerEnds = kStillNow + std::chrono::hours(24);

std::string as_string(const Sha256& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string signed_token(std::string_view header, std::string_view claims, const std::string& secret) {
    const std::string text = to_base64url(header) + "." + to_base64url(claims);
    return text + "." + to_base64url(as_string(hmac_sha256(secret, text)));
}

struct World {
    StillRuntime runtime;
    OneUserStore accounts;
    Tokens tokens{std::make_shared<KeyRing>(Secrets{kNewest, {{kFormer, kFormerEnds}}})};
    Tokens newest{std::make_shared<KeyRing>(Secrets{kNewest, {}})};
    Tokens foreign{std::make_shared<KeyRing>(Secrets{kForeign, {}})};
    Credentials credentials{runtime, accounts, tokens};

    std::optional<Identity> identify(std::string authorization, std::string api_key) {
        auto found = runtime.finish(credentials.identify(std::move(authorization), std::move(api_key)));
        if (found) return std::move(*found);
        require(found.error().code == ApiErrc::unauthorized,
                "a credential is refused as unauthorized and nothing else");
        return std::nullopt;
    }
};

World& world() {
    static World one;
    return one;
}

// Which of our secrets has signed it, looked at without libjwt.
bool is_signed_by(std::string_view token, const std::string& secret) {
    const auto dot = token.rfind('.');
    const std::string signature = as_string(hmac_sha256(secret, token.substr(0, dot)));
    return token.substr(dot + 1) == to_base64url(signature);
}

void accepted(const std::string& token, const Session& session) {
    World& w = world();
    require(token.size() <= kMaxTokenBytes, "a token that is taken is not longer than the bound");
    require(is_signed_by(token, kNewest) || is_signed_by(token, kFormer), "a token that is taken is signed by us");
    require(session.ends > kStillNow, "a token that is taken is not over");
    require(w.tokens.check(token, session.ends - Milliseconds(1)) ||
                session.ends.time_since_epoch() > Seconds(99'000'000'000),
            "a token is taken until its end");
    require(!w.tokens.check(token, session.ends + Milliseconds(1)) ||
                session.ends.time_since_epoch() > Seconds(99'000'000'000),
            "a token is refused from its end on");
    require(!w.foreign.check(token, kStillNow), "a token of one installation is refused by another");
    // At some places from one end to the other, the last one among them.
    for (std::size_t back = 1; back <= token.size(); back += token.size() / 128 + 1) {
        std::string changed = token;
        for (const char c : {'A', 'Q', 'g', 'w', 'x', '.', '='}) {
            changed[token.size() - back] = c;
            require(changed == token || !w.tokens.check(changed, kStillNow),
                    "a token with a character changed is refused");
        }
    }
    for (std::size_t cut = 1; cut <= 44 && cut < token.size(); ++cut)
        require(!w.tokens.check(std::string_view(token).substr(0, token.size() - cut), kStillNow),
                "a token cut short is refused");
    const auto identity = w.identify("Bearer " + token, "");
    require(identity.has_value() == (session.user == OneUserStore::kUser), "only who is there still is let in");
    require(!identity || (identity->user == session.user && identity->session->ends == session.ends),
            "who comes in is who the token names, until it ends");
}

void take_as_credential(const std::string& text) {
    World& w = world();
    const auto session = w.tokens.session(text, kStillNow);
    if (session) accepted(text, *session);
    const auto as_bearer = w.identify("Bearer " + text, ""), as_key = w.identify("", text);
    require(as_bearer.has_value() == as_key.has_value(), "a credential is the same under both headers");
    require(
        !as_bearer || session || is_well_formed_api_key(trimmed(text)) || w.tokens.session(trimmed(text), kStillNow),
        "who comes in has a token or a key");
    if (is_well_formed_api_key(text)) {
        std::string changed = text;
        changed.back() = changed.back() == '0' ? '1' : '0';
        require(!is_well_formed_api_key(changed), "a mistyped key is known by its checksum");
    }
}

// Header and claims of the input's, under our signatures and others'.
void take_as_claims(std::string_view text) {
    World& w = world();
    const std::string_view header = take_until(text, "\n");
    const std::string by_newest = signed_token(header, text, kNewest), by_former = signed_token(header, text, kFormer);
    const auto newest = w.tokens.session(by_newest, kStillNow), former = w.tokens.session(by_former, kStillNow);
    require(!(newest && former), "a header names one key");
    require(!w.tokens.check(signed_token(header, text, kForeign), kStillNow),
            "a token re-signed with another key is refused");
    require(!w.newest.check(by_former, kStillNow), "a key that is gone signs nothing");
    const std::string_view unsigned_text = std::string_view(by_newest).substr(0, by_newest.rfind('.') + 1);
    require(!w.tokens.check(unsigned_text, kStillNow), "a token without a signature is refused");
    if (newest) accepted(by_newest, *newest);
    if (former) accepted(by_former, *former);
    if (!newest && !former) return;
    boost::system::error_code error;
    const auto claims = boost::json::parse(text, error);
    require(!error && claims.is_object(), "claims that are taken are a JSON object");
    require(claims.get_object().contains("exp") && claims.get_object().contains("aud"),
            "a token has an end and an audience");
    const std::string sub(claims.at("sub").as_string());
    require(Uuid::parse(sub) == (newest ? newest : former)->user, "a token's user is its subject");
}

void take_as_secret_file(std::string_view text) {
    constexpr std::size_t kSecretBytes = 32;
    const MemoryFile file(text);
    const auto secrets = load_secrets(file.path(), kStillNow);
    if (!secrets) {
        require(secrets.error().code == SecretErrc::malformed, "a file that can be read is malformed or taken");
        return;
    }
    require(secrets->newest.size() == kSecretBytes, "a secret has 32 bytes");
    for (const FormerSecret& former : secrets->former)
        require(former.secret.size() == kSecretBytes && former.until > kStillNow,
                "a former secret is one that is still taken");
    const Tokens tokens(std::make_shared<KeyRing>(*secrets));
    const std::string token = tokens.make(OneUserStore::kUser, kStillNow, Seconds(60));
    require(tokens.check(token, kStillNow) == OneUserStore::kUser, "what a secret signs is taken under it");
}

}  // namespace
}  // namespace longhand::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace longhand::fuzz;
    const std::string_view text = as_text(data, size);
    take_as_credential(std::string(text));
    if (text.find('\n') != text.npos) take_as_claims(text);
    take_as_secret_file(text);
    return 0;
}
