// Session tokens: JWTs signed with HS256 (RFC 7519, with the cautions of RFC 8725), and API keys.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "base/uuid.h"
#include "http/key_ring.h"

namespace longhand::http {

inline constexpr std::size_t kMaxTokenBytes = 8 * 1024;
inline constexpr std::string_view kAudience = "longhand";
/// By how much two machines' clocks may differ: `exp` and `nbf` are taken so much later and earlier.
inline constexpr Seconds kLeeway{60};

struct Session {
    Uuid user;
    WallTime ends{};  ///< from here on the token is no longer taken
};

/// Makes and checks session tokens. Thread-safe.
class Tokens {
public:
    explicit Tokens(std::shared_ptr<const KeyRing> keys) : keys_(std::move(keys)) {}

    /// Signed with the newest secret, whose id is its `kid`.
    std::string make(Uuid user, WallTime now, Seconds ttl) const;

    /// Whose it is; nothing when anything about it is not as it should be: the algorithm (HS256 and no other), the
    /// signature, a claim given twice, `aud`, `exp` (past, or missing), `nbf`, or a `kid` that is no secret's of ours.
    /// Without a `kid` the newest secret has to have signed it.
    /// `exp` and `nbf` have kLeeway.
    std::optional<Uuid> check(std::string_view token, WallTime now) const;
    /// As `check`, and until when.
    std::optional<Session> session(std::string_view token, WallTime now) const;

private:
    std::shared_ptr<const KeyRing> keys_;
};

/// `dw_` + base64url of 256 random bits + the first six digits of their SHA-256: a mistyped key is known without the
/// database.
std::string make_api_key();
bool looks_like_api_key(std::string_view text);
/// Prefix, length, alphabet and checksum.
bool is_well_formed_api_key(std::string_view key);

}  // namespace longhand::http
