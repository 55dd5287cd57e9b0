// WebhookStore over the verbs.
#include "store/sqlite/sqlite_store_impl.h"
#include "store/sqlite/verbs_webhooks.h"

namespace longhand::store::sqlite {

awaitable<StoreResult<Webhook>> SqliteStore::add_webhook(Webhook webhook, Once<Webhook> once) {
    std::function<StoreResult<Webhook>(Write&)> verb = [webhook = std::move(webhook)](Write& write) {
        return sqlite::add_webhook(write, webhook);
    };
    return write<Webhook>("add_webhook", std::move(verb), std::move(once));
}

awaitable<StoreResult<std::vector<Webhook>>> SqliteStore::webhooks_of_owner(Uuid owner) {
    return read<std::vector<Webhook>>(
        [owner](Connection& connection) { return sqlite::webhooks_of_owner(connection, owner); });
}

awaitable<StoreResult<Webhook>> SqliteStore::webhook_for_owner(Uuid owner, Uuid webhook) {
    return read<Webhook>(
        [owner, webhook](Connection& connection) { return sqlite::webhook_for_owner(connection, owner, webhook); });
}

awaitable<StoreResult<Webhook>> SqliteStore::update_webhook(Uuid owner, Uuid webhook, WebhookChange change) {
    return write<Webhook>("update_webhook", [owner, webhook, change = std::move(change)](Write& write) {
        return sqlite::update_webhook(write, owner, webhook, change);
    });
}

awaitable<StoreResult<void>> SqliteStore::delete_webhook(Uuid owner, Uuid webhook) {
    return write<void>("delete_webhook",
                       [owner, webhook](Write& write) { return sqlite::delete_webhook(write, owner, webhook); });
}

awaitable<StoreResult<Webhook>> SqliteStore::rotate_webhook_secret(Uuid owner, Uuid webhook, std::string secret,
                                                                   Milliseconds overlap, Once<Webhook> once) {
    std::function<StoreResult<Webhook>(Write&)> verb = [owner, webhook, secret = std::move(secret),
                                                        overlap](Write& write) {
        return sqlite::rotate_webhook_secret(write, owner, webhook, secret, overlap);
    };
    return write<Webhook>("rotate_webhook_secret", std::move(verb), std::move(once));
}

awaitable<StoreResult<std::vector<KeptWebhookSecrets>>> SqliteStore::webhook_secrets_without(std::string prefix) {
    return read<std::vector<KeptWebhookSecrets>>([prefix = std::move(prefix)](Connection& connection) {
        return sqlite::webhook_secrets_without(connection, prefix);
    });
}

awaitable<StoreResult<void>> SqliteStore::reseal_webhook_secret(Uuid webhook, std::string kept, std::string sealed) {
    return write<void>("reseal_webhook_secret",
                       [webhook, kept = std::move(kept), sealed = std::move(sealed)](Write& write) {
                           return sqlite::reseal_webhook_secret(write, webhook, kept, sealed);
                       });
}

awaitable<StoreResult<MessagesPage>> SqliteStore::messages_of_webhook(Uuid owner, Uuid webhook, std::size_t limit,
                                                                      std::optional<Uuid> before) {
    return read<MessagesPage>([owner, webhook, limit, before](Connection& connection) {
        return sqlite::messages_of_webhook(connection, owner, webhook, limit, before);
    });
}

awaitable<StoreResult<WebhookMessage>> SqliteStore::replay_message(Uuid owner, Uuid webhook, Uuid message,
                                                                   Once<WebhookMessage> once) {
    std::function<StoreResult<WebhookMessage>(Write&)> verb = [owner, webhook, message](Write& write) {
        return sqlite::replay_message(write, owner, webhook, message);
    };
    return write<WebhookMessage>("replay_message", std::move(verb), std::move(once));
}

awaitable<StoreResult<std::vector<Delivery>>> SqliteStore::claim_deliveries(DeliveryBounds bounds, Milliseconds hold) {
    return write<std::vector<Delivery>>(
        "claim_deliveries", [bounds, hold](Write& write) { return sqlite::claim_deliveries(write, bounds, hold); });
}

awaitable<StoreResult<void>> SqliteStore::end_delivery(DeliveryEnd end) {
    return write<void>("end_delivery",
                       [end = std::move(end)](Write& write) { return sqlite::end_delivery(write, end); });
}

awaitable<StoreResult<std::optional<WallTime>>> SqliteStore::next_delivery() {
    return read<std::optional<WallTime>>([](Connection& connection) { return sqlite::next_delivery(connection); });
}

awaitable<StoreResult<std::size_t>> SqliteStore::prune_messages(WallTime before, std::size_t limit) {
    return write<std::size_t>("prune_messages",
                              [before, limit](Write& write) { return sqlite::prune_messages(write, before, limit); });
}

}  // namespace longhand::store::sqlite
