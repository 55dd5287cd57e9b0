#include "store/sqlite/verbs_webhooks.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>

#include "base/text.h"
#include "job/notice.h"
#include "store/sqlite/reads_jobs.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs_accounts.h"
#include "store/sqlite/verbs_projects.h"

namespace longhand::store::sqlite {
namespace {

constexpr std::array kMessageStates = {MessageState::due, MessageState::held, MessageState::behind,
                                       MessageState::delivered, MessageState::failed};

std::string with_commas(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ",") + word;
    return text;
}

Webhook webhook_columns(Statement& row) {
    const auto optional_id = [&row]() -> std::optional<Uuid> {
        if (!row.is_null()) return row.id();
        row.optional_text();
        return std::nullopt;
    };
    Webhook webhook;
    webhook.id = row.id();
    webhook.owner = row.id();
    webhook.project = optional_id();
    webhook.job = optional_id();
    webhook.url = row.text();
    const std::string kinds = row.text();
    for (const auto kind : comma_separated(kinds)) webhook.kinds.emplace_back(kind);
    webhook.secret = row.text();
    webhook.former_secret = row.text();
    webhook.former_until = row.optional_time();
    webhook.is_enabled = row.flag();
    webhook.disabled_because = row.text();
    webhook.created_at = row.time();
    webhook.updated_at = row.time();
    return webhook;
}

MessageState message_state_column(Statement& row) {
    const std::string word = row.text();
    for (const MessageState state : kMessageStates) {
        if (to_string(state) == word) return state;
    }
    throw UnreadableRow("a message's state is unknown");
}

WebhookMessage message_columns(Statement& row) {
    WebhookMessage message;
    message.id = row.id();
    message.webhook = row.id();
    message.job = row.id();
    message.seq = row.integer();
    message.kind = row.text();
    message.payload = row.text();
    message.state = message_state_column(row);
    message.attempts = static_cast<std::int32_t>(row.integer());
    message.created_at = row.time();
    message.next_at = row.time();
    message.expires_at = row.time();
    return message;
}

void save(Write& write, Webhook& webhook) {
    webhook.updated_at = std::max(write.now, webhook.updated_at + Milliseconds{1});
    const std::string kinds = with_commas(webhook.kinds);
    write.connection.query("update_webhook")
        .bind_all(webhook.url, kinds, webhook.secret, webhook.former_secret, webhook.former_until, webhook.is_enabled,
                  webhook.disabled_because, webhook.updated_at, webhook.id)
        .run();
}

void delete_with_messages(Write& write, const std::vector<Uuid>& webhooks) {
    for (const Uuid& id : webhooks) {
        for (const char* query : {"delete_attempts_of_webhook", "delete_messages_of_webhook", "delete_webhook"}) {
            write.connection.query(query).bind(id).run();
        }
    }
}

void delete_where(Write& write, const char* query, const Uuid& of) {
    auto ids = write.connection.query(query);
    ids.bind(of);
    delete_with_messages(write, read_ids(std::move(ids)));
}

// Whoever was waited for may be there now.
void bring_forward(Write& write, const Uuid& webhook) {
    write.connection.query("bring_forward_messages").bind_all(write.now, webhook).run();
}

std::vector<Uuid> ids_of(Connection& connection, const char* name, WallTime before, std::size_t limit) {
    auto query = connection.query(name);
    query.bind_all(before, static_cast<std::int64_t>(limit));
    return read_ids(std::move(query));
}

struct DueWebhook {
    Uuid webhook, owner;
};

/// The one that has been due longest first.
std::vector<DueWebhook> due_webhooks(Connection& connection, WallTime now) {
    auto query = connection.query("due_webhooks");
    query.bind(now);
    std::vector<DueWebhook> webhooks;
    while (query.step()) {
        DueWebhook& due = webhooks.emplace_back();
        due.webhook = query.id();
        due.owner = query.id();
    }
    return webhooks;
}

/// How many messages are being delivered, to each webhook and of each owner.
class UnderWay {
public:
    explicit UnderWay(Connection& connection) {
        auto query = connection.query("held_webhooks");
        while (query.step()) {
            DueWebhook held;
            held.webhook = query.id();
            held.owner = query.id();
            add(held, static_cast<std::size_t>(query.integer()));
        }
    }
    void add(const DueWebhook& of, std::size_t messages) {
        to_[of.webhook] += messages;
        of_[of.owner] += messages;
    }
    std::size_t room(const DueWebhook& of, const DeliveryBounds& bounds) {
        const std::size_t to = bounds.per_webhook - std::min(bounds.per_webhook, to_[of.webhook]);
        return std::min(to, bounds.per_owner - std::min(bounds.per_owner, of_[of.owner]));
    }

private:
    std::unordered_map<Uuid, std::size_t> to_, of_;
};

void add_due_messages(Write& write, const Uuid& webhook, std::size_t limit, std::vector<Delivery>& deliveries) {
    auto query = write.connection.query("due_messages_of_webhook");
    query.bind_all(webhook, write.now, static_cast<std::int64_t>(limit));
    while (query.step()) {
        Delivery& delivery = deliveries.emplace_back();
        delivery.message = message_columns(query);
        delivery.tries = delivery.message.attempts + 1 - static_cast<std::int32_t>(query.integer());
        delivery.url = query.text();
        delivery.secrets.push_back(query.text());
        std::string former = query.text();
        const auto until = query.optional_time();
        if (!former.empty() && until && *until > write.now) delivery.secrets.push_back(std::move(former));
    }
}

std::vector<MessageAttempt> attempts_of(Connection& connection, const Uuid& message) {
    auto query = connection.query("message_attempts");
    query.bind_all(message, static_cast<std::int64_t>(kMostAttemptsShown));
    std::vector<MessageAttempt> log;
    while (query.step()) {
        MessageAttempt& attempt = log.emplace_back();
        attempt.number = static_cast<std::int32_t>(query.integer());
        attempt.at = query.time();
        attempt.status = static_cast<int>(query.integer());
        attempt.taken = Milliseconds(query.integer());
        attempt.problem = query.text();
    }
    std::reverse(log.begin(), log.end());
    return log;
}

MessageState state_after(DeliveryEnd::Outcome outcome) {
    switch (outcome) {
        case DeliveryEnd::Outcome::delivered:
            return MessageState::delivered;
        case DeliveryEnd::Outcome::again:
            return MessageState::due;
        case DeliveryEnd::Outcome::failed:
            break;
    }
    return MessageState::failed;
}

// The next of the job's messages to that webhook, if none before it is open any more.
void move_up(Write& write, const Uuid& message) {
    Uuid webhook, job;
    {
        auto place = write.connection.query("place_of_message");
        place.bind(message);
        if (!place.step()) return;
        webhook = place.id();
        job = place.id();
    }
    write.connection.query("move_up_message").bind_all(write.now, webhook, job).run();
}

}  // namespace

