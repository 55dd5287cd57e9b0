// A job's events as a stream, over its whole life: what is durable by its number, text and progress as they come.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>

#include "http/event_stream.h"
#include "http/handlers.h"
#include "http/json_out.h"
#include "http/stream_id.h"
#include "job/transition.h"
#include "net/sse.h"

namespace longhand::http {
namespace {

constexpr std::size_t kEventsAtOnce = 256;
constexpr Milliseconds kMoneyKept{1'000};

std::string durable_event(const job::Event& event) {
    JsonObject data;
    data.add("seq", event.seq).add("at", event.at).add("kind", event.kind).raw("data", event.data);
    return net::format_sse({std::to_string(event.seq), event.kind, std::move(data).str()});
}

std::string text_event(const StreamId& id, const engine::LiveText& piece) {
    JsonObject data;
    data.add("key", piece.key).add("attempt", static_cast<std::int64_t>(piece.attempt));
    data.add("offset", static_cast<std::int64_t>(piece.offset)).add("text", piece.text);
    return net::format_sse({id.to_string(), "text", std::move(data).str()});
}

std::string restart_event(const engine::LiveText& piece) {
    JsonObject data;
    data.add("key", piece.key).add("attempt", static_cast<std::int64_t>(piece.attempt));
    return net::format_sse({"", "section_restarted", std::move(data).str()});
}

std::string missed_event(const engine::MissedText& missed) {
    JsonObject data;
    data.add("key", missed.key).add("attempt", static_cast<std::int64_t>(missed.attempt));
    data.add("from", static_cast<std::int64_t>(missed.from));
    data.raw("to", missed.to ? std::to_string(*missed.to) : "null");
    return net::format_sse({"", "text_missed", std::move(data).str()});
}

/// Texts as events, with `at` brought up to behind them. The id of each has the places of all texts that go on, so that
/// a stream which is cut behind any of them goes on there.
std::string text_events(StreamId& at, engine::LiveFeed::Watcher::News& news) {
    std::string bytes;
    for (const engine::MissedText& missed : news.missed) bytes += missed_event(missed);
    at.places = std::move(news.places);
    for (const engine::LiveText& piece : news.texts) {
        if (piece.restarted) bytes += restart_event(piece);
        if (piece.text.empty()) continue;
        const auto place = std::find_if(at.places.begin(), at.places.end(),
                                        [&](const engine::TextPlace& one) { return one.key == piece.key; });
        if (place != at.places.end()) place->offset = piece.offset + piece.text.size();
        bytes += text_event(at, piece);
    }
    return bytes;
}

/// Of a step's event, whose data are `{"key": …}`.
std::optional<std::string> step_key_of(const job::Event& event) {
    if (event.kind != job::to_string(job::Transition::record_step)) return std::nullopt;
    boost::system::error_code error;
    const auto data = boost::json::parse(event.data, error);
    const auto* key = !error && data.is_object() ? data.get_object().if_contains("key") : nullptr;
    if (key == nullptr || !key->is_string()) return std::nullopt;
    return std::string(key->get_string());
}

/// A durable event's id is its number. Behind it this tells the client where it is in the texts: a block without data
/// is no event, and its id counts.
std::string id_alone(const StreamId& at) {
    return fmt::format("id: {}\n\n", at.to_string());
}

/// `money` as the store tells it: the cost so far, null where it is not known.
std::string progress_event(job::Stage stage, double progress, const job::Counts& counts,
                           const store::StoreResult<store::JobBudget>& money) {
    const std::string percent = json_number(progress, 2);
    JsonObject data;
    data.raw("progress", percent).add("progress_stage", job::to_string(stage));
    data.add("words_done", counts.words_done).add("words_planned", counts.words_planned);
    data.add("prompt_tokens", counts.prompt_tokens).add("completion_tokens", counts.completion_tokens);
    data.add("cost_usd", money ? money->spending.known_cost() : std::nullopt);
    return net::format_sse({"", "progress", std::move(data).str()});
}

/// The end of the stream of a job that was deleted: its events can't be read any more, that of its end neither.
std::string deleted_event(const Uuid& job) {
    JsonObject data;
    data.add("jobId", job);
    return net::format_sse({"", "deleted", std::move(data).str()});
}

/// One watcher of one job. Everything is pulled: a slow client holds back this coroutine and nothing else.
class JobStream {
public:
    JobStream(const Services& services, Call& call, Uuid job, StreamId from,
              std::unique_ptr<engine::LiveFeed::Watcher> watcher)
        : services_(services), call_(call), job_(job), at_(std::move(from)), watcher_(std::move(watcher)) {}

    awaitable<void> run(std::string first) {
        bool open = co_await send(std::move(first));
        if (open) open = co_await look();
        while (open) {
            const auto waited =
                co_await watcher_->wait(runtime(), std::min(next_look_, next_comment_), call_.exchange.gone());
            if (waited == WaitResult::stopped) break;
            open = co_await tell();
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

    /// What is new, and a comment when there was nothing for long. False: the stream is over.
    awaitable<bool> tell() {
        auto news = watcher_->take();
        bool open = co_await tell_news(&news);
        if (open && (news.events || runtime().steady_now() >= next_look_)) open = co_await look();
        if (open && runtime().steady_now() >= next_comment_) {
            std::string comment = net::format_sse_comment("waiting");
            open = co_await send(std::move(comment));
        }
        co_return open;
    }

    awaitable<bool> tell_news(engine::LiveFeed::Watcher::News* news) {
        std::string bytes = text_events(at_, *news);
        if (news->report) {
            if (news->events || !money_ || runtime().steady_now() >= next_money_) co_await read_money();
            bytes += progress_event(news->report->stage, news->report->progress, news->report->counts, *money_);
        }
        co_return co_await send(std::move(bytes));
    }

    /// The cost so far moves when a call ends: too seldom to be read with each word's progress.
    awaitable<void> read_money() {
        next_money_ = runtime().steady_now() + kMoneyKept;
        auto money = co_await services_.deps.jobs.budget_for_owner(call_.owner(), job_);
        money_.emplace(std::move(money));
    }

    /// Durable events that were not sent yet. False: the job's run has ended and all of it was told, or the job, its
    /// owner, the credential or the client has gone.
    awaitable<bool> look() {
        next_look_ = runtime().steady_now() + services_.options.stream_poll;
        const auto there = co_await services_.credentials.still_there(call_.identity);
        if (!there && there.error().code == ApiErrc::unauthorized) co_return false;
        auto job = co_await services_.deps.jobs.job_for_owner(call_.owner(), job_);
        if (!job) co_return co_await goes_on_without(job.error().code);
        while (at_.seq < job->last_event) {
            auto events = co_await services_.deps.jobs.events_after(call_.owner(), job_, at_.seq, kEventsAtOnce);
            if (!events) co_return co_await goes_on_without(events.error().code);
            if (events->empty()) break;
            if (!co_await send_durable(&*events)) co_return false;
        }
        if (!job::is_terminal(job->state)) co_return true;
        // The last that a slow client may have missed.
        auto news = watcher_->take();
        co_await tell_news(&news);
        co_return false;
    }

    /// What should be read was not, for this reason. False: the job was deleted, and the client is told.
    awaitable<bool> goes_on_without(store::StoreErrc reason) {
        if (reason == store::StoreErrc::not_found) {
            std::string last_words = deleted_event(job_);
            co_await send(std::move(last_words));
        }
        co_return reason == store::StoreErrc::unavailable;
    }

    /// A step's text is whole in the feed before its event is committed, and goes out before it here. Behind the event
    /// nobody needs to know how far it was.
    awaitable<bool> send_durable(const std::vector<job::Event>* events) {
        auto news = watcher_->take();
        if (!co_await tell_news(&news)) co_return false;
        std::string bytes;
        for (const job::Event& event : *events) {
            bytes += durable_event(event);
            const auto key = step_key_of(event);
            if (!key) continue;
            watcher_->step_recorded(*key);
            std::erase_if(at_.places, [&](const engine::TextPlace& place) { return place.key == *key; });
        }
        at_.seq = events->back().seq;
        if (!at_.places.empty()) bytes += id_alone(at_);
        co_return co_await send(std::move(bytes));
    }

    const Services& services_;
    Call& call_;
    const Uuid job_;
    StreamId at_;  ///< behind what was sent
    const std::unique_ptr<engine::LiveFeed::Watcher> watcher_;
    std::optional<store::StoreResult<store::JobBudget>> money_;
    SteadyTime next_money_{};
    SteadyTime next_look_{};
    SteadyTime next_comment_{};
};

ApiResult<std::optional<StreamId>> resume_point(const Call& call) {
    const auto text = last_event_id(call);
    if (!text) return text.error();
    if (text->empty()) return std::optional<StreamId>();
    auto id = StreamId::parse(*text);
    if (id) return id;
    return ApiError{ApiErrc::invalid_parameter, "Last-Event-ID should be an id that this stream sent, such as 12."}
        .with("parameter", "lastEventId");
}

awaitable<ApiResult<Reply>> job_events(const Services& services, Call& call) {
    const auto id = path_id(call);
    if (!id) co_return id.error();
    const auto resume = resume_point(call);
    if (!resume) co_return resume.error();
    // Watching begins before reading, so that nothing falls between.
    auto watcher = services.deps.live.watch(*id);
    const auto job = co_await services.deps.jobs.job_for_owner(call.owner(), *id);
    if (!job) co_return from_store(job.error(), "job");
    StreamId from = resume->value_or(StreamId{});
    std::string first = retry_hint(kReconnect);
    if (from.seq > job->last_event) {
        // The id was sent before a backup was restored, so what was seen may be of another run: all is told again.
        first += reset_event(from.seq, 0);
        from = StreamId{};
    }
    if (*resume && job::is_terminal(job->state) && from.seq == job->last_event) {
        // A browser's EventSource connects again after each end, unless it gets this.
        net::HttpResponse nothing;
        nothing.status = Status::no_content;
        co_return nothing;
    }
    if (call.head_only) co_return event_stream_head();
    for (const engine::TextPlace& place : from.places) watcher->seen(place);
    auto begun = co_await call.exchange.begin_stream(event_stream_head());
    if (!begun) co_return Answered{};
    JobStream stream(services, call, *id, from, std::move(watcher));
    if (!job::is_terminal(job->state)) {
        const auto money = co_await services.deps.jobs.budget_for_owner(call.owner(), *id);
        first += progress_event(job->stage, job->progress, job->counts, money);
    }
    co_await stream.run(std::move(first));
    co_return Answered{};
}

}  // namespace

std::vector<Route> event_routes(const Services& services) {
    return {{"GET", "/api/jobs/{id}/events", Access::user, bound(services, job_events)}};
}

}  // namespace longhand::http
