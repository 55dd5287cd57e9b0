#include "base/seal.h"

#include <sodium.h>

#include <cstdint>
#include <stdexcept>

namespace longhand {
namespace {

constexpr std::size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
// Eight bytes, as the KDF has them. Another context is another key, so this one stays.
constexpr char kContext[] = "lhseal01";
static_assert(sizeof(kContext) == crypto_kdf_CONTEXTBYTES + 1);
constexpr std::uint64_t kSubkey = 1;

void prepare() {
    static const int kReady = sodium_init();
    if (kReady < 0) throw std::runtime_error("libsodium can't be used on this machine");
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

void check_key(std::string_view key) {
    if (key.size() != kKeyBytes) throw std::logic_error("a sealing key has 32 bytes");
}

}  // namespace

std::string sealing_key(std::string_view secret) {
    prepare();
    if (secret.size() != crypto_kdf_KEYBYTES) throw std::logic_error("a secret has 32 bytes");
    std::string key(kKeyBytes, '\0');
    crypto_kdf_derive_from_key(bytes_of(key), key.size(), kSubkey, kContext, bytes_of(secret));
    return key;
}

std::string seal(std::string_view key, std::string_view text, std::string_view associated) {
    prepare();
    check_key(key);
    std::string sealed(kNonceBytes + text.size() + kTagBytes, '\0');
    randombytes_buf(sealed.data(), kNonceBytes);
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(sealed) + kNonceBytes, nullptr, bytes_of(text), text.size(),
                                               bytes_of(associated), associated.size(), nullptr, bytes_of(sealed),
                                               bytes_of(key));
    return sealed;
}

std::optional<std::string> unseal(std::string_view key, std::string_view sealed, std::string_view associated) {
    prepare();
    check_key(key);
    if (sealed.size() < kNonceBytes + kTagBytes) return std::nullopt;
    const std::string_view body = sealed.substr(kNonceBytes);
    std::string text(body.size() - kTagBytes, '\0');
    const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(text), nullptr, nullptr, bytes_of(body),
                                                                  body.size(), bytes_of(associated), associated.size(),
                                                                  bytes_of(sealed), bytes_of(key));
    if (opened != 0) return std::nullopt;
    return text;
}

}  // namespace longhand
