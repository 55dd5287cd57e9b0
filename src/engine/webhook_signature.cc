#include "engine/webhook_signature.h"

#include <openssl/evp.h>

#include "base/digest.h"

namespace longhand::engine {
namespace {

constexpr std::size_t kSecretBytes = 32;

std::string to_base64(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

// Empty for what is no base64.
std::string from_base64(std::string_view text) {
    std::string bytes(text.size(), '\0');
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (size < 0) return {};
    // What stands for the padding is counted too.
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return bytes;
}

}  // namespace

std::string make_webhook_secret() {
    return std::string(kWebhookSecretPrefix) + to_base64(random_bytes(kSecretBytes));
}

std::string webhook_signature(const std::vector<std::string>& secrets, std::string_view id, std::int64_t timestamp,
                              std::string_view body) {
    std::string signed_text(id);
    signed_text += '.';
    signed_text += std::to_string(timestamp);
    signed_text += '.';
    signed_text += body;
    std::string signature;
    for (std::string_view secret : secrets) {
        if (!secret.starts_with(kWebhookSecretPrefix)) continue;
        secret.remove_prefix(kWebhookSecretPrefix.size());
        const auto mac = hmac_sha256(from_base64(secret), signed_text);
        signature += signature.empty() ? "v1," : " v1,";
        signature += to_base64({reinterpret_cast<const char*>(mac.data()), mac.size()});
    }
    return signature;
}

}  // namespace longhand::engine
