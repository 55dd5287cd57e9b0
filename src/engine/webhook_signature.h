// How messages to webhooks are signed: Standard Webhooks, https://www.standardwebhooks.com, symmetric (`v1`).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace longhand::engine {

/// What every secret begins with.
constexpr std::string_view kWebhookSecretPrefix = "whsec_";

/// `whsec_` and the base64 of 32 random bytes.
std::string make_webhook_secret();

/// The value of `webhook-signature`: `v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`, once for each
/// secret, with spaces between. `timestamp` is in whole seconds since 1970. A secret of another form signs nothing.
std::string webhook_signature(const std::vector<std::string>& secrets, std::string_view id, std::int64_t timestamp,
                              std::string_view body);

}  // namespace longhand::engine
