// Small secrets, sealed for keeping: XChaCha20-Poly1305 as in the IETF's construction, over libsodium.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace longhand {

/// The key to seal with under an installation's secret of 32 bytes: libsodium's KDF (BLAKE2b) with a context of its
/// own, so that nothing that the secret signs says anything of it. 32 bytes. Throws std::logic_error for another
/// length.
std::string sealing_key(std::string_view secret);

/// A fresh random nonce of 24 bytes, then the text, encrypted, with its tag. What is `associated` is not in it: who
/// opens it has to know it, to the byte. `key` is of 32 bytes. Throws std::runtime_error where libsodium can't be used.
std::string seal(std::string_view key, std::string_view text, std::string_view associated);
/// Nothing: it was changed, belongs to something else, or was sealed with another key. Never a part of the text.
std::optional<std::string> unseal(std::string_view key, std::string_view sealed, std::string_view associated);

}  // namespace longhand
