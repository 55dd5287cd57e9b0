#include "http/answer_seal.h"

#include <openssl/evp.h>

#include <stdexcept>

#include "base/digest.h"

namespace longhand::http {
namespace {

constexpr std::string_view kSealMark = "sealed:";  // no JSON text begins so
constexpr std::size_t kNonceBytes = 12, kTagBytes = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Sha256 seal_key(const SigningKey& key) {
    return hmac_sha256(key.secret, "longhand: kept answers");
}

Cipher new_cipher() {
    Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
    if (!cipher) throw std::bad_alloc();
    return cipher;
}

std::optional<std::string> opened(const SigningKey& key, std::string_view bytes) {
    const Sha256 secret = seal_key(key);
    const auto nonce = bytes.substr(0, kNonceBytes);
    std::string tag(bytes.substr(bytes.size() - kTagBytes));
    const auto text = bytes.substr(kNonceBytes, bytes.size() - kNonceBytes - kTagBytes);
    std::string plain(text.size(), '\0');
    const Cipher cipher = new_cipher();
    int size = 0;
    const bool is_sound =
        EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, secret.data(), bytes_of(nonce)) == 1 &&
        EVP_DecryptUpdate(cipher.get(), bytes_of(plain), &size, bytes_of(text), static_cast<int>(text.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagBytes), tag.data()) == 1 &&
        EVP_DecryptFinal_ex(cipher.get(), bytes_of(plain) + size, &size) == 1;
    return is_sound ? std::optional(std::move(plain)) : std::nullopt;
}

}  // namespace

std::string AnswerSeal::seal(std::string_view plain) const {
    const Sha256 secret = seal_key(keys_->keys()->newest());
    const std::string nonce = random_bytes(kNonceBytes);
    std::string text(plain.size(), '\0'), tag(kTagBytes, '\0');
    const Cipher cipher = new_cipher();
    int size = 0;
    const bool is_sealed =
        EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, secret.data(), bytes_of(nonce)) == 1 &&
        EVP_EncryptUpdate(cipher.get(), bytes_of(text), &size, bytes_of(plain), static_cast<int>(plain.size())) == 1 &&
        EVP_EncryptFinal_ex(cipher.get(), bytes_of(text) + size, &size) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagBytes), tag.data()) == 1;
    if (!is_sealed) throw std::runtime_error("an answer can't be sealed");
    return std::string(kSealMark) + to_base64url(nonce + text + tag);
}

std::optional<std::string> AnswerSeal::open(std::string_view sealed) const {
    if (!is_sealed(sealed)) return std::nullopt;
    const auto bytes = from_base64url(sealed.substr(kSealMark.size()));
    if (!bytes || bytes->size() < kNonceBytes + kTagBytes) return std::nullopt;
    for (const SigningKey& key : keys_->keys()->all()) {
        if (auto plain = opened(key, *bytes)) return plain;
    }
    return std::nullopt;
}

bool AnswerSeal::is_sealed(std::string_view text) {
    return text.starts_with(kSealMark);
}

}  // namespace longhand::http
