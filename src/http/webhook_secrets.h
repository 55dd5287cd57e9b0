// Webhooks' secrets: sealed in the store, opened with what is made of the signing secret.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/runtime.h"
#include "http/key_ring.h"
#include "store/webhook_store.h"

namespace longhand::http {

/// What is kept is text: `sealed:`, the id of the signing secret, `:`, and base64url of what base/seal.h makes, with
/// the webhook's id as what it belongs to. A secret has the same form as the newest and as the former one. Thread-safe.
class WebhookSecrets {
public:
    explicit WebhookSecrets(std::shared_ptr<const KeyRing> keys) : keys_(std::move(keys)) {}

    /// Under the newest secret of the file as it is now.
    std::string seal(const Uuid& webhook, std::string_view secret) const;
    /// In clear. What is kept in clear, from before secrets were sealed, is taken as it is. Nothing: it was changed, is
    /// another webhook's, or is sealed under a secret that is not there any more.
    std::optional<std::string> open(const Uuid& webhook, std::string_view kept) const;

    struct Resealed {
        struct NotOpened {
            Uuid webhook, owner;
        };
        std::size_t secrets = 0;  ///< former ones too
        /// Nothing is sent to these. A former secret alone that can't be opened is none of them: the newest signs.
        std::vector<NotOpened> not_opened;
    };
    /// Seals all of `webhooks` under the newest secret of the file as it is now. What is sealed so already is left, and
    /// so is what another process seals or its owner replaces at the same time.
    awaitable<store::StoreResult<Resealed>> reseal_all(store::WebhookStore& webhooks) const;

private:
    const std::shared_ptr<const KeyRing> keys_;
};

}  // namespace longhand::http
