#include "cli/webhook_secrets.h"

#include "http/webhook_secrets.h"

namespace longhand::cli {

engine::WebhookSender::OpenSecret webhook_secret_opener(std::shared_ptr<const http::KeyRing> keys) {
    return [secrets = http::WebhookSecrets(std::move(keys))](const Uuid& webhook, std::string_view kept) {
        return secrets.open(webhook, kept);
    };
}

void reseal_webhook_secrets(std::shared_ptr<const http::KeyRing> keys, store::WebhookStore& webhooks,
                            asio::io_context& loop, spdlog::logger& log) {
    const http::WebhookSecrets secrets(std::move(keys));
    const auto resealed = run_on(loop, secrets.reseal_all(webhooks));
    if (!resealed) return log.error("the secrets of webhooks can't be sealed: {}", resealed.error().message);
    if (resealed->secrets > 0) log.info("{} secrets of webhooks are sealed under the newest secret", resealed->secrets);
    for (const auto& [webhook, owner] : resealed->not_opened) {
        log.error(
            "the secret of the webhook {} of the user {} can't be opened: nothing is sent to it until its owner "
            "makes a new one with rotateWebhookSecret",
            webhook.to_string(), owner.to_string());
    }
}

}  // namespace longhand::cli
