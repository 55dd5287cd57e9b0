// One stream of what happens to all jobs of a user, so that a list of them needs no polling.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "http/event_stream.h"
#include "http/handlers.h"
#include "http/json_out.h"
#include "net/sse.h"

namespace longhand::http {
namespace {

constexpr std::size_t kEntriesAtOnce = 256;
// A user has no more running at once (SqliteOptions::user_cap), unless the operator says so.
constexpr std::size_t kMostShownRunning = 200;
constexpr std::chrono::hours kFeedAskedAgain{1};

std::string entry_event(const store::FeedEntry& entry) {
    JsonObject data;
    data.add("seq", entry.seq).add("at", entry.at).add("kind", entry.kind).add("jobId", entry.job);
    data.add("event", entry.event).raw("data", entry.data);
    return net::format_sse({std::to_string(entry.seq), entry.kind, std::move(data).str()});
}

std::string job_progress_event(const job::Job& job) {
    JsonObject data;
    data.add("jobId", job.id).raw("progress", json_number(job.progress, 2));
    data.add("progress_stage", job::to_string(job.stage));
    data.add("words_done", job.counts.words_done).add("words_planned", job.counts.words_planned);
    data.add("prompt_tokens", job.counts.prompt_tokens).add("completion_tokens", job.counts.completion_tokens);
    return net::format_sse({"", "progress", std::move(data).str()});
}

/// One listener. Everything is pulled: a slow client holds back this coroutine and nothing else.
class OwnerStream {
public:
    OwnerStream(const Services& services, Call& call, std::int64_t from,
                std::unique_ptr<engine::LiveFeed::RowWatcher> watcher)
        : services_(services), call_(call), at_(from), watcher_(std::move(watcher)) {}

    awaitable<void> run(std::string first) {
        next_opening_ = runtime().steady_now() + kFeedAskedAgain;
        bool open = co_await send(std::move(first));
        if (open) open = co_await look();
        while (open) {
            const auto waited =
                co_await watcher_->wait(runtime(), std::min(next_look_, next_comment_), call_.exchange.gone());
            if (waited == WaitResult::stopped) break;
            open = co_await look();
            if (open && runtime().steady_now() >= next_comment_) {
                std::string comment = net::format_sse_comment("waiting");
                open = co_await send(std::move(comment));
            }
        }
        if (call_.exchange.gone().reason() != StopReason::shutdown) co_return;
        std::string words = going_down(runtime());
        co_await send(std::move(words));
    }

private:
    Runtime& runtime() { return services_.deps.runtime; }

    /// False: the client has gone.
    awaitable<bool> send(std::string bytes) {
        if (bytes.empty()) co_return true;
        next_comment_ = runtime().steady_now() + services_.options.stream_keep_alive;
        auto written = co_await call_.exchange.write(std::move(bytes));
        co_return written.has_value();
    }

    /// What is new since the last look. False: the user, the credential or the client has gone.
    awaitable<bool> look() {
        next_look_ = runtime().steady_now() + services_.options.stream_poll;
        const auto there = co_await services_.credentials.still_there(call_.identity);
        if (!there && there.error().code == ApiErrc::unauthorized) co_return false;
        if (runtime().steady_now() >= next_opening_) {
            next_opening_ = runtime().steady_now() + kFeedAskedAgain;
            ignore_result(co_await services_.deps.jobs.open_feed(call_.owner()), "asked again in an hour");
        }
        if (!co_await tell_entries()) co_return false;
        co_return co_await tell_progress();
    }

    awaitable<bool> tell_entries() {
        while (true) {
            const auto page = co_await services_.deps.jobs.feed_after(call_.owner(), at_, kEntriesAtOnce);
            if (!page) co_return page.error().code == store::StoreErrc::unavailable;
            std::string bytes;
            if (at_ < page->feed.since) bytes += reset_event(at_, page->feed.since);
            at_ = std::max(at_, page->feed.since);
            for (const store::FeedEntry& entry : page->entries) {
                if (entry.seq <= at_) continue;
                bytes += entry_event(entry);
                at_ = entry.seq;
            }
            if (!co_await send(std::move(bytes))) co_return false;
            if (page->entries.size() < kEntriesAtOnce) co_return true;
        }
    }

    awaitable<bool> tell_progress() {
        store::JobsQuery query;
        query.owner = call_.owner();
        query.states = {job::State::in_progress};
        query.limit = kMostShownRunning;
        const auto page = co_await services_.deps.jobs.jobs_of_owner(std::move(query));
        if (!page) co_return page.error().code == store::StoreErrc::unavailable;
        std::map<Uuid, double> running;
        std::string bytes;
        for (const job::Job& job : page->jobs) {
            running.emplace(job.id, job.progress);
            const auto told = told_.find(job.id);
            if (told == told_.end() || told->second != job.progress) bytes += job_progress_event(job);
        }
        told_ = std::move(running);
        co_return co_await send(std::move(bytes));
    }

    const Services& services_;
    Call& call_;
    std::int64_t at_;  ///< the number of the last entry that was sent
    const std::unique_ptr<engine::LiveFeed::RowWatcher> watcher_;
    std::map<Uuid, double> told_;  ///< the progress of jobs that run, as it was sent
    SteadyTime next_look_{};
    SteadyTime next_comment_{};
    SteadyTime next_opening_{};
};

/// Nothing: the client begins now.
ApiResult<std::optional<std::int64_t>> entry_to_go_on_from(const Call& call) {
    const auto text = last_event_id(call);
    if (!text) return text.error();
    if (text->empty()) return std::optional<std::int64_t>();
    std::int64_t number = 0;
    const auto end = text->data() + text->size();
    const auto parsed = std::from_chars(text->data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end && number >= 0) return std::optional(number);
    return ApiError{ApiErrc::invalid_parameter, "Last-Event-ID should be an id that this stream sent, such as 12."}
        .with("parameter", "lastEventId");
}

awaitable<ApiResult<Reply>> owner_events(const Services& services, Call& call) {
    const auto resume = entry_to_go_on_from(call);
    if (!resume) co_return resume.error();
    if (call.head_only) co_return event_stream_head();
    // Listening begins before reading, so that nothing falls between.
    auto watcher = services.deps.live.watch_owner(call.owner());
    const auto feed = co_await services.deps.jobs.open_feed(call.owner());
    if (!feed) co_return from_store(feed.error(), "user");
    const std::int64_t asked = resume->value_or(feed->last);
    // An id that is ahead was sent before a backup was restored, and names what is not there any more.
    const std::int64_t from = std::min(asked, feed->last);
    auto begun = co_await call.exchange.begin_stream(event_stream_head());
    if (!begun) co_return Answered{};
    OwnerStream stream(services, call, from, std::move(watcher));
    // A block without data is no event, and its id counts: who is cut before anything happens goes on from here.
    std::string first = retry_hint(kReconnect);
    first += asked > from ? reset_event(asked, from) : fmt::format("id: {}\n\n", from);
    co_await stream.run(std::move(first));
    co_return Answered{};
}

}  // namespace

std::vector<Route> owner_event_routes(const Services& services) {
    return {{"GET", "/api/events", Access::user, bound(services, owner_events)}};
}

}  // namespace longhand::http
