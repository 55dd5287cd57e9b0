#include "http/token.h"

#include <jwt.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <memory>

#include "base/digest.h"
#include "http/strict_json.h"

namespace longhand::http {
namespace json = boost::json;
namespace {

struct FreeJwt {
    void operator()(jwt_t* token) const { jwt_free(token); }
};
using Jwt = std::unique_ptr<jwt_t, FreeJwt>;

struct Parts {
    json::object header;
    json::object claims;
};

/// Three non-empty parts of the URL-safe alphabet, the first two strict JSON. libjwt takes the last of two equal claims
/// and skips over foreign characters, so both are refused before it sees the token.
std::optional<Parts> decode(std::string_view token) {
    const auto first = token.find('.');
    const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
    if (second == token.npos || token.find('.', second + 1) != token.npos) return std::nullopt;
    const auto header = from_base64url(token.substr(0, first));
    const auto payload = from_base64url(token.substr(first + 1, second - first - 1));
    const auto signature = from_base64url(token.substr(second + 1));
    if (!header || !payload || !signature || signature->size() != 32) return std::nullopt;
    auto header_json = parse_json_object(*header);
    auto claims = parse_json_object(*payload);
    if (!header_json || !claims) return std::nullopt;
    return Parts{std::move(*header_json), std::move(*claims)};
}

std::optional<std::string_view> text_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    const auto& text = value->get_string();
    return std::string_view(text.data(), text.size());
}

/// Seconds since 1970, as far as they fit; RFC 7519 allows fractions.
std::optional<double> seconds_of(const json::object& claims, std::string_view name) {
    const json::value* value = claims.if_contains(name);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    return value->to_number<double>();
}

bool is_for_us(const json::object& claims) {
    const json::value* audience = claims.if_contains("aud");
    if (audience == nullptr) return false;
    if (audience->is_string()) return audience->get_string() == json::string_view(kAudience.data(), kAudience.size());
    if (!audience->is_array()) return false;
    for (const json::value& one : audience->get_array()) {
        if (one.is_string() && one.get_string() == json::string_view(kAudience.data(), kAudience.size())) return true;
    }
    return false;
}

/// When the token is over, in seconds.
std::optional<double> end_of(const json::object& claims) {
    const auto expiry = seconds_of(claims, "exp");
    return expiry ? std::optional(*expiry + static_cast<double>(kLeeway.count())) : std::nullopt;
}

WallTime as_time(double seconds) {
    constexpr double kFarAway = 1e11;
    return WallTime(Milliseconds(static_cast<std::int64_t>(std::clamp(seconds, -kFarAway, kFarAway) * 1000)));
}

/// When the token begins to be taken, in seconds; nothing when it says so in a way that can't be read.
std::optional<double> beginning_of(const json::object& claims) {
    if (!claims.contains("nbf")) return 0;
    const auto not_before = seconds_of(claims, "nbf");
    return not_before ? std::optional(*not_before - static_cast<double>(kLeeway.count())) : std::nullopt;
}

bool is_signed(const std::string& token, const std::string& secret) {
    jwt_t* raw = nullptr;
    const int failed = jwt_decode(&raw, token.c_str(), reinterpret_cast<const unsigned char*>(secret.data()),
                                  static_cast<int>(secret.size()));
    const Jwt held(raw);
    return failed == 0 && jwt_get_alg(held.get()) == JWT_ALG_HS256;
}

/// What should have signed a token with that header: its `kid` names a key of `keys`, or there is none.
const SigningKey* key_of(const Keys& keys, const json::object& header) {
    if (!header.contains("kid")) return &keys.newest();
    const auto kid = text_of(header, "kid");
    return kid ? keys.find(*kid) : nullptr;
}

constexpr std::string_view kKeyPrefix = "dw_";
constexpr std::size_t kKeyRandom = 43;  // base64url digits of 32 bytes
constexpr std::size_t kKeyChecksum = 6;

std::string key_checksum(std::string_view random) {
    return sha256_hex(random).substr(0, kKeyChecksum);
}

}  // namespace