bool tell_webhooks(Write& write, const job::Job& job, const job::Event& event) {
    Connection& connection = write.connection;
    if (!write.webhook_owners.has(connection, job.owner)) return false;
    auto query = connection.query("webhooks_for_event");
    query.bind_all(job.owner, job.project, job.id, event.kind);
    const auto webhooks = read_ids(std::move(query));
    if (webhooks.empty()) return false;
    const std::string payload = job::notice(job, event);
    for (const Uuid& webhook : webhooks) {
        const Uuid id = write.runtime.new_id();
        connection.query("insert_message")
            .bind_all(id, webhook, job.id, event.seq, event.kind, payload, write.now, write.now + kMessagePatience)
            .run();
    }
    return true;
}

void delete_webhooks_of_owner(Write& write, const Uuid& owner) {
    delete_where(write, "webhook_ids_of_owner", owner);
}

void delete_webhooks_of_project(Write& write, const Uuid& project) {
    delete_where(write, "webhook_ids_of_project", project);
}

void delete_webhooks_of_job(Write& write, const Uuid& job) {
    delete_where(write, "webhook_ids_of_job", job);
}

void delete_messages_of_job(Write& write, const Uuid& job, Messages which) {
    const std::int64_t most_open = which == Messages::all ? 1 : 0;
    write.connection.query("delete_attempts_of_job").bind_all(job, most_open).run();
    write.connection.query("delete_messages_of_job").bind_all(job, most_open).run();
}

void release_held_messages(Write& write) {
    write.connection.query("release_held_messages").bind(write.now).run();
}

