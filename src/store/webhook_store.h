// Webhooks, and the messages to them: an outbox that is written with the events it tells of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/runtime.h"
#include "base/uuid.h"
#include "store/errors.h"
#include "store/request_store.h"

namespace longhand::store {

/// Of one owner.
constexpr std::size_t kMostWebhooks = 50;
/// How long after its event a message is tried again; as long again after a replay.
constexpr Milliseconds kMessagePatience{72LL * 3'600 * 1'000};

struct Webhook {
    Uuid id;
    Uuid owner;
    std::optional<Uuid> project;  ///< of its jobs alone
    std::optional<Uuid> job;      ///< of that one alone
    std::string url;
    std::vector<std::string> kinds;  ///< of events; `*` is every one
    std::string secret;              ///< sealed for this webhook; what opens it is not in the store
    std::string former_secret;       ///< likewise; signs beside the other until `former_until`. Empty: there is none
    std::optional<WallTime> former_until;
    bool is_enabled = true;
    std::string disabled_because;  ///< empty where its owner did it
    WallTime created_at{};
    WallTime updated_at{};
};

/// The secrets of a webhook as they are kept.
struct KeptWebhookSecrets {
    Uuid webhook;
    Uuid owner;
    std::string secret;
    std::string former_secret;
};

/// What is not set stays.
struct WebhookChange {
    std::optional<std::string> url;
    std::optional<std::vector<std::string>> kinds;
    std::optional<bool> is_enabled;
};

enum class MessageState {
    due,        ///< at `next_at`
    held,       ///< somebody is about to deliver it, until `next_at`
    behind,     ///< waits for an earlier one of the same job
    delivered,  ///< a 2xx came back
    failed,     ///< given up
};
std::string_view to_string(MessageState state);

/// One try to deliver a message.
struct MessageAttempt {
    std::int32_t number = 1;
    WallTime at{};
    int status = 0;  ///< of the answer; 0: none came
    Milliseconds taken{};
    std::string problem;  ///< empty when it was delivered
};

struct WebhookMessage {
    Uuid id;
    Uuid webhook;
    Uuid job;
    std::int64_t seq = 0;  ///< of the event
    std::string kind;
    std::string payload;  ///< as it is sent
    MessageState state = MessageState::due;
    std::int32_t attempts = 0;  ///< that were begun
    WallTime created_at{};
    WallTime next_at{};
    WallTime expires_at{};
    std::vector<MessageAttempt> log;  ///< the oldest first; the last kMostAttemptsShown of them
};
constexpr std::size_t kMostAttemptsShown = 50;

struct MessagesPage {
    std::vector<WebhookMessage> messages;  ///< newest first
    std::optional<Uuid> next;              ///< the cursor of the page behind
};

/// A message to be sent now, with what that takes.
struct Delivery {
    WebhookMessage message;  ///< `attempts` with this one
    std::int32_t tries = 1;  ///< since its event, or since it was replayed, with this one
    std::string url;
    std::vector<std::string> secrets;  ///< that sign it, as they are kept, the newest first
};

struct DeliveryEnd {
    enum class Outcome { delivered, again, failed };
    static constexpr std::size_t kOutcomes = 3;
    Uuid message;
    MessageAttempt attempt;
    Outcome outcome = Outcome::delivered;
    WallTime next_at{};           ///< of `again`
    std::string disable_because;  ///< set: its webhook gets nothing more, till its owner enables it
};

/// As JobStore: atomic, durable when resumed, thread-safe, `unavailable` and `stopping` besides the errors named.
struct DeliveryBounds {
    std::size_t at_once = 0;      ///< to be claimed now
    std::size_t per_webhook = 0;  ///< under way, those that were claimed before among them
    std::size_t per_owner = 0;    ///< the same
};

/// A message is written in the transaction of its event, for each webhook that is enabled and wants it. Those of one
/// job to one webhook leave in the order of its events, each after the one before has been delivered or given up.
class WebhookStore {
public:
    virtual ~WebhookStore() = default;
    /// `id` is a new one, for which the secret is sealed; times are made here. Errors: not_found (the project, the job
    /// or the owner), limit.
    virtual awaitable<StoreResult<Webhook>> add_webhook(Webhook webhook, Once<Webhook> once = {}) = 0;
    virtual awaitable<StoreResult<std::vector<Webhook>>> webhooks_of_owner(Uuid owner) = 0;   ///< newest first
    virtual awaitable<StoreResult<Webhook>> webhook_for_owner(Uuid owner, Uuid webhook) = 0;  // not_found
    virtual awaitable<StoreResult<Webhook>> update_webhook(Uuid owner, Uuid webhook,
                                                           WebhookChange change) = 0;  // not_found
    /// With its messages. Errors: not_found.
    virtual awaitable<StoreResult<void>> delete_webhook(Uuid owner, Uuid webhook) = 0;
    /// What was the secret signs beside the new one for `overlap`; where that is zero it is forgotten. What waits is
    /// due at once. Errors: not_found.
    virtual awaitable<StoreResult<Webhook>> rotate_webhook_secret(Uuid owner, Uuid webhook, std::string secret,
                                                                  Milliseconds overlap, Once<Webhook> once = {}) = 0;
    /// Of all webhooks of which a secret, the former one too, begins otherwise than with `prefix`, by id.
    virtual awaitable<StoreResult<std::vector<KeptWebhookSecrets>>> webhook_secrets_without(std::string prefix) = 0;
    /// Puts `sealed` where the webhook has `kept`, as its secret or as its former one: a secret that became the former
    /// one meanwhile is found, and what another process has sealed meanwhile is left. Errors: not_found (it has that
    /// nowhere any more).
    virtual awaitable<StoreResult<void>> reseal_webhook_secret(Uuid webhook, std::string kept, std::string sealed) = 0;

    /// `limit` 1 to 1000; `before`: the cursor. Errors: not_found.
    virtual awaitable<StoreResult<MessagesPage>> messages_of_webhook(Uuid owner, Uuid webhook, std::size_t limit,
                                                                     std::optional<Uuid> before) = 0;
    /// A message that has ended is due again at once, out of turn. Errors: not_found; wrong_state: pending or disabled.
    virtual awaitable<StoreResult<WebhookMessage>> replay_message(Uuid owner, Uuid webhook, Uuid message,
                                                                  Once<WebhookMessage> once = {}) = 0;

    /// Due messages, webhook by webhook, that which has been due longest first. They are held for `hold`: whose end was
    /// not told by then is due again.
    virtual awaitable<StoreResult<std::vector<Delivery>>> claim_deliveries(DeliveryBounds bounds,
                                                                           Milliseconds hold) = 0;
    /// Of one that is not held any more by that attempt: nothing.
    virtual awaitable<StoreResult<void>> end_delivery(DeliveryEnd end) = 0;
    /// When the next message is due; nothing when none waits.
    virtual awaitable<StoreResult<std::optional<WallTime>>> next_delivery() = 0;
    /// Forgets messages, delivered or given up, of events before `before`, and gives up those of disabled webhooks
    /// whose time is over; at most `limit` of each. Gives the greater number.
    virtual awaitable<StoreResult<std::size_t>> prune_messages(WallTime before, std::size_t limit) = 0;
};

}  // namespace longhand::store
