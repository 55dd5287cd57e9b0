// WebhookStore's verbs, and the outbox's side of other verbs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "job/job.h"
#include "store/sqlite/write.h"
#include "store/webhook_store.h"

namespace longhand::store::sqlite {

/// Writes the messages that an event is to webhooks. Called with each event, in its transaction. True when there are
/// any.
bool tell_webhooks(Write& write, const job::Job& job, const job::Event& event);
void delete_webhooks_of_owner(Write& write, const Uuid& owner);
void delete_webhooks_of_project(Write& write, const Uuid& project);
void delete_webhooks_of_job(Write& write, const Uuid& job);
enum class Messages { ended, all };
/// To any webhook.
void delete_messages_of_job(Write& write, const Uuid& job, Messages which);
/// What another life of this process was about to deliver is due now.
void release_held_messages(Write& write);

StoreResult<Webhook> add_webhook(Write& write, Webhook webhook);
StoreResult<std::vector<Webhook>> webhooks_of_owner(Connection& connection, const Uuid& owner);
StoreResult<Webhook> webhook_for_owner(Connection& connection, const Uuid& owner, const Uuid& webhook);
StoreResult<Webhook> update_webhook(Write& write, const Uuid& owner, const Uuid& webhook, const WebhookChange& change);
StoreResult<void> delete_webhook(Write& write, const Uuid& owner, const Uuid& webhook);
StoreResult<Webhook> rotate_webhook_secret(Write& write, const Uuid& owner, const Uuid& webhook,
                                           const std::string& secret, Milliseconds overlap);
StoreResult<std::vector<KeptWebhookSecrets>> webhook_secrets_without(Connection& connection, const std::string& prefix);
StoreResult<void> reseal_webhook_secret(Write& write, const Uuid& webhook, const std::string& kept,
                                        const std::string& sealed);
StoreResult<MessagesPage> messages_of_webhook(Connection& connection, const Uuid& owner, const Uuid& webhook,
                                              std::size_t limit, const std::optional<Uuid>& before);
StoreResult<WebhookMessage> replay_message(Write& write, const Uuid& owner, const Uuid& webhook, const Uuid& message);
StoreResult<std::vector<Delivery>> claim_deliveries(Write& write, const DeliveryBounds& bounds, Milliseconds hold);
StoreResult<void> end_delivery(Write& write, const DeliveryEnd& end);
StoreResult<std::optional<WallTime>> next_delivery(Connection& connection);
StoreResult<std::size_t> prune_messages(Write& write, WallTime before, std::size_t limit);

}  // namespace longhand::store::sqlite