StoreResult<Webhook> add_webhook(Write& write, Webhook webhook) {
    Connection& connection = write.connection;
    if (user_is_removed(connection, webhook.owner)) return no_such("user");
    if (webhook.project && !project_exists(connection, webhook.owner, *webhook.project)) return no_such("project");
    if (webhook.job && !load_job_of_owner(connection, webhook.owner, *webhook.job)) return no_such("job");
    {
        auto count = connection.query("count_webhooks");
        count.bind(webhook.owner);
        count.step();
        if (count.integer() >= static_cast<std::int64_t>(kMostWebhooks)) {
            return StoreFailure{StoreErrc::limit, "there may be " + std::to_string(kMostWebhooks) +
                                                      " webhooks; delete one that is not needed any more"};
        }
    }
    webhook.created_at = webhook.updated_at = write.now;
    const std::string kinds = with_commas(webhook.kinds);
    connection.query("insert_webhook")
        .bind_all(webhook.id, webhook.owner, webhook.project, webhook.job, webhook.url, kinds, webhook.secret,
                  webhook.created_at, webhook.updated_at)
        .run();
    write.webhook_owners.add(connection, webhook.owner);
    return webhook;
}

StoreResult<std::vector<Webhook>> webhooks_of_owner(Connection& connection, const Uuid& owner) {
    auto query = connection.query("webhooks_of_owner");
    query.bind(owner);
    std::vector<Webhook> webhooks;
    while (query.step()) webhooks.push_back(webhook_columns(query));
    return webhooks;
}

StoreResult<Webhook> webhook_for_owner(Connection& connection, const Uuid& owner, const Uuid& webhook) {
    auto query = connection.query("webhook_of_owner");
    query.bind_all(webhook, owner);
    if (!query.step()) return no_such("webhook");
    return webhook_columns(query);
}

StoreResult<Webhook> update_webhook(Write& write, const Uuid& owner, const Uuid& id, const WebhookChange& change) {
    auto webhook = webhook_for_owner(write.connection, owner, id);
    if (!webhook) return webhook;
    if (change.url) webhook->url = *change.url;
    if (change.kinds) webhook->kinds = *change.kinds;
    if (change.is_enabled) {
        webhook->is_enabled = *change.is_enabled;
        webhook->disabled_because.clear();
    }
    save(write, *webhook);
    if (change.url || change.is_enabled) bring_forward(write, id);
    return webhook;
}

StoreResult<void> delete_webhook(Write& write, const Uuid& owner, const Uuid& id) {
    if (auto webhook = webhook_for_owner(write.connection, owner, id); !webhook) return webhook.error();
    delete_with_messages(write, {id});
    return {};
}

StoreResult<Webhook> rotate_webhook_secret(Write& write, const Uuid& owner, const Uuid& id, const std::string& secret,
                                           Milliseconds overlap) {
    auto webhook = webhook_for_owner(write.connection, owner, id);
    if (!webhook) return webhook;
    webhook->former_secret = std::exchange(webhook->secret, secret);
    webhook->former_until = write.now + overlap;
    if (overlap == Milliseconds{0}) {
        webhook->former_secret.clear();
        webhook->former_until.reset();
    }
    save(write, *webhook);
    bring_forward(write, id);
    return webhook;
}

StoreResult<std::vector<KeptWebhookSecrets>> webhook_secrets_without(Connection& connection,
                                                                     const std::string& prefix) {
    auto query = connection.query("webhook_secrets_without");
    query.bind(prefix);
    std::vector<KeptWebhookSecrets> found;
    while (query.step()) {
        KeptWebhookSecrets& secrets = found.emplace_back();
        secrets.webhook = query.id();
        secrets.owner = query.id();
        secrets.secret = query.text();
        secrets.former_secret = query.text();
    }
    return found;
}

StoreResult<void> reseal_webhook_secret(Write& write, const Uuid& webhook, const std::string& kept,
                                        const std::string& sealed) {
    if (write.connection.query("reseal_webhook_secret").bind_all(webhook, kept, sealed).run() == 0)
        return no_such("webhook secret");
    return {};
}

StoreResult<MessagesPage> messages_of_webhook(Connection& connection, const Uuid& owner, const Uuid& id,
                                              std::size_t limit, const std::optional<Uuid>& before) {
    const Snapshot snapshot(connection);
    if (auto webhook = webhook_for_owner(connection, owner, id); !webhook) return webhook.error();
    MessagesPage page;
    {
        const Uuid from = before.value_or(past_all_ids());
        auto query = connection.query("messages_of_webhook");
        query.bind_all(id, from, static_cast<std::int64_t>(limit) + 1);
        while (query.step()) page.messages.push_back(message_columns(query));
    }
    if (page.messages.size() > limit) {
        page.messages.pop_back();
        page.next = page.messages.back().id;
    }
    // Ids of one millisecond stand in no order; the events of a job do.
    std::stable_sort(page.messages.begin(), page.messages.end(), [](const auto& a, const auto& b) {
        return std::tie(a.created_at, a.job, a.seq) > std::tie(b.created_at, b.job, b.seq);
    });
    for (auto& message : page.messages) message.log = attempts_of(connection, message.id);
    return page;
}

