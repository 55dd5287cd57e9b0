#include "engine/webhook_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/webhook_signature.h"

namespace longhand::engine {
namespace {

using Outcome = store::DeliveryEnd::Outcome;

constexpr Milliseconds kFirstRetryPause{5'000}, kLongestRetryPause{6LL * 3'600 * 1'000};
constexpr Milliseconds kBetweenPrunes{3'600'000};
constexpr std::size_t kPrunedAtOnce = 500;
constexpr std::size_t kMostAnswerBytes = 1 << 20;
constexpr int kGone = 410;
constexpr std::string_view kNotSigned =
    "Nothing was sent: the webhook's secret can't be opened. Its record was changed, or the server's signing secret is "
    "not the one that it was sealed under. Make a new one with POST /api/rotateWebhookSecret.";

// In seconds, where it is a number; bounded.
Milliseconds asked_pause(const net::HttpReply& reply) {
    const auto text = reply.header("retry-after");
    std::int64_t seconds = 0;
    if (!text || (reply.status != 429 && reply.status != 503)) return Milliseconds{0};
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
    if (error != std::errc{} || end != text->data() + text->size() || seconds < 0) return Milliseconds{0};
    return std::min<Milliseconds>(Milliseconds(std::min<std::int64_t>(seconds, 1'000'000) * 1'000), kLongestRetryPause);
}

}  // namespace

Milliseconds pause_before_retry(std::int32_t tries, std::uint64_t random) {
    Milliseconds pause = kFirstRetryPause;
    for (std::int32_t i = 1; i < tries && pause < kLongestRetryPause; ++i) pause *= 4;
    pause = std::min(pause, kLongestRetryPause);
    const auto half = static_cast<std::uint64_t>(pause.count()) / 2;
    return pause - Milliseconds(static_cast<std::int64_t>(random % (half + 1)));
}

WebhookSender::WebhookSender(Runtime& runtime, store::WebhookStore& store, Send send, OpenSecret open_secret,
                             WebhookSenderOptions options)
    : runtime_(runtime),
      store_(store),
      send_(std::move(send)),
      open_secret_(std::move(open_secret)),
      options_(std::move(options)),
      tasks_(runtime) {
    tasks_.on_bug([log = options_.log](std::exception_ptr bug) {
        try {
            std::rethrow_exception(bug);
        } catch (const std::exception& error) {
            if (log) log->error("webhooks: an exception left their work: {}", error.what());
        }
    });
}

void WebhookSender::start() {
    tasks_.spawn(run());
}

awaitable<void> WebhookSender::stop() {
    tasks_.stop(StopReason::shutdown);
    auto joining = tasks_.join();
    co_await std::move(joining);
}

WebhookStats WebhookSender::stats() const {
    const auto count = [this](Outcome outcome) { return ended_.at(static_cast<std::size_t>(outcome)).load(); };
    WebhookStats stats{count(Outcome::delivered), count(Outcome::again), count(Outcome::failed)};
    stats.under_way = static_cast<std::int64_t>(under_way_.load());
    if (const std::int64_t since = due_since_; since != 0)
        stats.late = std::max(runtime_.wall_now() - WallTime(Milliseconds(since)), Milliseconds{0});
    return stats;
}

awaitable<void> WebhookSender::run() {
    while (!tasks_.token().stopped()) {
        auto looking = look_again_at();
        SteadyTime next = co_await std::move(looking);
        if (next <= runtime_.steady_now() && under_way_ < options_.at_once) {
            auto taking = take_due();
            const bool took_some = co_await std::move(taking);
            if (took_some) continue;
            // What is due has as many under way as it may; the end of one of those wakes us.
        }
        auto pruning = prune();
        co_await std::move(pruning);
        const Milliseconds jitter(
            static_cast<std::int64_t>(runtime_.random() % static_cast<std::uint64_t>(options_.poll.count() / 4 + 1)));
        const SteadyTime poll = runtime_.steady_now() + options_.poll - jitter;
        if (next <= runtime_.steady_now()) next = poll;
        co_await news_.wait_until(runtime_, std::min(next, poll), tasks_.token());
    }
}

/// When something is due; far away when nothing is, or nobody can say.
awaitable<SteadyTime> WebhookSender::look_again_at() {
    const SteadyTime never = runtime_.steady_now() + std::chrono::hours(1);
    auto asking = store_.next_delivery();
    const store::StoreResult<std::optional<WallTime>> due = co_await std::move(asking);
    const bool is_due = due.has_value() && due->has_value() && **due <= runtime_.wall_now();
    due_since_ = is_due ? (*due)->time_since_epoch().count() : 0;
    if (!due.has_value() || !due->has_value()) co_return never;
    co_return runtime_.steady_now() +
        std::clamp<Milliseconds>(**due - runtime_.wall_now(), Milliseconds{0}, Milliseconds{3'600'000});
}

awaitable<bool> WebhookSender::take_due() {
    const store::DeliveryBounds bounds{options_.at_once - under_way_, options_.per_webhook, options_.per_owner};
    auto claiming = store_.claim_deliveries(bounds, options_.hold);
    store::StoreResult<std::vector<store::Delivery>> deliveries = co_await std::move(claiming);
    if (!deliveries.has_value()) co_return false;
    for (store::Delivery& delivery : *deliveries) {
        ++under_way_;
        tasks_.spawn(deliver(std::move(delivery)));
    }
    co_return !deliveries->empty();
}

awaitable<void> WebhookSender::prune() {
    const WallTime now = runtime_.wall_now();
    if (now < prune_at_) co_return;
    prune_at_ = now + kBetweenPrunes;
    auto pruning = store_.prune_messages(now - options_.kept, kPrunedAtOnce);
    const store::StoreResult<std::size_t> pruned = co_await std::move(pruning);
    if (pruned.has_value() && *pruned == kPrunedAtOnce) prune_at_ = now;
}

awaitable<void> WebhookSender::deliver(store::Delivery delivery) {
    const WallTime begun = runtime_.wall_now();
    const std::vector<std::string> secrets = opened_secrets(delivery);
    bool stopped = false;
    Tried tried;
    if (secrets.empty()) {
        tried = not_signed(delivery);
    } else {
        closed_.erase(delivery.message.webhook);
        auto sending = send_(request_for(delivery, secrets), tasks_.token());
        const net::FetchResult<net::FetchReply> answer = co_await std::move(sending);
        stopped = tasks_.token().stopped() && !answer.has_value();
        tried = tried_of(answer);
    }
    if (!stopped) {
        auto telling = tell_end(end_of(delivery, std::move(tried), begun));
        co_await std::move(telling);
    }
    --under_way_;
    news_.notify();
}

awaitable<void> WebhookSender::tell_end(store::DeliveryEnd end) {
    ++ended_.at(static_cast<std::size_t>(end.outcome));
    auto ending = store_.end_delivery(std::move(end));
    const store::StoreResult<void> done = co_await std::move(ending);
    // Not told, it is due again when its hold runs out.
    ignore_result(done, "the receiver may get it twice, and knows it by its id");
}

std::vector<std::string> WebhookSender::opened_secrets(const store::Delivery& delivery) const {
    std::vector<std::string> opened;
    for (const std::string& kept : delivery.secrets) {
        auto secret = open_secret_(delivery.message.webhook, kept);
        if (secret)
            opened.push_back(std::move(*secret));
        else if (opened.empty())
            return {};
        // A former one that can't be opened is left out: the newest signs alone.
    }
    return opened;
}

WebhookSender::Tried WebhookSender::not_signed(const store::Delivery& delivery) {
    const bool is_news = closed_.insert(delivery.message.webhook).second;
    if (is_news && options_.log) {
        options_.log->error(
            "webhook {}: its secret can't be opened, and nothing is sent to it until its owner makes a "
            "new one with rotateWebhookSecret",
            delivery.message.webhook.to_string());
    }
    Tried tried;
    tried.problem = kNotSigned;
    return tried;
}

net::FetchRequest WebhookSender::request_for(const store::Delivery& delivery,
                                             const std::vector<std::string>& secrets) const {
    const std::string id = delivery.message.id.to_string();
    const auto now = std::chrono::duration_cast<Seconds>(runtime_.wall_now().time_since_epoch()).count();
    net::FetchRequest request;
    request.method = "POST";
    request.url = delivery.url;
    request.body = delivery.message.payload;
    request.headers = {"Content-Type: application/json", "webhook-id: " + id,
                       "webhook-timestamp: " + std::to_string(now),
                       "webhook-signature: " + webhook_signature(secrets, id, now, delivery.message.payload)};
    request.most_redirects = 0;
    request.limit = options_.limit;
    request.connect_timeout = request.first_byte_timeout = request.idle_timeout = options_.limit;
    request.max_bytes = kMostAnswerBytes;
    request.drops_body = true;
    return request;
}

WebhookSender::Tried WebhookSender::tried_of(const net::FetchResult<net::FetchReply>& answer) {
    Tried tried;
    if (!answer.has_value()) {
        tried.problem = answer.error().message;
        return tried;
    }
    const net::HttpReply& reply = answer->reply;
    tried.status = reply.status;
    tried.is_delivered = reply.status >= 200 && reply.status < 300;
    if (tried.is_delivered) return tried;
    tried.problem = fmt::format("The receiver answered {}.", reply.status);
    tried.asked_pause = asked_pause(reply);
    return tried;
}

store::DeliveryEnd WebhookSender::end_of(const store::Delivery& delivery, Tried tried, WallTime begun) {
    const WallTime now = runtime_.wall_now();
    store::DeliveryEnd end;
    end.message = delivery.message.id;
    end.attempt = {.number = delivery.message.attempts,
                   .at = begun,
                   .status = tried.status,
                   .taken = std::max(now - begun, Milliseconds{0}),
                   .problem = std::move(tried.problem)};
    const Milliseconds pause = std::max(pause_before_retry(delivery.tries, runtime_.random()), tried.asked_pause);
    if (tried.is_delivered) return end;
    if (tried.status == kGone) {
        end.outcome = Outcome::failed;
        end.disable_because = "The receiver answered 410 Gone.";
        return end;
    }
    const bool is_over = now >= delivery.message.expires_at;
    end.outcome = is_over ? Outcome::failed : Outcome::again;
    end.next_at = std::min(now + pause, std::max(delivery.message.expires_at, now));
    if (is_over && options_.log) {
        options_.log->info("webhook {}: message {} was given up after {} tries", delivery.message.webhook.to_string(),
                           delivery.message.id.to_string(), delivery.tries);
    }
    return end;
}

}  // namespace longhand::engine
