// The signing secrets of an installation: a file of its own, readable by its owner alone.
//
// Its first line is the secret that signs, as 64 hexadecimal digits. Each further line is a former one and until when
// what it has signed may still be valid: `64 DIGITS until 2027-01-31T12:00:00.000Z`. A secret's id (`secret_id`) is
// made of the secret, so the file needs no names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace longhand::http {

enum class SecretErrc {
    unreadable,  ///< can't be read, or made
    unwritable,  ///< can't be replaced
    exposed,     ///< others may read it
    malformed,   ///< not what is said above
};
template <class T>
using SecretResult = Result<T, SecretErrc>;

struct FormerSecret {
    std::string secret;
    WallTime until{};
};

struct Secrets {
    std::string newest;                ///< 32 bytes: the one that signs
    std::vector<FormerSecret> former;  ///< newest first; still taken
};

/// The longest that a session token is made for.
inline constexpr Seconds kLongestTokenLife = std::chrono::hours(24 * 366);
/// How long a former secret is kept: the longest token, and a day for its leeway, for clocks, and for a process that
/// was signing as the secret was replaced.
inline constexpr Seconds kFormerSecretLife = kLongestTokenLife + std::chrono::hours(24);

/// The `kid` of what `secret` signs: 16 hexadecimal digits.
std::string secret_id(std::string_view secret);

/// What the file holds; former secrets whose time is over are left out. The messages name the file and what to do.
SecretResult<Secrets> load_secrets(const std::string& path, WallTime now);
/// As load_secrets; the file is made, with 32 random bytes and mode 0600, when it is missing. Two processes that make
/// it at the same time get the same.
SecretResult<Secrets> load_or_make_secrets(const std::string& path, WallTime now);
/// Puts a new secret before the others and forgets those whose time is over. The file is replaced whole, with its mode
/// 0600 and its owner; two rotations at the same time keep each other's. Gives until when the former newest is taken.
SecretResult<WallTime> rotate_secret(const std::string& path, WallTime now);

}  // namespace longhand::http
