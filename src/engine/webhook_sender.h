// Tells webhooks what the outbox has for them. The table is the truth: this may die at any moment, and goes on from it.
#pragma once

#include <spdlog/logger.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/runtime.h"
#include "base/task_scope.h"
#include "net/guarded_fetch.h"
#include "store/job_store.h"
#include "store/webhook_store.h"

namespace longhand::engine {

/// The pause after try number `tries` (from 1) that failed: 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, then 6 h each, less
/// up to a half of it by `random`: receivers that were down together are not all called at the same moment.
Milliseconds pause_before_retry(std::int32_t tries, std::uint64_t random);

struct WebhookSenderOptions {
    std::size_t at_once = 32;
    std::size_t per_webhook = 4;  ///< at once to one webhook: a slow one keeps nobody else waiting
    std::size_t per_owner = 8;    ///< the same, over all webhooks of one owner
    Milliseconds limit{15'000};   ///< of one try
    Milliseconds hold{60'000};    ///< after which a try whose end nobody told is over; longer than `limit`
    Milliseconds poll{2'000};     ///< how often the table is looked at without being told to, with jitter
    Milliseconds kept{30LL * 24 * 3'600 * 1'000};  ///< how long the log of ended messages is kept
    std::shared_ptr<spdlog::logger> log;           ///< none: silent. Never told a secret, a payload or a query
};

/// Since the sender was started, but for what is now.
struct WebhookStats {
    std::int64_t delivered = 0;  ///< tries that a 2xx answered
    std::int64_t retried = 0;    ///< tries that failed, and after which there is another
    std::int64_t given_up = 0;   ///< messages: their last try failed
    std::int64_t under_way = 0;  ///< now
    Milliseconds late{};         ///< how long the message has been due that has been due longest, now
};

/// Messages of one job to one webhook leave in the order of its events. A receiver gets a message at least once; its
/// `webhook-id` is the same at each try. Where the webhook's secret can't be opened a try fails and nothing leaves.
/// Used from the runtime's executor, but for `on_committed`, `wake` and `stats`.
class WebhookSender {
public:
    /// Of GuardedFetch: no address inside is ever connected to, and every try looks again.
    using Send = std::function<awaitable<net::FetchResult<net::FetchReply>>(net::FetchRequest, StopToken)>;
    /// A webhook's secret in clear, of what the store has of it. Nothing: it can't be opened, and signs nothing.
    using OpenSecret = std::function<std::optional<std::string>(const Uuid& webhook, std::string_view kept)>;

    /// What it is given outlives it.
    WebhookSender(Runtime& runtime, store::WebhookStore& store, Send send, OpenSecret open_secret,
                  WebhookSenderOptions options);

    void start();  ///< once
    /// Ends what is under way; it is tried again by who comes next. Resumes when nothing is left.
    awaitable<void> stop();
    /// Thread-safe; does not block. Of commits without messages it takes no notice.
    void on_committed(const store::Committed& committed) {
        if (committed.has_messages) news_.notify();
    }
    /// There may be a message that no commit of a job told of: a replay, a webhook that was enabled. Thread-safe.
    void wake() { news_.notify(); }
    /// Thread-safe. `late` is as old as the last look at the table: `poll`.
    WebhookStats stats() const;

private:
    awaitable<void> run();
    awaitable<bool> take_due();
    awaitable<SteadyTime> look_again_at();
    awaitable<void> prune();
    awaitable<void> deliver(store::Delivery delivery);
    awaitable<void> tell_end(store::DeliveryEnd end);
    /// What came of a try.
    struct Tried {
        bool is_delivered = false;
        int status = 0;       ///< of the answer; 0: none came
        std::string problem;  ///< empty when it was delivered
        Milliseconds asked_pause{};
    };
    static Tried tried_of(const net::FetchResult<net::FetchReply>& answer);
    /// Of a delivery whose secret can't be opened.
    Tried not_signed(const store::Delivery& delivery);
    /// Those that sign, in clear, the newest first; none where the newest can't be opened.
    std::vector<std::string> opened_secrets(const store::Delivery& delivery) const;
    store::DeliveryEnd end_of(const store::Delivery& delivery, Tried tried, WallTime begun);
    net::FetchRequest request_for(const store::Delivery& delivery, const std::vector<std::string>& secrets) const;

    Runtime& runtime_;
    store::WebhookStore& store_;
    Send send_;
    OpenSecret open_secret_;
    WebhookSenderOptions options_;
    Notifier news_;
    std::atomic<std::size_t> under_way_ = 0;  ///< changed on the executor alone
    std::array<std::atomic<std::int64_t>, store::DeliveryEnd::kOutcomes> ended_{};
    std::atomic<std::int64_t> due_since_ = 0;  ///< ms since 1970; 0: nothing is due
    WallTime prune_at_{};
    std::unordered_set<Uuid> closed_;  ///< webhooks whose secret could not be opened last; the log was told
    TaskScope tasks_;
};

}  // namespace longhand::engine
