// Hashes, random bytes and their text forms, over OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace longhand {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view data);
/// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view data);
Sha256 hmac_sha256(std::string_view key, std::string_view data);
/// Same time whatever the contents; false for different lengths.
bool equal_in_constant_time(std::string_view a, std::string_view b);
/// `count` bytes from the system's generator. Throws when it has none.
std::string random_bytes(std::size_t count);

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);
/// URL-safe, without padding (RFC 4648, section 5).
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

/// Incremental SHA-256, for files and uploads.
class Sha256Stream {
public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(const Sha256Stream&) = delete;
    Sha256Stream& operator=(const Sha256Stream&) = delete;
    void update(std::string_view data);
    /// Once.
    std::string finish_hex();

private:
    void* context_;
};

}  // namespace longhand