StoreResult<WebhookMessage> replay_message(Write& write, const Uuid& owner, const Uuid& webhook, const Uuid& message) {
    Connection& connection = write.connection;
    const auto to = webhook_for_owner(connection, owner, webhook);
    if (!to) return to.error();
    const auto read = [&]() -> std::optional<WebhookMessage> {
        auto query = connection.query("message_of_webhook");
        query.bind_all(message, webhook);
        if (!query.step()) return std::nullopt;
        return message_columns(query);
    };
    auto found = read();
    if (!found) return no_such("delivery");
    if (!to->is_enabled) return StoreFailure{StoreErrc::wrong_state, "disabled"};
    if (connection.query("replay_message").bind_all(write.now, write.now + kMessagePatience, message).run() == 0) {
        return StoreFailure{StoreErrc::wrong_state, "pending"};
    }
    found = read();
    found->log = attempts_of(connection, message);
    return std::move(*found);
}

StoreResult<std::vector<Delivery>> claim_deliveries(Write& write, const DeliveryBounds& bounds, Milliseconds hold) {
    Connection& connection = write.connection;
    connection.query("release_overdue_messages").bind(write.now).run();
    std::vector<Delivery> deliveries;
    UnderWay under_way(connection);
    for (const DueWebhook& due : due_webhooks(connection, write.now)) {
        const std::size_t room = std::min(under_way.room(due, bounds), bounds.at_once - deliveries.size());
        const std::size_t before = deliveries.size();
        if (room > 0) add_due_messages(write, due.webhook, room, deliveries);
        under_way.add(due, deliveries.size() - before);
        if (deliveries.size() == bounds.at_once) break;
    }
    for (Delivery& delivery : deliveries) {
        ++delivery.message.attempts;
        delivery.message.state = MessageState::held;
        delivery.message.next_at = write.now + hold;
        connection.query("hold_message").bind_all(delivery.message.next_at, delivery.message.id).run();
    }
    return deliveries;
}

StoreResult<void> end_delivery(Write& write, const DeliveryEnd& end) {
    Connection& connection = write.connection;
    const MessageState state = state_after(end.outcome);
    const bool is_open = end.outcome == DeliveryEnd::Outcome::again;
    const bool is_held =
        connection.query("end_message")
            .bind_all(to_string(state), is_open, is_open ? end.next_at : write.now, end.message, end.attempt.number)
            .run() == 1;
    if (!is_held) return {};
    connection.query("insert_attempt")
        .bind_all(end.message, end.attempt.number, end.attempt.at, static_cast<std::int64_t>(end.attempt.status),
                  static_cast<std::int64_t>(end.attempt.taken.count()), end.attempt.problem)
        .run();
    if (!end.disable_because.empty()) {
        Uuid webhook;
        {
            auto place = connection.query("place_of_message");
            place.bind(end.message);
            if (place.step()) webhook = place.id();
        }
        connection.query("disable_webhook").bind_all(end.disable_because, write.now, webhook).run();
    }
    if (!is_open) move_up(write, end.message);
    return {};
}

StoreResult<std::optional<WallTime>> next_delivery(Connection& connection) {
    const Snapshot snapshot(connection);
    std::optional<WallTime> next;
    for (const char* name : {"next_due", "next_overdue"}) {
        auto query = connection.query(name);
        if (!query.step()) continue;
        const auto at = query.optional_time();
        if (at && (!next || *at < *next)) next = at;
    }
    return next;
}

StoreResult<std::size_t> prune_messages(Write& write, WallTime before, std::size_t limit) {
    Connection& connection = write.connection;
    const auto given_up = ids_of(connection, "expired_messages", write.now, limit);
    for (const Uuid& id : given_up) {
        connection.query("give_up_message").bind_all(write.now, id).run();
        move_up(write, id);
    }
    const auto old = ids_of(connection, "old_messages", before, limit);
    for (const Uuid& id : old) {
        connection.query("delete_attempts").bind(id).run();
        connection.query("delete_message").bind(id).run();
    }
    return std::max(given_up.size(), old.size());
}

}  // namespace longhand::store::sqlite
