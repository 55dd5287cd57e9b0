// cancelJob, retryJob, and the lists of one's jobs.
#include <fmt/format.h>

#include <charconv>

#include "http/handlers.h"
#include "http/json_body.h"
#include "http/json_out.h"
#include "http/text.h"

namespace longhand::http {
namespace {

constexpr std::size_t kMaxListed = 1000;
constexpr std::size_t kMaxIds = 200;  // so many fit into a target of 8 KiB

ApiError not_cancellable(const store::StoreFailure& failure) {
    return ApiError{
        ApiErrc::wrong_state,
        fmt::format("The job is {0}; only a job that is draft, submitted, queued or in_progress can be cancelled.",
                    failure.message)}
        .with("status", failure.message);
}

awaitable<ApiResult<Reply>> cancel_job(const Services& services, Call& call) {
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    BodyReader reader(*body);
    const Uuid id = reader.id("jobId");
    if (reader.problem()) co_return *reader.problem();
    // Resumes after the commit, and after this node's stop signal was raised by the commit's observer.
    const std::string answer = R"({"message":"Job cancelled successfully"})";
    auto once = call.once_saying<job::Job>(answer);
    auto job = co_await services.deps.jobs.cancel(call.owner(), id, std::move(once));
    if (job) co_return json_reply(answer);
    co_return job.error().code == store::StoreErrc::wrong_state ? not_cancellable(job.error())
                                                                : from_store(job.error(), "job");
}

ApiError not_retryable(const store::StoreFailure& failure) {
    return ApiError{ApiErrc::wrong_state,
                    fmt::format("The job is {}; only a job that is failed, cancelled or moderated can be tried again.",
                                failure.message)}
        .with("status", failure.message);
}

awaitable<ApiResult<Reply>> retry_job(const Services& services, Call& call) {
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    BodyReader reader(*body);
    const Uuid id = reader.id("jobId");
    if (reader.problem()) co_return *reader.problem();
    const std::string answer = queued_again_json(id);
    auto once = call.once<store::Enqueued>(
        [answer](const auto& done) { return done->busy ? std::nullopt : std::optional(answer); });
    auto retried = co_await services.deps.jobs.retry(call.owner(), id, std::move(once));
    if (!retried && retried.error().code == store::StoreErrc::wrong_state) co_return not_retryable(retried.error());
    if (!retried) co_return from_store(retried.error(), "job");
    if (retried->busy) co_return busy_project(*retried->busy);
    co_return json_reply(answer);
}

/// A job among others: `percent_complete` is a fraction here, for this list's callers multiply it by 100.
std::string listed_json(const job::Job& job, const store::JobsPage& page) {
    JsonObject out;
    out.add("id", job.id).add("project_id", job.project).add("title", job.title);
    out.add("status", job::to_string(job.state)).add("progress_stage", job::to_string(job.stage));
    out.raw("percent_complete", json_number(job.progress / 100.0, 4));
    out.add("error_message", problem_of(job)).add("is_starred", job.is_starred);
    out.add("created_at", job.created_at).add("updated_at", job.updated_at);
    const auto place = page.places.find(job.id);
    out.add("queue_position", place == page.places.end() ? std::nullopt : std::optional(place->second));
    return std::move(out).str();
}

ApiError bad_list_parameter(std::string_view name, std::string_view right) {
    return ApiError{ApiErrc::invalid_parameter, fmt::format("The parameter '{}' should be {}.", name, right)}.with(
        "parameter", name);
}

/// Empty where there is none, or one is no state.
std::vector<job::State> read_states(std::string_view list) {
    std::vector<job::State> states;
    for (const std::string_view word : comma_separated(list)) {
        const auto state = job::parse_state(word);
        if (!state) return {};
        states.push_back(*state);
    }
    return states;
}

/// Empty where there is none, one is no id, or they are too many.
std::vector<Uuid> read_ids(std::string_view list) {
    std::vector<Uuid> ids;
    for (const std::string_view word : comma_separated(list)) {
        const auto id = Uuid::parse(word);
        if (!id || ids.size() == kMaxIds) return {};
        ids.push_back(*id);
    }
    return ids;
}

std::optional<ApiError> read_list_parameter(store::JobsQuery& query, std::string_view name, const std::string& value) {
    if (name == "status") {
        query.states = read_states(value);
        if (query.states.empty()) {
            return bad_list_parameter(name,
                                      "of draft, submitted, queued, in_progress, completed, failed, cancelled and "
                                      "moderated, with commas between them");
        }
    } else if (name == "ids") {
        query.ids = read_ids(value);
        if (query.ids.empty()) return bad_list_parameter(name, "1 to 200 UUIDs with commas between them");
    } else if (name == "projectId") {
        query.project = Uuid::parse(value);
        if (!query.project) return bad_list_parameter(name, "a UUID");
    } else if (name == "cursor") {
        query.before = Uuid::parse(value);
        if (!query.before) return bad_list_parameter(name, "the next_cursor of the page before");
    } else {
        const auto end = value.data() + value.size();
        const auto parsed = std::from_chars(value.data(), end, query.limit);
        const bool whole = parsed.ec == std::errc() && parsed.ptr == end;
        if (!whole || query.limit < 1 || query.limit > kMaxListed)
            return bad_list_parameter(name, "a whole number from 1 to 1000");
    }
    return std::nullopt;
}

ApiResult<store::JobsQuery> list_query(const Call& call) {
    store::JobsQuery query;
    query.owner = call.owner();
    for (const std::string_view name : {"status", "ids", "projectId", "cursor", "limit"}) {
        auto value = one_parameter(call, name);
        if (!value) return value.error();
        if (!*value) continue;
        if (auto problem = read_list_parameter(query, name, **value)) return std::move(*problem);
    }
    return query;
}

awaitable<ApiResult<Reply>> list_jobs(const Services& services, Call& call) {
    auto query = list_query(call);
    if (!query) co_return query.error();
    auto page = co_await services.deps.jobs.jobs_of_owner(std::move(*query));
    if (!page) co_return from_store(page.error(), "job");
    JsonArray jobs;
    for (const job::Job& job : page->jobs) jobs.raw(listed_json(job, *page));
    JsonObject out;
    out.raw("jobs", std::move(jobs).str()).add("total", page->total).add("next_cursor", page->next);
    co_return json_reply(std::move(out).str());
}

/// The five states that callers of fetchDocuments know.
std::string_view document_status(job::State state) {
    switch (state) {
        case job::State::submitted:
        case job::State::queued:
            return job::to_string(job::State::in_progress);
        case job::State::cancelled:
            return job::to_string(job::State::failed);
        case job::State::draft:
        case job::State::in_progress:
        case job::State::completed:
        case job::State::failed:
        case job::State::moderated:
            break;
    }
    return job::to_string(state);
}

std::string document_json(const job::Job& job) {
    JsonObject out;
    out.add("id", job.id).add("jobId", job.id).add("projectId", job.project).add("title", job.title);
    out.add("status", document_status(job.state)).raw("progress", json_number(job.progress, 2));
    out.add("is_starred", job.is_starred).add("created_at", job.created_at).add("updated_at", job.updated_at);
    return std::move(out).str();
}

awaitable<ApiResult<Reply>> fetch_documents(const Services& services, Call& call) {
    store::JobsQuery query;
    query.owner = call.owner();
    query.limit = kMaxListed;
    const auto cursor = one_parameter(call, "cursor");
    if (!cursor) co_return cursor.error();
    if (*cursor) {
        query.before = Uuid::parse(**cursor);
        if (!query.before) co_return bad_list_parameter("cursor", "that of the Link of the answer before");
    }
    auto page = co_await services.deps.jobs.jobs_of_owner(std::move(query));
    if (!page) co_return from_store(page.error(), "job");
    JsonArray documents;
    for (const job::Job& job : page->jobs) documents.raw(document_json(job));
    net::HttpResponse reply = json_reply(std::move(documents).str());
    // Callers take the array for all there is: that there is more can be told beside it alone.
    if (page->next) {
        reply.headers.emplace_back(
            "Link", fmt::format(R"(</api/fetchDocuments?cursor={}>; rel="next")", page->next->to_string()));
    }
    co_return reply;
}

}  // namespace

std::vector<Route> job_routes(const Services& services) {
    return {
        {"POST", "/cancelJob", Access::user, bound(services, cancel_job)},
        {"POST", "/api/cancelJob", Access::user, bound(services, cancel_job)},
        {"POST", "/api/retryJob", Access::user, bound(services, retry_job)},
        {"GET", "/api/jobs", Access::user, bound(services, list_jobs)},
        {"GET", "/api/fetchDocuments", Access::user, bound(services, fetch_documents)},
    };
}

}  // namespace longhand::http
