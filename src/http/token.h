// Session tokens: JWTs signed with HS256 (RFC 7519, with the cautions of RFC 8725), and API keys.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/recent_map.h"
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
    WallTime begins{};                 ///< before this the token is not taken yet
    WallTime ends{};                   ///< from here on it is no longer taken
    std::shared_ptr<const Keys> keys;  ///< with which it was checked

    /// Whether nothing that a token depends on has changed since: the time has not come, and `now_keys`, the ring's,
    /// are those that it was checked with.
    bool holds(WallTime now, const std::shared_ptr<const Keys>& now_keys) const {
        return keys == now_keys && now >= begins && now < ends;
    }
};

/// Tokens that were found good lately, so that a client that asks again costs no signature. A token is looked up whole
/// and compared in constant time; what is good for a time is looked at each time; what was signed by keys that are not
/// the newest state of the ring any more is checked anew. Thread-safe.
class KnownTokens {
public:
    std::optional<Session> find(std::string_view token, const std::shared_ptr<const Keys>& keys, WallTime now);
    void keep(std::string_view token, Session session);

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view token) const { return std::hash<std::string_view>()(token); }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(std::string_view a, std::string_view b) const { return equal_in_constant_time(a, b); }
    };
    static constexpr std::size_t kGeneration = 4'096;
    static constexpr std::size_t kLongest = 1'024;  ///< bytes; ours have some 300

    std::mutex mutex_;
    RecentMap<std::string, Session, Hash, Equal> known_{kGeneration};
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
    std::optional<Session> checked(std::string_view token, WallTime now) const;

    std::shared_ptr<const KeyRing> keys_;
    std::unique_ptr<KnownTokens> known_ = std::make_unique<KnownTokens>();
};

/// `dw_` + base64url of 256 random bits + the first six digits of their SHA-256: a mistyped key is known without the
/// database.
std::string make_api_key();
bool looks_like_api_key(std::string_view text);
/// Prefix, length, alphabet and checksum.
bool is_well_formed_api_key(std::string_view key);

}  // namespace longhand::http
