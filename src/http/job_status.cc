// getJobStatus: the state of one job; at once, if it is news to the client, or when it changes.
#include <fmt/format.h>

#include <algorithm>

#include "http/handlers.h"
#include "http/json_out.h"
#include "http/prefer.h"
#include "net/http_range.h"

namespace longhand::http {
namespace {

using Row = std::shared_ptr<const job::Job>;

// How often a job that runs has something new to show, about: its row moves with the engine's beat.
constexpr Seconds kPollAfter{2};
constexpr Seconds kLongestPollAfter{60};

/// All sixteen fields of the compatible API, and the link once there is something behind it.
std::string status_json(const Services& services, const Call& call, const job::Job& job) {
    const std::string progress = json_number(job.progress, 2);
    JsonObject out;
    out.add("id", job.id).add("user_id", job.owner).add("project_id", job.project);
    out.add("status", job::to_string(job.state));
    out.raw("progress", progress).add("progress_stage", job::to_string(job.stage)).raw("percent_complete", progress);
    out.add("title", job.title).add("is_byok", job.is_byok);
    out.add("reasoning_model", job.reasoning_model)
        .add("writing_model", job.writing_model)
        .add("function_model", job.function_model);
    out.add("error_message", problem_of(job)).add("is_starred", job.is_starred);
    out.add("created_at", job.created_at).add("updated_at", job.updated_at);
    if (job.state == job::State::completed)
        out.add("output_url_pdf", services.links.output_url(call.base_url, job, "pdf"));
    return std::move(out).str();
}

/// `updated_at` moves with every change of the row and never falls back, so it stands for the whole job. The rest is
/// what else decides on the body: the build, and what links are made with. Weak, since it is of the job's state and
/// not of bytes: a compressed body has the same.
std::string entity_tag(const Services& services, const Call& call, const job::Job& job) {
    return fmt::format("W/\"{:x}-{}\"", job.updated_at.time_since_epoch().count(),
                       services.links.fingerprint(call.base_url, services.options.version));
}

/// When it makes sense to ask again; nothing for a job that waits for a person, or for nothing.
std::optional<Seconds> poll_after(const job::Job& job, WallTime now) {
    switch (job.state) {
        case job::State::submitted:
        case job::State::in_progress:
            return kPollAfter;
        case job::State::queued: {
            const WallTime begins = job.not_before.value_or(now);
            return std::clamp(std::chrono::ceil<Seconds>(begins - now), kPollAfter, kLongestPollAfter);
        }
        case job::State::draft:
        case job::State::completed:
        case job::State::failed:
        case job::State::cancelled:
        case job::State::moderated:
            return std::nullopt;
    }
    return std::nullopt;
}

bool is_known_to(const Services& services, const Call& call, const job::Job& job) {
    const std::string_view known = header(call, boost::beast::http::field::if_none_match);
    return !known.empty() && net::matches_etag(known, entity_tag(services, call, job));
}

/// What a watcher waits for: all that is shown but `updated_at`, which moves with each beat of a job that runs.
std::string news_of(const Services& services, const Call& call, job::Job job) {
    job.updated_at = job.created_at;
    return status_json(services, call, job);
}

/// The job, once there is news of it, at `until`, or when nobody waits for it any more.
awaitable<ApiResult<Row>> changed_job(const Services& services, Call& call, Row row,
                                      std::unique_ptr<engine::LiveFeed::RowWatcher> watcher, SteadyTime until) {
    const SteadyTime began = services.deps.runtime.steady_now();
    const std::string before = news_of(services, call, *row);
    WaitResult how = WaitResult::notified;
    while (how == WaitResult::notified && news_of(services, call, *row) == before) {
        // Another process may have removed the user: nobody tells this one.
        const SteadyTime look = std::min(until, services.deps.runtime.steady_now() + services.options.stream_poll);
        auto waiting = watcher->wait(services.deps.runtime, look, call.exchange.gone());
        how = co_await std::move(waiting);
        if (how == WaitResult::elapsed && look < until) {
            auto asking = services.credentials.still_there(call.identity);
            const auto there = co_await std::move(asking);
            if (!there && there.error().code == ApiErrc::unauthorized) break;
            how = WaitResult::notified;
        }
        auto now = co_await services.deps.jobs.watched_job(call.owner(), row->id);
        if (!now) co_return from_store(now.error(), "job");
        row = std::move(*now);
    }
    call.waited = services.deps.runtime.steady_now() - began;
    // The user may have been removed meanwhile, or the session ended.
    auto asking = services.credentials.still_there(call.identity);
    const auto there = co_await std::move(asking);
    if (!there) co_return there.error();
    co_return row;
}

net::HttpResponse status_reply(const Services& services, Call& call, const Row& row, std::optional<Seconds> wait) {
    net::HttpResponse response;
    response.headers.reserve(5);
    response.headers.emplace_back("ETag", entity_tag(services, call, *row));
    if (const auto after = poll_after(*row, services.deps.runtime.wall_now()))
        response.headers.emplace_back("Retry-After", std::to_string(after->count()));
    if (wait) response.headers.emplace_back("Preference-Applied", fmt::format("wait={}", wait->count()));
    if (is_known_to(services, call, *row))
        response.status = Status::not_modified;
    else
        response.body = status_json(services, call, *row);
    call.polled = row;
    return response;
}

awaitable<ApiResult<Reply>> get_job_status(const Services& services, Call& call) {
    const auto id = id_parameter(call, "jobId");
    if (!id) co_return id.error();
    const SteadyTime asked = services.deps.runtime.steady_now();
    const std::optional<Seconds> wait = preferred_wait(call.request().headers);
    // Watching begins before reading, so that nothing falls between.
    std::unique_ptr<engine::LiveFeed::RowWatcher> watcher;
    if (wait) watcher = services.deps.live.watch_row(*id);
    auto row = co_await services.deps.jobs.watched_job(call.owner(), *id);
    if (!row) co_return from_store(row.error(), "job");
    if (!wait || job::is_terminal((*row)->state)) co_return status_reply(services, call, *row, wait);
    // A client that names a state which is past is told at once.
    const bool names_one = !header(call, boost::beast::http::field::if_none_match).empty();
    if (names_one && !is_known_to(services, call, **row)) co_return status_reply(services, call, *row, wait);
    auto waiting = changed_job(services, call, std::move(*row), std::move(watcher), asked + *wait);
    const auto changed = co_await std::move(waiting);
    if (!changed) co_return changed.error();
    co_return status_reply(services, call, *changed, wait);
}

}  // namespace

std::optional<std::string> problem_of(const job::Job& job) {
    const bool shown = job.state == job::State::failed || job.state == job::State::moderated;
    return shown && job.problem ? std::optional(job.problem->message) : std::nullopt;
}

std::vector<Route> status_routes(const Services& services) {
    return {
        {"GET", "/getJobStatus", Access::user, bound(services, get_job_status)},
        {"GET", "/api/getJobStatus", Access::user, bound(services, get_job_status)},
    };
}

}  // namespace longhand::http
