// Webhooks: made, listed, changed, deleted; their secrets, and the log of what was sent to them.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "engine/webhook_signature.h"
#include "http/handlers.h"
#include "http/json_body.h"
#include "http/json_out.h"
#include "http/text.h"
#include "job/notice.h"
#include "net/web_address.h"

namespace longhand::http {
namespace json = boost::json;
namespace {

constexpr std::size_t kMostListed = 1'000;
constexpr Milliseconds kSecretOverlap{24LL * 3'600 * 1'000};
constexpr std::string_view kEvery = "*";

std::string kinds_json(const std::vector<std::string>& kinds) {
    JsonArray list;
    for (const std::string& kind : kinds) list.raw(json_string(kind == kEvery ? kind : job::notice_type(kind)));
    return std::move(list).str();
}

std::string webhook_json(const store::Webhook& webhook) {
    JsonObject out;
    out.add("id", webhook.id).add("url", webhook.url);
    out.add("projectId", webhook.project).add("jobId", webhook.job);
    out.raw("events", kinds_json(webhook.kinds));
    out.add("enabled", webhook.is_enabled);
    out.add("disabled_because",
            webhook.disabled_because.empty() ? std::nullopt : std::optional(webhook.disabled_because));
    out.add("former_secret_expires_at", webhook.former_until);
    out.add("created_at", webhook.created_at).add("updated_at", webhook.updated_at);
    return std::move(out).str();
}

std::string_view status_of(store::MessageState state) {
    switch (state) {
        case store::MessageState::due:
        case store::MessageState::held:
        case store::MessageState::behind:
            return "pending";
        case store::MessageState::delivered:
            return "delivered";
        case store::MessageState::failed:
            break;
    }
    return "failed";
}

std::string attempt_json(const store::MessageAttempt& attempt) {
    JsonObject out;
    out.add("number", std::int64_t{attempt.number}).add("at", attempt.at);
    out.add("status", attempt.status == 0 ? std::nullopt : std::optional(std::int64_t{attempt.status}));
    out.add("taken_ms", std::int64_t{attempt.taken.count()});
    out.add("problem", attempt.problem.empty() ? std::nullopt : std::optional(attempt.problem));
    return std::move(out).str();
}

std::string delivery_json(const store::WebhookMessage& message) {
    JsonArray log;
    for (const auto& attempt : message.log) log.raw(attempt_json(attempt));
    const bool is_due = message.state == store::MessageState::due;
    JsonObject out;
    out.add("id", message.id).add("event", job::notice_type(message.kind));
    out.add("jobId", message.job).add("seq", message.seq);
    out.add("status", status_of(message.state)).add("attempts", std::int64_t{message.attempts});
    out.add("next_attempt_at", is_due ? std::optional(message.next_at) : std::nullopt);
    out.add("created_at", message.created_at).add("expires_at", message.expires_at);
    out.raw("log", std::move(log).str()).raw("payload", message.payload);
    return std::move(out).str();
}

/// `["job.completed"]`, or with commas; `*` is every event. Nothing when it is not there.
std::optional<std::vector<std::string>> read_kinds(BodyReader& body) {
    constexpr std::string_view kName = "events";
    const json::value* value = body.find(kName);
    if (value == nullptr) return std::nullopt;
    std::vector<std::string> kinds;
    bool is_list = true;
    const auto take = [&](std::string_view word) {
        word = trimmed(word);
        const auto kind = word == kEvery ? std::optional(std::string(word)) : job::kind_of_notice(word);
        if (!kind) return body.refuse(kName, fmt::format("has '{}' in it, which no event is called", clipped(word)));
        if (std::find(kinds.begin(), kinds.end(), *kind) == kinds.end()) kinds.push_back(*kind);
    };
    if (value->is_string()) {
        for (const auto word : comma_separated(view(*value))) take(word);
    } else if (value->is_array()) {
        for (const json::value& one : value->get_array()) {
            is_list = is_list && one.is_string();
            if (one.is_string()) take(view(one));
        }
    } else {
        is_list = false;
    }
    if (!is_list || kinds.empty()) {
        body.refuse(kName,
                    "should be events such as 'job.completed', in an array or with commas between them; '*' is "
                    "every one");
    }
    if (std::find(kinds.begin(), kinds.end(), kEvery) != kinds.end()) kinds = {std::string(kEvery)};
    return kinds;
}

ApiError refused_url(ApiErrc code, std::string_view why) {
    return ApiError{code, fmt::format("'url' {}.", why)}.with("field", "url");
}

/// The address in the form in which it is called, if it may be. It is looked at again at each delivery.
awaitable<ApiResult<std::string>> checked_url(const Services& services, Call& call, std::string text) {
    const auto began = std::chrono::steady_clock::now();
    auto address = net::parse_web_address(text);
    if (!address) co_return refused_url(ApiErrc::invalid_field, address.error().message);
    std::string url = address->url;
    if (!services.deps.check_address) co_return url;
    auto place = services.address_checks.take(call.owner());
    if (place == nullptr) {
        co_return ApiError{ApiErrc::unavailable,
                           "Some of your addresses are being looked up just now. Send this one when they are done."};
    }
    auto checking = services.deps.check_address(std::move(*address), std::move(place));
    const net::FetchResult<net::CheckedAddress> checked = co_await std::move(checking);
    auto asking = still_there(call, began);
    const auto there = co_await std::move(asking);
    if (!there) co_return there.error();
    if (checked) co_return url;
    switch (checked.error().code) {
        case net::FetchErrc::refused:
            co_return refused_url(ApiErrc::address_not_allowed, checked.error().message);
        case net::FetchErrc::failed:
            co_return refused_url(ApiErrc::invalid_field, checked.error().message);
        case net::FetchErrc::unnamed:
        case net::FetchErrc::stopped:
            break;
    }
    co_return ApiError{ApiErrc::unavailable, "The address could not be looked up in time. Try again."};
}

std::optional<Uuid> optional_id(BodyReader& body, std::string_view name) {
    return body.has(name) ? std::optional(body.id(name)) : std::nullopt;
}

// What the three that are done once say of it: only of what was done. The store has no secret in clear.
std::optional<std::string> created_json(const store::StoreResult<store::Webhook>& made, const std::string& secret) {
    if (!made) return std::nullopt;
    JsonObject out;
    out.add("message", "Webhook created successfully. Its secret is shown this once.");
    out.add("id", made->id).add("secret", secret).raw("webhook", webhook_json(*made));
    return std::move(out).str();
}

std::optional<std::string> rotated_json(const store::StoreResult<store::Webhook>& webhook, const std::string& secret) {
    if (!webhook) return std::nullopt;
    JsonObject out;
    out.add("message",
            webhook->former_until
                ? "New secret made. It is shown this once; the former one signs beside it for 24 hours."
                : "New secret made. It is shown this once; the former one could not be opened, and signs no more.");
    out.add("id", webhook->id).add("secret", secret).add("former_secret_expires_at", webhook->former_until);
    return std::move(out).str();
}

std::optional<std::string> replayed_json(const store::StoreResult<store::WebhookMessage>& message) {
    if (!message) return std::nullopt;
    JsonObject out;
    out.add("message", "The delivery is sent again").raw("delivery", delivery_json(*message));
    return std::move(out).str();
}

awaitable<ApiResult<Reply>> create_webhook(const Services& services, Call& call) {
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    BodyReader reader(*body);
    store::Webhook webhook;
    webhook.owner = call.owner();
    const std::string url = reader.required_line("url", {1, net::kLongestWebAddress});
    webhook.project = optional_id(reader, "projectId");
    webhook.job = optional_id(reader, "jobId");
    webhook.kinds = read_kinds(reader).value_or(job::usual_notices());
    if (reader.problem()) co_return *reader.problem();
    auto checking = checked_url(services, call, url);
    auto checked = co_await std::move(checking);
    if (!checked) co_return checked.error();
    webhook.url = std::move(*checked);
    const std::string secret = engine::make_webhook_secret();
    webhook.id = services.deps.runtime.new_id();
    webhook.secret = services.webhook_secrets.seal(webhook.id, secret);
    if (call.keyed != nullptr) call.keyed->hold_secret();
    auto once = call.once<store::Webhook>(
        [secret](const store::StoreResult<store::Webhook>& made) { return created_json(made, secret); });
    auto made = co_await services.deps.webhooks->add_webhook(std::move(webhook), std::move(once));
    if (!made) co_return from_store(made.error(), "project or job");
    co_return json_reply(*created_json(made, secret));
}

awaitable<ApiResult<Reply>> list_webhooks(const Services& services, Call& call) {
    auto webhooks = co_await services.deps.webhooks->webhooks_of_owner(call.owner());
    if (!webhooks) co_return from_store(webhooks.error(), "webhook");
    JsonArray list;
    for (const auto& webhook : *webhooks) list.raw(webhook_json(webhook));
    JsonObject out;
    out.raw("webhooks", std::move(list).str());
    co_return json_reply(std::move(out).str());
}

void wake_sender(const Services& services) {
    if (services.deps.webhooks_changed) services.deps.webhooks_changed();
}

awaitable<ApiResult<Reply>> update_webhook(const Services& services, Call& call) {
    const auto id = id_parameter(call, "webhookId");
    if (!id) co_return id.error();
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    BodyReader reader(*body);
    store::WebhookChange change;
    change.url = reader.line("url", {1, net::kLongestWebAddress});
    change.kinds = read_kinds(reader);
    change.is_enabled = reader.flag("enabled");
    if (reader.problem()) co_return *reader.problem();
    if (!change.url && !change.kinds && !change.is_enabled) {
        co_return ApiError{ApiErrc::nothing_to_change,
                           "The body has no field to change; send 'url', 'events' or 'enabled'."};
    }
    auto known = co_await services.deps.webhooks->webhook_for_owner(call.owner(), *id);
    if (!known) co_return from_store(known.error(), "webhook");
    if (change.url) {
        auto checking = checked_url(services, call, *change.url);
        auto checked = co_await std::move(checking);
        if (!checked) co_return checked.error();
        change.url = std::move(*checked);
    }
    auto webhook = co_await services.deps.webhooks->update_webhook(call.owner(), *id, std::move(change));
    if (!webhook) co_return from_store(webhook.error(), "webhook");
    wake_sender(services);
    JsonObject out;
    out.add("id", webhook->id).raw("webhook", webhook_json(*webhook));
    co_return json_reply(std::move(out).str());
}

awaitable<ApiResult<Reply>> delete_webhook(const Services& services, Call& call) {
    const auto id = id_parameter(call, "webhookId");
    if (!id) co_return id.error();
    auto deleted = co_await services.deps.webhooks->delete_webhook(call.owner(), *id);
    if (!deleted) co_return from_store(deleted.error(), "webhook");
    JsonObject out;
    out.add("message", "Webhook deleted successfully");
    co_return json_reply(std::move(out).str());
}

awaitable<ApiResult<Reply>> rotate_webhook_secret(const Services& services, Call& call) {
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    BodyReader reader(*body);
    const Uuid id = reader.id("webhookId");
    if (reader.problem()) co_return *reader.problem();
    const auto known = co_await services.deps.webhooks->webhook_for_owner(call.owner(), id);
    if (!known) co_return from_store(known.error(), "webhook");
    // One that can't be opened signs nothing, so it is not kept beside the new one.
    const bool signs_on = services.webhook_secrets.open(id, known->secret).has_value();
    const std::string secret = engine::make_webhook_secret();
    std::string sealed = services.webhook_secrets.seal(id, secret);
    if (call.keyed != nullptr) call.keyed->hold_secret();
    auto once = call.once<store::Webhook>(
        [secret](const store::StoreResult<store::Webhook>& webhook) { return rotated_json(webhook, secret); });
    auto webhook = co_await services.deps.webhooks->rotate_webhook_secret(
        call.owner(), id, std::move(sealed), signs_on ? kSecretOverlap : Milliseconds{0}, std::move(once));
    if (!webhook) co_return from_store(webhook.error(), "webhook");
    wake_sender(services);
    co_return json_reply(*rotated_json(webhook, secret));
}

ApiError bad_page(std::string_view name, std::string_view right) {
    return ApiError{ApiErrc::invalid_parameter, fmt::format("'{}' should be {}.", name, right)}.with("parameter", name);
}

ApiResult<std::size_t> limit_of(const Call& call) {
    const auto text = one_parameter(call, "limit");
    if (!text) return text.error();
    std::size_t limit = 100;
    if (!*text) return limit;
    const std::string_view word = **text;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), limit);
    const bool is_whole = error == std::errc() && end == word.data() + word.size();
    if (!is_whole || limit < 1 || limit > kMostListed) return bad_page("limit", "a whole number from 1 to 1000");
    return limit;
}

