// Webhooks' secrets where an installation, its signing secret and the sender meet.
#pragma once

#include <spdlog/logger.h>

#include <memory>

#include "cli/installation.h"
#include "engine/webhook_sender.h"
#include "http/key_ring.h"

namespace longhand::cli {

/// How the sender gets at a webhook's secret.
engine::WebhookSender::OpenSecret webhook_secret_opener(std::shared_ptr<const http::KeyRing> keys);

/// Seals what is not under the newest signing secret: what lies there in clear, from before webhooks' secrets were
/// sealed, and what a rotation was ended before. Says in `log` what it did.
void reseal_webhook_secrets(std::shared_ptr<const http::KeyRing> keys, store::WebhookStore& webhooks,
                            asio::io_context& loop, spdlog::logger& log);

}  // namespace longhand::cli
