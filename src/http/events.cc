// A job's events as a stream, over its whole life: what is durable by its number, text and progress as they come.
#include <fmt/format.h>

#include "http/handlers.h"
#include "http/json_out.h"
#include "http/stream_id.h"
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

std::string text_event(std::int64_t seq, const engine::LiveText& piece) {
    StreamId id;
    id.seq = seq;
    id.attempt = piece.attempt;
    id.offset = piece.offset + piece.text.size();
    id.key = piece.key;
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

/// One watcher of one job. Everything is pulled: a slow client holds back this coroutine and nothing else.
class JobStream {
public:
    JobStream(const Services& services, Call& call, Uuid job, std::int64_t seen,
              std::unique_ptr<engine::LiveFeed::Watcher> watcher)
        : services_(services), call_(call), job_(job), seen_(seen), watcher_(std::move(watcher)) {}

    awaitable<void> run(std::string first) {
        bool open = co_await send(std::move(first));
        if (open) open = co_await look();
        while (open) {
            const auto waited =
                co_await watcher_->wait(runtime(), std::min(next_look_, next_comment_), call_.exchange.gone());
            if (waited == WaitResult::stopped) break;
            open = co_await tell();
        }
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
        const auto news = watcher_->take();
        std::string bytes;
        for (const engine::LiveText& piece : news.texts) {
            if (piece.restarted) bytes += restart_event(piece);
            if (!piece.text.empty()) bytes += text_event(seen_, piece);
        }
        if (news.report) {
            if (news.events || !money_ || runtime().steady_now() >= next_money_) co_await read_money();
            bytes += progress_event(news.report->stage, news.report->progress, news.report->counts, *money_);
        }
        bool open = co_await send(std::move(bytes));
        if (open && (news.events || runtime().steady_now() >= next_look_)) open = co_await look();
        if (open && runtime().steady_now() >= next_comment_) {
            std::string comment = net::format_sse_comment("waiting");
            open = co_await send(std::move(comment));
        }
        co_return open;
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
        if (!job) co_return job.error().code == store::StoreErrc::unavailable;
        while (seen_ < job->last_event) {
            auto events = co_await services_.deps.jobs.events_after(call_.owner(), job_, seen_, kEventsAtOnce);
            if (!events) co_return events.error().code == store::StoreErrc::unavailable;
            if (events->empty()) break;
            std::string bytes;
            for (const job::Event& event : *events) bytes += durable_event(event);
            seen_ = events->back().seq;
            if (!co_await send(std::move(bytes))) co_return false;
        }
        co_return !job::is_terminal(job->state);
    }

    const Services& services_;
    Call& call_;
    const Uuid job_;
    std::int64_t seen_;
    const std::unique_ptr<engine::LiveFeed::Watcher> watcher_;
    std::optional<store::StoreResult<store::JobBudget>> money_;
    SteadyTime next_money_{};
    SteadyTime next_look_{};
    SteadyTime next_comment_{};
};

ApiResult<std::optional<StreamId>> resume_point(const Call& call) {
    auto parameter = one_parameter(call, "lastEventId");
    if (!parameter) return parameter.error();
    std::string text = header(call, "last-event-id");
    if (text.empty()) text = parameter->value_or("");
    if (text.empty()) return std::optional<StreamId>();
    auto id = StreamId::parse(text);
    if (id) return id;
    return ApiError{ApiErrc::invalid_parameter, "Last-Event-ID should be an id that this stream sent, such as 12."}
        .with("parameter", "lastEventId");
}

net::HttpResponse stream_head() {
    net::HttpResponse head;
    head.content_type = "text/event-stream; charset=utf-8";
    head.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
    return head;
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
    const StreamId from = resume->value_or(StreamId{});
    if (from.seq > job->last_event) {
        co_return ApiError{
            ApiErrc::invalid_parameter,
            fmt::format("Last-Event-ID names event {}; the job's last is {}.", from.seq, job->last_event)}
            .with("parameter", "lastEventId");
    }
    if (*resume && job::is_terminal(job->state) && from.seq == job->last_event) {
        // A browser's EventSource connects again after each end, unless it gets this.
        net::HttpResponse nothing;
        nothing.status = Status::no_content;
        co_return nothing;
    }
    if (call.head_only) co_return stream_head();
    if (!from.key.empty()) watcher->seen(from.key, from.attempt, from.offset);
    auto begun = co_await call.exchange.begin_stream(stream_head());
    if (!begun) co_return Answered{};
    JobStream stream(services, call, *id, from.seq, std::move(watcher));
    // Named first: g++ 12 does not keep a temporary of a conditional alive through a co_await.
    std::string first;
    if (!job::is_terminal(job->state)) {
        const auto money = co_await services.deps.jobs.budget_for_owner(call.owner(), *id);
        first = progress_event(job->stage, job->progress, job->counts, money);
    }
    co_await stream.run(std::move(first));
    co_return Answered{};
}

}  // namespace

std::vector<Route> event_routes(const Services& services) {
    return {{"GET", "/api/jobs/{id}/events", Access::user, bound(services, job_events)}};
}

}  // namespace longhand::http