awaitable<ApiResult<Reply>> webhook_deliveries(const Services& services, Call& call) {
    const auto id = id_parameter(call, "webhookId");
    if (!id) co_return id.error();
    const auto limit = limit_of(call);
    if (!limit) co_return limit.error();
    const auto cursor = one_parameter(call, "cursor");
    if (!cursor) co_return cursor.error();
    std::optional<Uuid> before;
    if (*cursor) {
        before = Uuid::parse(**cursor);
        if (!before) co_return bad_page("cursor", "the next_cursor of the page before");
    }
    auto page = co_await services.deps.webhooks->messages_of_webhook(call.owner(), *id, *limit, before);
    if (!page) co_return from_store(page.error(), "webhook");
    JsonArray list;
    for (const auto& message : page->messages) list.raw(delivery_json(message));
    JsonObject out;
    out.raw("deliveries", std::move(list).str()).add("next_cursor", page->next);
    co_return json_reply(std::move(out).str());
}

ApiError not_replayed(const store::StoreFailure& failure) {
    const bool is_disabled = failure.code == store::StoreErrc::wrong_state && failure.message == "disabled";
    if (!is_disabled) return from_store(failure, "webhook or delivery");
    return ApiError{ApiErrc::wrong_state,
                    "The webhook is disabled, so nothing would be sent. Enable it with updateWebhook first."}
        .with("status", failure.message);
}