std::string Tokens::make(Uuid user, WallTime now, Seconds ttl) const {
    const auto keys = keys_->keys();
    const SigningKey& key = keys->newest();
    jwt_t* raw = nullptr;
    if (jwt_new(&raw) != 0) throw std::bad_alloc();
    const Jwt token(raw);
    const auto seconds = std::chrono::duration_cast<Seconds>(now.time_since_epoch()).count();
    bool made = jwt_add_header(raw, "kid", key.id.c_str()) == 0;
    made &= jwt_add_grant(raw, "sub", user.to_string().c_str()) == 0;
    made &= jwt_add_grant(raw, "aud", std::string(kAudience).c_str()) == 0;
    made &= jwt_add_grant_int(raw, "iat", static_cast<long>(seconds)) == 0;
    made &= jwt_add_grant_int(raw, "exp", static_cast<long>(seconds + ttl.count())) == 0;
    made &= jwt_set_alg(raw, JWT_ALG_HS256, reinterpret_cast<const unsigned char*>(key.secret.data()),
                        static_cast<int>(key.secret.size())) == 0;
    const std::unique_ptr<char, decltype(&std::free)> text(made ? jwt_encode_str(raw) : nullptr, &std::free);
    if (!text) throw std::runtime_error("libjwt could not make a token");
    return text.get();
}

std::optional<Uuid> Tokens::check(std::string_view token, WallTime now) const {
    const auto found = session(token, now);
    return found ? std::optional(found->user) : std::nullopt;
}

std::optional<Session> KnownTokens::find(std::string_view token, const std::shared_ptr<const Keys>& keys,
                                         WallTime now) {
    const std::lock_guard lock(mutex_);
    const Session* known = known_.find(token);
    return known != nullptr && known->holds(now, keys) ? std::optional(*known) : std::nullopt;
}

void KnownTokens::keep(std::string_view token, Session session) {
    if (token.size() > kLongest) return;
    const std::lock_guard lock(mutex_);
    known_.put(std::string(token), std::move(session));
}

std::optional<Session> Tokens::session(std::string_view token, WallTime now) const {
    if (auto known = known_->find(token, keys_->keys(), now)) return known;
    auto found = checked(token, now);
    if (found) known_->keep(token, *found);
    return found;
}

std::optional<Session> Tokens::checked(std::string_view token, WallTime now) const {
    if (token.size() > kMaxTokenBytes) return std::nullopt;
    const auto parts = decode(token);
    if (!parts || text_of(parts->header, "alg") != "HS256") return std::nullopt;
    // An extension that must be understood is one that we do not have (RFC 7515, section 4.1.11).
    if (parts->header.contains("crit")) return std::nullopt;
    auto keys = keys_->keys();
    const SigningKey* key = key_of(*keys, parts->header);
    if (key == nullptr) {
        keys = keys_->latest();
        key = key_of(*keys, parts->header);
    }
    if (key == nullptr || !is_signed(std::string(token), key->secret)) return std::nullopt;
    const auto begins = beginning_of(parts->claims), ends = end_of(parts->claims);
    if (!is_for_us(parts->claims) || !begins || !ends) return std::nullopt;
    if (now < as_time(*begins) || now >= as_time(*ends)) return std::nullopt;
    const auto subject = text_of(parts->claims, "sub");
    const auto user = subject ? Uuid::parse(*subject) : std::nullopt;
    if (!user) return std::nullopt;
    return Session{*user, as_time(*begins), as_time(*ends), std::move(keys)};
}

std::string make_api_key() {
    const std::string random = to_base64url(random_bytes(32));
    return std::string(kKeyPrefix) + random + key_checksum(random);
}

bool looks_like_api_key(std::string_view text) {
    return text.starts_with(kKeyPrefix);
}

bool is_well_formed_api_key(std::string_view key) {
    if (!looks_like_api_key(key) || key.size() != kKeyPrefix.size() + kKeyRandom + kKeyChecksum) return false;
    const auto random = key.substr(kKeyPrefix.size(), kKeyRandom);
    const auto bytes = from_base64url(random);
    if (!bytes || bytes->size() != 32) return false;
    return equal_in_constant_time(key_checksum(random), key.substr(kKeyPrefix.size() + kKeyRandom));
}

}  // namespace longhand::http
