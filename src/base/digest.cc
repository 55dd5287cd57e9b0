#include "base/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <array>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace longhand {
namespace {

std::string_view as_text(const Sha256& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

const unsigned char* as_bytes(std::string_view data) {
    return reinterpret_cast<const unsigned char*>(data.data());
}

int lower_hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

struct FreeMac {
    void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMac>;

// Looking an algorithm up costs OpenSSL 3 more than a short message does: once for each thread.
MacContext new_mac_context() {
    const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
    MacContext context(mac ? EVP_MAC_CTX_new(mac.get()) : nullptr);
    char name[] = OSSL_DIGEST_NAME_SHA2_256;
    const std::array parameters = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                   OSSL_PARAM_construct_end()};
    if (!context || EVP_MAC_CTX_set_params(context.get(), parameters.data()) != 1)
        throw std::runtime_error("HMAC is not available");
    return context;
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What a character stands for; what stands for nothing is past the alphabet.
constexpr std::array<std::uint8_t, 256> base64_values() {
    std::array<std::uint8_t, 256> values{};
    values.fill(255);
    for (std::size_t i = 0; i < kBase64.size(); ++i) {
        values[static_cast<unsigned char>(kBase64[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}
constexpr std::array<std::uint8_t, 256> kBase64Values = base64_values();

}  // namespace

Sha256 sha256(std::string_view data) {
    Sha256 digest;
    unsigned int length = 0;
    if (EVP_Digest(data.data(), data.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 is not available");
    }
    return digest;
}

std::string sha256_hex(std::string_view data) {
    return to_hex(as_text(sha256(data)));
}

Sha256 hmac_sha256(std::string_view key, std::string_view data) {
    // Setting a key costs as much as a short text, and nearly all calls of a thread are of one key.
    thread_local const MacContext context = new_mac_context();
    thread_local std::string last_key;
    thread_local bool has_key = false;
    const bool is_last = has_key && last_key == key;
    has_key = false;
    Sha256 digest;
    std::size_t length = 0;
    // Without an address it takes the key of the last call.
    const auto* key_bytes = is_last ? nullptr : as_bytes(key.empty() ? std::string_view("") : key);
    if (EVP_MAC_init(context.get(), key_bytes, is_last ? 0 : key.size(), nullptr) != 1 ||
        EVP_MAC_update(context.get(), as_bytes(data), data.size()) != 1 ||
        EVP_MAC_final(context.get(), digest.data(), &length, digest.size()) != 1) {
        throw std::runtime_error("HMAC is not available");
    }
    if (!is_last) last_key = key;
    has_key = true;
    return digest;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    // By words, since whole tokens are compared at each request; the bytes that are left over by OpenSSL.
    std::uint64_t different = 0;
    std::size_t at = 0;
    for (; at + sizeof different <= a.size(); at += sizeof different) {
        std::uint64_t x = 0, y = 0;
        std::memcpy(&x, a.data() + at, sizeof x);
        std::memcpy(&y, b.data() + at, sizeof y);
        different |= x ^ y;
        // So that no compiler finds a reason to stop early.
        __asm__ volatile("" : "+r"(different));
    }
    const bool same_rest = CRYPTO_memcmp(a.data() + at, b.data() + at, a.size() - at) == 0;
    return (different == 0) & same_rest;
}

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
        throw std::runtime_error("the system gives no random bytes");
    }
    return bytes;
}

std::string to_hex(std::string_view bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text(bytes.size() * 2, '\0');
    char* out = text.data();
    for (const unsigned char byte : bytes) {
        *out++ = kDigits[byte >> 4];
        *out++ = kDigits[byte & 15];
    }
    return text;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = lower_hex_value(text[i]), low = lower_hex_value(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes += static_cast<char>(high << 4 | low);
    }
    return bytes;
}

std::string to_base64url(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t held = 0;
    int bits = 0;
    for (const unsigned char byte : bytes) {
        held = held << 8 | byte;
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            text += kBase64[held >> bits & 63];
        }
    }
    if (bits > 0) text += kBase64[held << (6 - bits) & 63];
    return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t held = 0;
    int bits = 0;
    for (const char c : text) {
        const auto value = kBase64Values[static_cast<unsigned char>(c)];
        if (value >= kBase64.size()) return std::nullopt;
        held = held << 6 | value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>(held >> bits & 255);
        }
    }
    // One text for each value: the bits past the last byte are zero.
    if ((held & ((1U << bits) - 1)) != 0) return std::nullopt;
    return bytes;
}

Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr || EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 is not available");
    }
}

Sha256Stream::~Sha256Stream() {
    EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
}

void Sha256Stream::update(std::string_view data) {
    if (EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), data.data(), data.size()) != 1) {
        throw std::runtime_error("SHA-256 failed");
    }
}

std::string Sha256Stream::finish_hex() {
    Sha256 digest;
    unsigned int length = 0;
    if (EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest.data(), &length) != 1) {
        throw std::runtime_error("SHA-256 failed");
    }
    return to_hex(as_text(digest));
}

}  // namespace longhand