awaitable<ApiResult<Reply>> replay_webhook(const Services& services, Call& call) {
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    BodyReader reader(*body);
    const Uuid webhook = reader.id("webhookId"), delivery = reader.id("deliveryId");
    if (reader.problem()) co_return *reader.problem();
    auto once = call.once<store::WebhookMessage>(replayed_json);
    auto message = co_await services.deps.webhooks->replay_message(call.owner(), webhook, delivery, std::move(once));
    if (!message) co_return not_replayed(message.error());
    wake_sender(services);
    co_return json_reply(*replayed_json(message));
}

}  // namespace

std::vector<Route> webhook_routes(const Services& services) {
    if (services.deps.webhooks == nullptr) return {};
    return {
        {"POST", "/api/createWebhook", Access::user, bound(services, create_webhook)},
        {"GET", "/api/listWebhooks", Access::user, bound(services, list_webhooks)},
        {"PATCH", "/api/updateWebhook", Access::user, bound(services, update_webhook)},
        {"DELETE", "/api/deleteWebhook", Access::user, bound(services, delete_webhook)},
        {"POST", "/api/rotateWebhookSecret", Access::user, bound(services, rotate_webhook_secret)},
        {"GET", "/api/webhookDeliveries", Access::user, bound(services, webhook_deliveries)},
        {"POST", "/api/replayWebhook", Access::user, bound(services, replay_webhook)},
    };
}

}  // namespace longhand::http
