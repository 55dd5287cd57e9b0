// starJob, renameJob, deleteJob, undeleteJob: what an owner does with a job beside running it.
#include "http/handlers.h"
#include "http/json_body.h"
#include "http/json_out.h"

namespace longhand::http {
namespace {

constexpr TextBounds kJobTitle{1, 200};

std::string starred_json(const job::Job& job) {
    JsonObject out;
    out.add("message", job.is_starred ? "Job starred" : "Job no longer starred").add("jobId", job.id);
    out.add("is_starred", job.is_starred);
    return std::move(out).str();
}

awaitable<ApiResult<Reply>> star_job(const Services& services, Call& call) {
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    BodyReader reader(*body);
    const Uuid id = reader.id("jobId");
    job::Amendment amendment;
    amendment.starred = reader.flag("starred").value_or(true);
    if (reader.problem()) co_return *reader.problem();
    auto once = call.once<job::Job>([](const auto& job) { return std::optional(starred_json(*job)); });
    auto job = co_await services.deps.jobs.amend(call.owner(), id, std::move(amendment), std::move(once));
    if (!job) co_return from_store(job.error(), "job");
    co_return json_reply(starred_json(*job));
}

std::string renamed_json(const job::Job& job) {
    JsonObject out;
    out.add("message", "Job renamed").add("jobId", job.id).add("title", job.title);
    return std::move(out).str();
}

awaitable<ApiResult<Reply>> rename_job(const Services& services, Call& call) {
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    BodyReader reader(*body);
    const Uuid id = reader.id("jobId");
    job::Amendment amendment;
    amendment.title = reader.required_line("title", kJobTitle);
    if (reader.problem()) co_return *reader.problem();
    auto once = call.once<job::Job>([](const auto& job) { return std::optional(renamed_json(*job)); });
    auto job = co_await services.deps.jobs.amend(call.owner(), id, std::move(amendment), std::move(once));
    if (!job) co_return from_store(job.error(), "job");
    co_return json_reply(renamed_json(*job));
}

std::string deleted_json(Uuid job, WallTime until) {
    JsonObject out;
    out.add("message", "Job deleted successfully").add("jobId", job).add("undo_until", until);
    return std::move(out).str();
}

awaitable<ApiResult<Reply>> delete_job(const Services& services, Call& call) {
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    BodyReader reader(*body);
    const Uuid id = reader.id("jobId");
    if (reader.problem()) co_return *reader.problem();
    const Milliseconds undo = services.options.undo_deletion;
    auto once = call.once<WallTime>([id, undo](const auto& at) { return std::optional(deleted_json(id, *at + undo)); });
    const auto at = co_await services.deps.jobs.delete_job(call.owner(), id, std::move(once));
    if (!at) co_return from_store(at.error(), "job");
    co_return json_reply(deleted_json(id, *at + undo));
}

std::string restored_json(const job::Job& job) {
    JsonObject out;
    out.add("message", "Job restored").add("jobId", job.id).add("status", job::to_string(job.state));
    return std::move(out).str();
}

awaitable<ApiResult<Reply>> undelete_job(const Services& services, Call& call) {
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    BodyReader reader(*body);
    const Uuid id = reader.id("jobId");
    if (reader.problem()) co_return *reader.problem();
    const WallTime since = services.deps.runtime.wall_now() - services.options.undo_deletion;
    auto once = call.once<job::Job>([](const auto& job) { return std::optional(restored_json(*job)); });
    auto job = co_await services.deps.jobs.undelete_job(call.owner(), id, since, std::move(once));
    if (!job) co_return from_store(job.error(), "job");
    co_return json_reply(restored_json(*job));
}

}  // namespace

std::vector<Route> own_job_routes(const Services& services) {
    return {
        {"POST", "/api/starJob", Access::user, bound(services, star_job)},
        {"POST", "/api/renameJob", Access::user, bound(services, rename_job)},
        {"POST", "/api/deleteJob", Access::user, bound(services, delete_job)},
        {"POST", "/api/undeleteJob", Access::user, bound(services, undelete_job)},
    };
}

}  // namespace longhand::http
